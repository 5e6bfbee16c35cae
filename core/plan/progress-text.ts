/** How far a copy is, in words for the window and the command line. */
import { formatBytes } from '../storage/sizes.ts';
import type { Progress } from './run.ts';

const phaseWords: Record<Progress['phase'], string> = {
  reading: 'read',
  sending: 'sent',
  comparing: 'compared',
};

const timeText = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${Math.max(1, seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** "12 MiB of 50 MiB sent, about 3 s left, straight from node1 to node2". */
export const progressText = ({ phase, done, total, msLeft, way }: Progress): string =>
  [
    `${formatBytes(Math.round(done))} of ${formatBytes(Math.round(total))} ${phaseWords[phase]}`,
    ...(msLeft === null || done >= total ? [] : [`about ${timeText(msLeft)} left`]),
    ...(way === '' || phase !== 'sending' ? [] : [way]),
  ].join(', ');
