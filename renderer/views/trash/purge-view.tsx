/** Review of a purge: what is deleted by path and bytes, and the name that has to be typed. */
import { useMemo, useState } from 'react';
import { type InTrash, trashOf } from '../../../core/cluster/trash.ts';
import { purgeCode } from '../../../core/plan/trash/purge-trash.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { count, shortBytes } from '../../parts/format.ts';
import { isTyped, TypedName } from '../../parts/typed-name.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';
import { fileRows, keyOf, purgeIntentOf } from './trash-rows.ts';

/** Typed for several at once. */
const word = 'purge';

const Files = ({ chosen }: { chosen: readonly InTrash[] }) => {
  const rows = fileRows(chosen);
  const goes = rows.filter((row) => !row.kept);
  return (
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
          <th scope="col">What becomes of it</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ path, file, kept }) => (
          <tr key={path}>
            <td className="vb-wrap vb-break">
              <code>{path}</code>
            </td>
            <td className="vb-right">{shortBytes(file.size)}</td>
            <td className="vb-right">{shortBytes(file.allocated)}</td>
            <td>{kept ? 'kept: no record names it' : 'deleted'}</td>
          </tr>
        ))}
        {chosen.map((each) => (
          <tr key={each.path}>
            <td className="vb-wrap vb-break">
              <code>{each.path}/</code> {each.images ? 'note' : 'record, xen.cfg'} and lock
            </td>
            <td />
            <td />
            <td>
              {rows.some((row) => row.kept && row.path.startsWith(`${each.path}/`))
                ? 'deleted; the folder stays'
                : 'deleted, then the folder'}
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td>{count(goes.length, 'image')} deleted</td>
          <td className="vb-right">{shortBytes(goes.reduce((sum, row) => sum + row.file.size, 0))}</td>
          <td className="vb-right">{shortBytes(goes.reduce((sum, row) => sum + row.file.allocated, 0))}</td>
          <td />
        </tr>
      </tfoot>
    </table>
  );
};

export const PurgeView = ({ folders }: { folders: readonly string[] }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const [typed, setTyped] = useState('');
  const chosen = trashOf(snapshot).filter((each) => folders.includes(keyOf(each)));
  const intent = useMemo(() => purgeIntentOf(folders), [folders]);
  const subject = folders.join(' ');
  const review = useReview(intent, { wait: 200, fresh: true, subject });
  const [first] = chosen;
  const name = chosen.length === 1 ? (first?.called ?? '') : word;
  const code = purgeCode(chosen);
  const what = chosen.length === 1 ? name : count(chosen.length, 'folder');
  return (
    <PlanReview
      title={`Purge ${what} from the trash`}
      crumb={{ text: 'Trash', href: formatRoute({ view: 'trash' }) }}
      review={review}
      subject={subject}
      action={`Delete ${what} for good`}
      danger
      locked={
        isTyped(typed, name) ? null : `${chosen.length === 1 ? 'Its name' : 'The word'} is not typed yet.`
      }
      onCancel={() => go({ view: 'trash' })}
      hide={(reason) => reason.code === code}
      choices={
        chosen.length === 0 ? (
          <p>No node shows it in the trash any more.</p>
        ) : (
          <>
            <Files chosen={chosen} />
            <TypedName
              label={chosen.length === 1 ? 'Type its name' : 'Type the word'}
              name={name}
              why="nothing brings these files back."
              value={typed}
              onChange={(value) => {
                setTyped(value);
                review.accept(code, isTyped(value, name));
              }}
            />
          </>
        )
      }
      notice={
        <>
          <strong>Until the first file is deleted</strong> a step that fails only gives the locks back. From
          there on the run goes forward. That it was removed stays noted on the nodes.
        </>
      }
    />
  );
};
