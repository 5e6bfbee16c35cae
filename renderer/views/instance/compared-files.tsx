/** The images of the instance on the other nodes: shared, same, differs, missing; when that was proved last; and the way to prove it again. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { useApp, useSnapshot } from '../../desk/desk-context.tsx';
import { useRun } from '../../desk/use-run.ts';
import { type CellState, type Comparison, comparisonOf, lastComparison } from '../../model/comparison.ts';
import type { InstanceAction } from '../../model/instance-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { ActionButton } from '../../parts/action-button.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ago, timeOfDay } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { Section } from '../../parts/page.tsx';
import { Mark, VerdictSign, type VerdictSignName } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';

type Words = { word: string; text: string; verdict: VerdictSignName };

/** In the order in which they stand; what is not among them is said below the table. */
const words: Partial<Record<CellState, Words>> = {
  reference: { word: 'here', text: 'the others are held against this file', verdict: 'ready' },
  shared: { word: 'shared', text: 'the very same file', verdict: 'ready' },
  same: { word: 'same', text: 'another file, equal by its content', verdict: 'ready' },
  differs: { word: 'differs', text: 'another file, with other content', verdict: 'not' },
  missing: { word: 'missing', text: 'the folder is there, the file is not', verdict: 'not' },
  copy: { word: 'a copy', text: 'whether it is equal was not proved', verdict: 'unknown' },
};

const nodesWith = (cells: Comparison['rows'][number]['cells'], state: CellState): string[] =>
  cells.flatMap((each) => (each.state === state ? [each.node] : []));

const Rows = ({ comparison }: { comparison: Comparison }) =>
  comparison.rows.flatMap(({ name, cells }) =>
    Object.entries(words)
      .map(([state, said]) => ({ said, nodes: nodesWith(cells, state as CellState) }))
      .filter(({ nodes }) => nodes.length > 0)
      .map(({ said, nodes }, index) => (
        <tr key={`${name} ${said.word}`}>
          <th scope="row">
            <code className={index === 0 ? '' : 'vb-hidden'}>{name}</code>
          </th>
          <td className="vb-wrap vb-break">
            <Names names={nodes} />
          </td>
          <td>
            <VerdictSign verdict={said.verdict} /> <strong>{said.word}</strong>
          </td>
          <td className="vb-wrap vb-break">
            {said.text}
            {index === 0 && comparison.writtenSince.includes(name) && (
              <div className="vb-row">
                <Mark mark="drift" /> written to, or new, since it was compared
              </div>
            )}
          </td>
        </tr>
      )),
  );

/** Nodes of which every image says the same. */
const everywhere = ({ rows, nodes }: Comparison, state: CellState): string[] =>
  nodes.filter(
    (node) =>
      rows.length > 0 &&
      rows.every(({ cells }) => cells.some((each) => each.node === node && each.state === state)),
  );

export const ComparedFiles = ({
  instance,
  handle,
  busy,
}: {
  instance: InstanceView;
  handle: string;
  /** why nothing can be planned for it now; null when it can */
  busy: string | null;
}) => {
  const app = useApp();
  const snapshot = useSnapshot();
  const now = useNow(5000);
  const last = lastComparison(app.runs, snapshot.cluster.name, instance);
  const { run, failure } = useRun(last?.id ?? null);
  if (instance.disks.length === 0) return null;
  const comparison = comparisonOf(snapshot, instance, run);
  const { provedAt } = comparison;
  const nothing = everywhere(comparison, 'none');
  const unknown = everywhere(comparison, 'unknown');
  const action: Omit<InstanceAction, 'id'> = {
    label: provedAt === null ? 'Compare…' : 'Prove again…',
    route: { view: 'review', kind: 'compare', subject: handle },
    key: null,
    danger: false,
    impossible:
      busy ??
      (instance.status === 'running'
        ? "It runs, and images that are written to can't be compared at one moment: stop it first."
        : null),
  };
  return (
    <Section
      title="Images on the nodes"
      note={
        provedAt === null || !run ? (
          'by what the nodes show; no content was compared from this workstation'
        ) : (
          <>
            <RouteLink to={{ view: 'run', run: run.id }}>proved {ago(provedAt, now)}</RouteLink> (
            {timeOfDay(provedAt, now)})
          </>
        )
      }
    >
      <FailureNote failure={failure} what="The last comparison can't be read." />
      <table className="vb-table" aria-label="Images on the nodes">
        <thead>
          <tr>
            <th scope="col">Image</th>
            <th scope="col">Nodes</th>
            <th scope="col">Is</th>
            <th scope="col">That means</th>
          </tr>
        </thead>
        <tbody>
          <Rows comparison={comparison} />
        </tbody>
      </table>
      {nothing.length > 0 && (
        <p className="vb-subtle">
          Nothing of it lies on <Names names={nothing} />.
        </p>
      )}
      {unknown.length > 0 && (
        <p className="vb-row">
          <VerdictSign verdict="unknown" />
          <span>
            Not known of <Names names={unknown} />, which {unknown.length === 1 ? 'does' : 'do'} not answer.
          </span>
        </p>
      )}
      <div>
        <ActionButton action={action} />
      </div>
    </Section>
  );
};
