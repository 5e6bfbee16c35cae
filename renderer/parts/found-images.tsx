/** Files that are there and shall become disks: what each is, and what stands against it. */
import { virtualSizeOf } from '../../core/cluster/backing.ts';
import type { FolderFacts, ImageFacts } from '../../core/cluster/snapshot.ts';
import type { Reason } from '../../core/plan/reason.ts';
import { shortBytes } from './format.ts';
import { VerdictSign } from './signs.tsx';

export type FoundFile = { folder: FolderFacts; file: ImageFacts };

/** Sentences in which the planner speaks of this very file. */
const speaksOf =
  (path: string) =>
  (reason: Reason): boolean =>
    reason.text.split(/[\s"'(),]+/).some((word) => word.replace(/[.:;]+$/, '') === path);

const Sentence = ({ reason }: { reason: Reason }) => (
  <div className="vb-field-error">
    <VerdictSign verdict={reason.severity === 'blocks' ? 'not' : 'warning'} />
    <span className="vb-break">{reason.text}</span>
  </div>
);

export const FoundImages = ({
  label,
  files,
  reasons,
}: {
  label: string;
  files: readonly FoundFile[];
  /** what the planner says of them, in any severity */
  reasons: readonly Reason[];
}) => {
  const against = reasons.filter((each) => each.severity === 'blocks' || each.severity === 'warning');
  const paths = files.map(({ folder, file }) => `${folder.path}/${file.name}`);
  const elsewhere = against.filter((reason) => !paths.some((path) => speaksOf(path)(reason)));
  return (
    <>
      {files.length > 0 && (
        <table className="vb-table" aria-label={label}>
          <thead>
            <tr>
              <th scope="col">Disk</th>
              <th scope="col">File</th>
              <th scope="col">Type</th>
              <th scope="col" className="vb-right">
                Size
              </th>
              <th scope="col" className="vb-right">
                On disk
              </th>
            </tr>
          </thead>
          <tbody>
            {files.map(({ folder, file }, index) => {
              const path = paths[index] ?? '';
              const about = speaksOf(path);
              const taken = reasons.find((each) => each.code === 'found' && about(each));
              const size = virtualSizeOf(file);
              const mine = against.filter(about);
              return (
                <tr key={`${folder.path} ${file.name}`}>
                  <td>{taken ? taken.title.replace(/^Disk /, '') : '–'}</td>
                  <td>
                    <code className="vb-break">{file.name}</code>
                    {mine.map((each) => (
                      <Sentence key={`${each.code} ${each.text}`} reason={each} />
                    ))}
                  </td>
                  <td>{file.kind === 'file' ? (file.type ?? 'unknown') : file.kind}</td>
                  <td className="vb-right">{size === null ? 'unknown' : shortBytes(size)}</td>
                  <td className="vb-right">{shortBytes(file.allocated)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {elsewhere.map((each) => (
        <Sentence key={`${each.code} ${each.text}`} reason={each} />
      ))}
    </>
  );
};
