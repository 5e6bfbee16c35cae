/** What travels when an instance's images are copied to a node, and what lies there already. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { replicaAgeText } from '../../../core/cluster/replicas.ts';
import { bytesOf, shortBytes } from '../../parts/format.ts';
import { Section } from '../../parts/page.tsx';
import { Mark, VerdictSign } from '../../parts/signs.tsx';

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** One sentence on what the target holds. */
export const replicaWords = (instance: InstanceView, target: string): { ready: boolean; text: string } => {
  const replica = instance.replicas.find((each) => each.node === target);
  if (!replica) return { ready: false, text: `${target} holds no replica: every image is copied whole.` };
  if (replica.problem !== null)
    return { ready: false, text: `The replica on ${target} is not whole: ${replica.problem}` };
  return {
    ready: true,
    text: `${target} holds a replica that is ${replicaAgeText(replica.age)}${replica.current ? '; nothing was started since' : ''}.`,
  };
};

export const WhatIsCopied = ({
  instance,
  target,
  silent = false,
}: {
  instance: InstanceView;
  target: string;
  /** the source can't be asked: nothing is copied, the replica is gone on from */
  silent?: boolean;
}) => {
  if (target === '' || instance.disks.length === 0) return null;
  const { ready, text } = replicaWords(instance, target);
  return (
    <Section title={silent ? 'What is gone on from' : 'What is copied'}>
      <div className={`vb-note ${silent ? 'vb-note-warning' : 'vb-note-plain'}`}>
        {ready ? <VerdictSign verdict={silent ? 'consent' : 'ready'} /> : <Mark mark="drift" />}
        <span className="vb-break">
          {text}{' '}
          {silent
            ? 'Nothing can be copied now: what was written since is missing there.'
            : ready
              ? 'Only what differs from it is sent.'
              : ''}
        </span>
      </div>
      {!silent && (
        <table className="vb-table" aria-label="What is copied">
          <thead>
            <tr>
              <th scope="col">Image</th>
              <th scope="col">Type</th>
              <th scope="col" className="vb-right">
                On disk, of virtual size
              </th>
            </tr>
          </thead>
          <tbody>
            {instance.disks.map((disk) => {
              const figures = bytesOf(disk.allocated ?? 0, disk.size);
              return (
                <tr key={disk.path}>
                  <td>
                    <code>{baseName(disk.path)}</code>
                  </td>
                  <td>{disk.type}</td>
                  <td className="vb-right">
                    {disk.allocated === null
                      ? `not known, of ${shortBytes(disk.size)}`
                      : `${figures.part} of ${figures.whole}`}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      <p className="vb-subtle">
        {silent
          ? 'The images are compared with what was copied; the record says from which state it went on.'
          : 'Holes stay holes. Each image is compared by its content on both sides before it gets its name.'}
      </p>
    </Section>
  );
};
