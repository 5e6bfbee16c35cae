/** Review of a removal: images that nobody owns, by path and bytes, and the name that has to be typed. */
import { useMemo, useState } from 'react';
import { imagesOf } from '../../../core/cluster/images.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { removeImageCode } from '../../../core/plan/trash/remove-image.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { count, shortBytes } from '../../parts/format.ts';
import { isTyped, TypedName } from '../../parts/typed-name.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';

export const RemoveImageView = ({ node, path }: { node: string; path: string }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const [typed, setTyped] = useState('');
  const intent = useMemo((): Intent => ({ kind: 'remove-image', node, path }), [node, path]);
  const review = useReview(intent, { wait: 200, fresh: true });
  const rows = imagesOf(snapshot).filter(
    (row) => row.storage.nodes.includes(node) && (row.path === path || row.folder === path),
  );
  const name = path.slice(path.lastIndexOf('/') + 1);
  const code = removeImageCode(path);
  return (
    <PlanReview
      title={`Move ${name} to the trash`}
      crumb={{ text: 'Images', href: formatRoute({ view: 'images' }) }}
      review={review}
      action={`Move ${name} to the trash`}
      danger
      locked={isTyped(typed, name) ? null : 'Its name is not typed yet.'}
      onCancel={() => go({ view: 'images' })}
      hide={(reason) => reason.code === code}
      choices={
        <>
          <table className="vb-table" aria-label="Files that are concerned">
            <thead>
              <tr>
                <th scope="col">File</th>
                <th scope="col" className="vb-right">
                  Size
                </th>
                <th scope="col" className="vb-right">
                  On disk
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.key}>
                  <td className="vb-wrap vb-break">
                    <code>{row.path}</code>
                  </td>
                  <td className="vb-right">{shortBytes(row.size)}</td>
                  <td className="vb-right">{shortBytes(row.allocated)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <td>
                  {count(rows.length, 'file')} on {node}
                </td>
                <td className="vb-right">{shortBytes(rows.reduce((sum, row) => sum + row.size, 0))}</td>
                <td className="vb-right">{shortBytes(rows.reduce((sum, row) => sum + row.allocated, 0))}</td>
              </tr>
            </tfoot>
          </table>
          <TypedName
            name={name}
            why="no record says whose it is."
            value={typed}
            onChange={(value) => {
              setTyped(value);
              review.accept(code, isTyped(value, name));
            }}
          />
        </>
      }
      notice={
        <>
          <strong>It can be restored from the trash</strong> until somebody purges it there. Nothing deletes
          itself.
        </>
      }
    />
  );
};
