/** What is looked for among the runs: one field for words, and under it what narrows further. */
import type { Ref } from 'react';
import type { RunSummary } from '../../../core/plan/run.ts';
import { momentOf, type RunQuery } from '../../../core/plan/run-search.ts';
import { runStateWords } from '../../model/run-words.ts';
import { FilterField } from '../../parts/filter-field.tsx';

export type Wanted = {
  text: string;
  instance: string;
  node: string;
  kind: string;
  who: string;
  outcome: RunSummary['state'] | '';
  since: string;
  until: string;
};

export const nothingWanted: Wanted = {
  text: '',
  instance: '',
  node: '',
  kind: '',
  who: '',
  outcome: '',
  since: '',
  until: '',
};

const dayMs = 86_400_000;

/** Null where nothing is looked for: then the newest runs are shown. A day that is none narrows nothing. */
export const queryOf = (wanted: Wanted, now: number): RunQuery | null => {
  const filled = (value: string): string | undefined => value.trim() || undefined;
  const text = filled(wanted.text);
  const instance = filled(wanted.instance);
  const node = filled(wanted.node);
  const kind = filled(wanted.kind);
  const who = filled(wanted.who);
  const since = momentOf(wanted.since, now) ?? undefined;
  const last = momentOf(wanted.until, now);
  const query: RunQuery = {
    ...(text === undefined ? {} : { text }),
    ...(instance === undefined ? {} : { instance }),
    ...(node === undefined ? {} : { node }),
    ...(kind === undefined ? {} : { kind }),
    ...(who === undefined ? {} : { who }),
    ...(wanted.outcome === '' ? {} : { outcome: wanted.outcome }),
    ...(since === undefined ? {} : { since }),
    // the day itself counts
    ...(last === null ? {} : { until: last + dayMs }),
  };
  return Object.keys(query).length === 0 ? null : query;
};

const kinds = [
  'create',
  'adopt',
  'start',
  'stop',
  'reboot',
  'failover',
  'migrate',
  'move',
  'clone',
  'rename',
  'configure',
  'replicate',
  'discard',
  'remove',
  'restore',
  'purge-trash',
  'claim',
  'unlock',
  'disk-add',
  'disk-remove',
  'grow',
  'convert',
  'snapshot',
  'release',
  'os-export',
  'copy-image',
  'compare-images',
  'convert-file',
  'remove-image',
  'cluster-init',
  'cluster-modify',
];

const Text = ({
  label,
  value,
  onChange,
  type = 'text',
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'date';
}) => (
  <label className="vb-runs-field">
    <span className="vb-subtle">{label}</span>
    <input type={type} value={value} onChange={(event) => onChange(event.target.value)} />
  </label>
);

const Choice = ({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly { value: string; text: string }[];
  onChange: (value: string) => void;
}) => (
  <label className="vb-runs-field">
    <span className="vb-subtle">{label}</span>
    <select value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">any</option>
      {options.map((each) => (
        <option key={each.value} value={each.value}>
          {each.text}
        </option>
      ))}
    </select>
  </label>
);

const isState = (value: string): value is RunSummary['state'] => Object.hasOwn(runStateWords, value);

export const WordsField = ({
  wanted,
  onWanted,
  ref,
}: {
  wanted: Wanted;
  onWanted: (part: Partial<Wanted>) => void;
  ref: Ref<HTMLInputElement>;
}) => (
  <span className="vb-runs-words">
    <FilterField
      label="title, steps, output, problem"
      text={wanted.text}
      onText={(text) => onWanted({ text })}
      ref={ref}
    />
  </span>
);

export const RunsSearch = ({
  wanted,
  nodes,
  onWanted,
}: {
  wanted: Wanted;
  /** of the open cluster */
  nodes: readonly string[];
  onWanted: (part: Partial<Wanted>) => void;
}) => (
  <search className="vb-runs-search" aria-label="Narrow the runs">
    <Text label="Instance" value={wanted.instance} onChange={(instance) => onWanted({ instance })} />
    <Choice
      label="Node"
      value={wanted.node}
      options={nodes.map((node) => ({ value: node, text: node }))}
      onChange={(node) => onWanted({ node })}
    />
    <Choice
      label="What"
      value={wanted.kind}
      options={kinds.map((kind) => ({ value: kind, text: kind }))}
      onChange={(kind) => onWanted({ kind })}
    />
    <Text label="By" value={wanted.who} onChange={(who) => onWanted({ who })} />
    <Choice
      label="Outcome"
      value={wanted.outcome}
      options={Object.entries(runStateWords).map(([value, text]) => ({ value, text }))}
      onChange={(outcome) => onWanted({ outcome: isState(outcome) ? outcome : '' })}
    />
    <Text label="From" type="date" value={wanted.since} onChange={(since) => onWanted({ since })} />
    <Text label="To" type="date" value={wanted.until} onChange={(until) => onWanted({ until })} />
  </search>
);
