/** Instances of a Ganeti cluster: its config.data is read here, and those on files are adopted where they are. */
import { Button, Checkbox, FormSelect, FormSelectOption, TextArea } from '@patternfly/react-core';
import { type ChangeEvent, useId, useMemo, useState } from 'react';
import { GANETI_GOES_ON } from '../../../core/ganeti/import.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { count, memory, shortBytes } from '../../parts/format.ts';
import { Section, ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { VerdictSign } from '../../parts/signs.tsx';
import '../create/create.css';
import { ImportReview } from './import-review.tsx';
import {
  type Imported,
  type ImportItem,
  type ImportRow,
  importRows,
  itemsOf,
  readImported,
} from './import-rows.ts';
import { type LeftQueue, leftQueueOf } from './use-import-plans.ts';

/** What was read, by cluster: a look at a run in between does not lose it. */
const remembered = new Map<string, Imported>();
/** More is no config.data. */
const mostBytes = 256 * 1024 ** 2;
const noErrors: ReadonlyMap<string, string> = new Map();

const Disks = ({ entry }: ImportRow) =>
  entry.instance.disks.map(({ driver, sizeMib, mode, path }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a disk is known by its number
    <div key={index}>
      {driver !== null && <span className="vb-tag">{driver}</span>}{' '}
      {sizeMib === null ? 'size not said' : shortBytes(sizeMib * 1024 ** 2)}
      {mode === 'ro' && ', read-only'}{' '}
      {path !== null && <code className="vb-break">{path.slice(path.lastIndexOf('/') + 1)}</code>}
    </div>
  ));

const WhatHappens = ({ entry, node, why }: ImportRow) => (
  <>
    <span className="vb-row">
      <VerdictSign verdict={why.length === 0 ? 'ready' : entry.verdict === 'comes' ? 'warning' : 'not'} />
      <span>
        {why.length === 0 ? (
          <>
            can be adopted on {node} in <code className="vb-break">{entry.folder}</code>
          </>
        ) : (
          why.join(' ')
        )}
      </span>
    </span>
    {entry.notes.length > 0 && (
      <details>
        <summary>{count(entry.notes.length, 'thing')} to know</summary>
        <ul>
          {entry.notes.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      </details>
    )}
  </>
);

const Rows = ({
  rows,
  chosen,
  onChoose,
}: {
  rows: readonly ImportRow[];
  chosen: ReadonlySet<string>;
  onChoose: (names: readonly string[], on: boolean) => void;
}) => {
  const possible = rows.filter((row) => row.why.length === 0).map((row) => row.name);
  const all = possible.length > 0 && possible.every((each) => chosen.has(each));
  return (
    <table className="vb-table" aria-label="Instances of Ganeti">
      <thead>
        <tr>
          <th scope="col">
            <Checkbox
              id="import-all"
              aria-label="All that can be adopted"
              isChecked={all}
              isDisabled={possible.length === 0}
              onChange={(_, on) => onChoose(possible, on)}
            />
          </th>
          <th scope="col">Instance</th>
          <th scope="col">Template</th>
          <th scope="col">Node</th>
          <th scope="col" className="vb-right">
            Memory
          </th>
          <th scope="col">Disks</th>
          <th scope="col">What would happen</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <td>
              <Checkbox
                id={`import-${row.name}`}
                aria-label={row.name}
                isChecked={chosen.has(row.name) && row.why.length === 0}
                isDisabled={row.why.length > 0}
                onChange={(_, on) => onChoose([row.name], on)}
              />
            </td>
            <th scope="row">{row.name}</th>
            <td>{row.entry.instance.template}</td>
            <td>{row.entry.instance.node ?? 'none'}</td>
            <td className="vb-right">
              {row.entry.guest.memoryMib === undefined ? '' : memory(row.entry.guest.memoryMib)}
            </td>
            <td className="vb-wrap">
              <Disks {...row} />
            </td>
            <td className="vb-wrap vb-break">
              <WhatHappens {...row} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

/** For who has the file on a screen only: its text, instead of the file. */
const PasteText = ({ onTake }: { onTake: (text: string) => boolean }) => {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const id = useId();
  if (!open)
    return (
      <div>
        <Button variant="link" isInline onClick={() => setOpen(true)}>
          Paste its text instead…
        </Button>
      </div>
    );
  return (
    <section className="vb-stack" aria-label="Its text">
      <label htmlFor={id}>
        <strong>Text of config.data</strong>
      </label>
      <TextArea
        id={id}
        className="vb-mono-input"
        autoFocus
        rows={4}
        spellCheck={false}
        value={text}
        onChange={(_, value) => setText(value)}
      />
      <div className="vb-row">
        <Button
          variant="secondary"
          isAriaDisabled={text.trim() === ''}
          onClick={() => text.trim() !== '' && onTake(text) && setOpen(false)}
        >
          Read it
        </Button>
        <Button variant="link" onClick={() => setOpen(false)}>
          Cancel
        </Button>
      </div>
    </section>
  );
};

/** The page was left while plans ran: what that ended, since nothing else would tell. */
const Left = ({ adopted, begun, notBegun }: LeftQueue) => (
  <section className="vb-note vb-note-warning" aria-label="What was not begun">
    <VerdictSign verdict="warning" />
    <div className="vb-break">
      The last import ended early, at the latest when its page was left: adopted {adopted.length}
      {begun.length > 0 && `, begun ${begun.length} (${begun.join(', ')}: see Runs)`}, not begun{' '}
      {notBegun.length} ({notBegun.join(', ')}). Choose those again to go on.
    </div>
  </section>
);

export const ImportView = () => {
  const snapshot = useSnapshot();
  const { cluster } = snapshot;
  const [imported, setImported] = useState(() => remembered.get(cluster.name) ?? null);
  const [problem, setProblem] = useState<string | null>(null);
  const [reviewed, setReviewed] = useState<readonly ImportItem[] | null>(null);
  const rows = useMemo(() => (imported ? importRows(imported, cluster) : []), [imported, cluster]);
  const items = useMemo(() => (imported ? itemsOf(rows, imported.chosen) : []), [imported, rows]);

  const keep = (next: Imported) => {
    remembered.set(cluster.name, next);
    setImported(next);
  };
  const take = (from: string, text: string): boolean => {
    const result = readImported(from, text, cluster);
    setProblem(result.ok ? null : `${from}: ${result.message}`);
    if (result.ok) keep(result.imported);
    return result.ok;
  };
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const [file] = event.target.files ?? [];
    if (!file) return;
    try {
      if (file.size > mostBytes) throw new Error('it has more than 256 MiB');
      take(file.name, await file.text());
    } catch (error) {
      setProblem(`${file.name} can't be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const choose = (names: readonly string[], on: boolean) => {
    if (!imported) return;
    const chosen = new Set(imported.chosen);
    for (const name of names) {
      if (on) chosen.add(name);
      else chosen.delete(name);
    }
    keep({ ...imported, chosen });
  };

  if (reviewed) return <ImportReview items={reviewed} onBack={() => setReviewed(null)} />;
  const possible = rows.filter((row) => row.why.length === 0).length;
  const left = leftQueueOf(cluster.name);
  return (
    <>
      <ViewHead
        title="Import from Ganeti"
        crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}
        note={
          imported &&
          `${imported.ganeti.name}, written by Ganeti ${imported.ganeti.version}: ${possible} of ${rows.length} can be adopted`
        }
      />
      <ScrollRegion className="vb-scroll" label="Instances of Ganeti">
        <div className="vb-form">
          {left && <Left {...left} />}
          <FieldRow
            label="config.data"
            field="config-data"
            errors={problem === null ? noErrors : new Map([['config-data', problem]])}
            help={
              <>
                On Ganeti&rsquo;s master it is <code>/var/lib/ganeti/config.data</code>; copy it to this
                computer. It is only read.
              </>
            }
          >
            <input id="field-config-data" type="file" onChange={(event) => void read(event)} />
          </FieldRow>
          <PasteText onTake={(text) => take('The pasted text', text)} />
          {imported?.ganeti.problems.map((each) => (
            <div key={each} className="vb-note vb-note-warning">
              <VerdictSign verdict="warning" /> <span className="vb-break">{each}</span>
            </div>
          ))}
          {imported && (
            <>
              <div className="vb-note vb-note-warning">
                <VerdictSign verdict="warning" />
                <div>{GANETI_GOES_ON}</div>
              </div>
              <Section title="Nodes" note="which of Ganeti's nodes is which here">
                {imported.ganeti.nodes.map(({ name }) => (
                  <FieldRow key={name} label={name} field={`node-${name}`} errors={noErrors}>
                    <FormSelect
                      {...controlProps(`node-${name}`, noErrors)}
                      value={imported.nodes.get(name) ?? ''}
                      onChange={(_, node) =>
                        keep({ ...imported, nodes: new Map([...imported.nodes, [name, node]]) })
                      }
                    >
                      <FormSelectOption value="" label="none of these" />
                      {cluster.nodes.map((each) => (
                        <FormSelectOption key={each.name} value={each.name} label={each.name} />
                      ))}
                    </FormSelect>
                  </FieldRow>
                ))}
              </Section>
            </>
          )}
        </div>
        {imported && <Rows rows={rows} chosen={imported.chosen} onChoose={choose} />}
      </ScrollRegion>
      <div className="vb-actions">
        <Button isAriaDisabled={items.length === 0} onClick={() => items.length > 0 && setReviewed(items)}>
          {items.length === 0 ? 'Review' : `Review ${count(items.length, 'plan')}`}
          {items.length === 0 && <span className="vb-hidden"> Not possible yet: nothing is chosen.</span>}
        </Button>
        <span className="vb-actions-end" role="status">
          {imported ? `${items.length} chosen` : 'No file is read yet.'}
        </span>
      </div>
    </>
  );
};
