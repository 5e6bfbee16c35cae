/** The images that lie in the instance's folder already, instead of new disks. */
import type { NodeFacts } from '../../../core/cluster/snapshot.ts';
import type { Reason } from '../../../core/plan/reason.ts';
import { fieldId } from '../../parts/field.tsx';
import { FoundImages } from '../../parts/found-images.tsx';

export const ReuseField = ({
  facts,
  node,
  path,
  reasons,
}: {
  facts: NodeFacts | null;
  node: string;
  /** where they are looked for; null while the instance has no name */
  path: string | null;
  /** what the planner says of them */
  reasons: readonly Reason[];
}) => {
  const folder = facts?.folders.find((each) => each.path === path) ?? null;
  const files = (folder?.files ?? [])
    .flatMap((file) => (folder ? [{ folder, file }] : []))
    .sort((a, b) => a.file.name.localeCompare(b.file.name, 'en'));
  return (
    <div className="vb-field">
      <span className="vb-field-label">Images there</span>
      <div className="vb-field-body" id={fieldId('reuse')}>
        {path === null ? (
          <p className="vb-subtle">They are looked for once the instance has a name.</p>
        ) : (
          <>
            <p className="vb-field-help">
              What lies in <code className="vb-break">{path}</code>
              {node === '' ? '' : ` on ${node}`}
              {folder === null && ': there is no such folder'}.
            </p>
            <FoundImages label="Images that are there" files={files} reasons={reasons} />
          </>
        )}
      </div>
    </div>
  );
};
