/** What travels when an instance's images are copied to a node, and what lies there already. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { type CopiedFrom, replicaWords } from '../../model/copy-words.ts';
import { bytesOf, shortBytes } from '../../parts/format.ts';
import { Section } from '../../parts/page.tsx';
import { Mark, VerdictSign } from '../../parts/signs.tsx';

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const WhatIsCopied = ({
  instance,
  target,
  from,
  directory = instance.storage,
}: {
  instance: InstanceView;
  target: string;
  from: CopiedFrom;
  /** where its folder shall lie */
  directory?: string;
}) => {
  if (target === '' || instance.disks.length === 0) return null;
  const silent = from === 'replica';
  const { ready, text } = replicaWords(instance, target, from, `${directory}/${baseName(instance.folder)}`);
  return (
    <Section title={silent ? 'What is gone on from' : 'What is copied'}>
      <div className={`vb-note ${silent ? 'vb-note-warning' : 'vb-note-plain'}`}>
        {ready ? <VerdictSign verdict={silent ? 'consent' : 'ready'} /> : <Mark mark="drift" />}
        <span className="vb-break">
          {text}{' '}
          {silent
            ? 'Nothing can be copied now: what was written since is missing there.'
            : ready && from === 'source'
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
