/** The images as both nodes show them: the same file on shared storage has the same inode. Proved only by the run itself. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { shortBytes } from '../../parts/format.ts';
import { Section } from '../../parts/page.tsx';
import { VerdictSign, type VerdictSignName } from '../../parts/signs.tsx';

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

type Line = {
  name: string;
  type: string;
  size: number;
  here: string;
  there: string;
  verdict: VerdictSignName;
  words: string;
};

export const sameFileLines = (snapshot: Snapshot, instance: InstanceView, target: string): Line[] => {
  const source = instance.folders.find((each) => each.node === instance.primary && each.current);
  const sight = instance.folders.find((each) => each.node === target && each.current);
  const targetFacts = snapshot.nodes.find((node) => node.name === target)?.facts ?? null;
  const inode = (value: number | undefined) => (value === undefined ? 'missing' : `inode ${value}`);
  return instance.disks.map((disk) => {
    const name = baseName(disk.path);
    const here = source?.folder.files.find((file) => file.name === name)?.inode;
    const there = sight?.folder.files.find((file) => file.name === name)?.inode;
    const shared = source && sight && source.storageId !== null && source.storageId === sight.storageId;
    const [verdict, words]: [VerdictSignName, string] =
      targetFacts === null
        ? ['unknown', 'not seen']
        : there === undefined
          ? ['not', 'missing there']
          : shared && (here === undefined || here === there)
            ? ['ready', 'same file']
            : ['consent', 'another file'];
    return {
      name,
      type: disk.type,
      size: disk.size,
      here: source ? inode(here) : 'not seen',
      there: targetFacts ? inode(there) : 'not seen',
      verdict,
      words,
    };
  });
};

export const SameFiles = ({
  instance,
  target,
  snapshot,
}: {
  instance: InstanceView;
  target: string;
  snapshot: Snapshot;
}) => {
  const silent = snapshot.nodes.some((node) => node.name === instance.primary && node.trouble !== null);
  if (target === '' || instance.disks.length === 0) return null;
  return (
    <Section title="Its files on both nodes">
      <table className="vb-table" aria-label="Its files on both nodes">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">Type</th>
            <th scope="col" className="vb-right">
              Size, as recorded
            </th>
            <th scope="col">On {instance.primary ?? 'the primary'}</th>
            <th scope="col">On {target}</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {sameFileLines(snapshot, instance, target).map((line) => (
            <tr key={line.name}>
              <td>
                <code>{line.name}</code>
              </td>
              <td>{line.type}</td>
              <td className="vb-right">{shortBytes(line.size)}</td>
              <td>
                <code>{line.here}</code>
              </td>
              <td>
                <code>{line.there}</code>
              </td>
              <td>
                <VerdictSign verdict={line.verdict} /> {line.words}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="vb-subtle">
        {silent
          ? `${instance.primary ?? 'The primary'} is shown as it was when it last answered.`
          : 'As the nodes listed them; the run proves it anew by writing a file through each node.'}
      </p>
    </Section>
  );
};
