/** What a run changed: what the nodes showed of it before and after, and what is different now. */
import { ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { useEffect, useState } from 'react';
import type { Failure, Output } from '../../../core/contract.ts';
import type { Run } from '../../../core/plan/run.ts';
import { type DifferenceRow, isText, sentenceOf } from '../../../core/plan/run-difference.ts';
import { useDesk } from '../../desk/desk-context.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { timeOfDay } from '../../parts/format.ts';
import { Spinner } from '../../parts/signs.tsx';
import { textDifference } from '../../plan/text-difference.ts';

type Compared = Output<'run.compare'>;
type Span = { key: string; label: string; from: 'before' | 'after'; to: 'after' | 'now' };

const spans: readonly Span[] = [
  { key: 'run', label: 'By this run', from: 'before', to: 'after' },
  { key: 'since', label: 'Since then', from: 'after', to: 'now' },
  { key: 'all', label: 'Before it and now', from: 'before', to: 'now' },
];

const momentWords = { before: 'before it', after: 'after it', now: 'now' } as const;

const TextRow = ({ row }: { row: DifferenceRow }) => (
  <details>
    <summary className="vb-break">{sentenceOf(row)}</summary>
    <pre className="vb-code">
      {textDifference(row.before ?? '', row.after ?? '').map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line has no other identity than its place
        <span key={index} className={`vb-line vb-line-${line.kind}`}>
          {line.kind === 'same' ? '  ' : line.kind === 'new' ? '+ ' : '- '}
          {line.text}
          {'\n'}
        </span>
      ))}
    </pre>
  </details>
);

const Rows = ({ compared }: { compared: Compared }) => {
  // what is the same place on the same nodes stands together
  const places = Map.groupBy(
    compared.rows.filter((row) => !isText(row)),
    (row) => JSON.stringify([row.subject, row.nodes]),
  );
  return (
    <>
      {places.size > 0 && (
        <table className="vb-table vb-changed-table" aria-label="What is different">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">{momentWords[compared.from.what]}</th>
              <th scope="col">{momentWords[compared.to.what]}</th>
            </tr>
          </thead>
          {[...places].map(([place, rows]) => (
            <tbody key={place}>
              <tr>
                <th scope="rowgroup" colSpan={3} className="vb-wrap vb-break">
                  {rows[0]?.subject} <span className="vb-subtle">on {rows[0]?.nodes.join(', ')}</span>
                </th>
              </tr>
              {rows.map((row) => (
                <tr key={sentenceOf(row)}>
                  <th scope="row" className="vb-wrap">
                    {row.what}
                  </th>
                  <td className="vb-wrap vb-break">{row.before ?? '–'}</td>
                  <td className="vb-wrap vb-break">{row.after ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      )}
      {compared.rows.filter(isText).map((row) => (
        <TextRow key={sentenceOf(row)} row={row} />
      ))}
    </>
  );
};

export const WhatChanged = ({ run, now }: { run: Run; now: number }) => {
  const desk = useDesk();
  const [span, setSpan] = useState<Span['key']>('run');
  const [answer, setAnswer] = useState<{ of: string; compared: Compared | null; failure: Failure | null }>();
  const { id, endedAt } = run;
  const of = `${id} ${endedAt} ${span}`;
  useEffect(() => {
    const chosen = spans.find((each) => each.key === span);
    if (!chosen) return undefined;
    let current = true;
    void desk.call('run.compare', { run: id, from: chosen.from, to: chosen.to }).then((result) => {
      if (!current) return;
      setAnswer(
        result.ok
          ? { of, compared: result.value, failure: null }
          : { of, compared: null, failure: result.error },
      );
    });
    return () => {
      current = false;
    };
  }, [desk, id, span, of]);
  const shown = answer?.of === of ? answer : null;
  const compared = shown?.compared ?? null;
  return (
    <section className="vb-holds" aria-label="What changed">
      <div className="vb-row vb-row-wrap">
        <h2>What changed</h2>
        <ToggleGroup aria-label="Between which moments" isCompact>
          {spans.map(({ key, label }) => (
            <ToggleGroupItem
              key={key}
              text={label}
              buttonId={`changed-${key}`}
              isSelected={span === key}
              onChange={() => setSpan(key)}
            />
          ))}
        </ToggleGroup>
        {compared && (
          <span className="vb-subtle">
            {timeOfDay(compared.from.at, now)} and {timeOfDay(compared.to.at, now)}
          </span>
        )}
      </div>
      <div className="vb-changed-body" aria-live="polite">
        {shown === null && (
          <p className="vb-row vb-subtle">
            <Spinner /> Comparing…
          </p>
        )}
        {shown?.failure?.code === 'no-picture' ? (
          <p className="vb-subtle">{shown.failure.message}</p>
        ) : (
          <FailureNote failure={shown?.failure ?? null} what="It could not be compared." />
        )}
        {compared?.rows.length === 0 && (
          <p className="vb-subtle">Nothing of what this run touches is different.</p>
        )}
        {compared && <Rows compared={compared} />}
        {compared?.unknown.map((text) => (
          <p key={text} className="vb-subtle">
            {text}
          </p>
        ))}
      </div>
    </section>
  );
};
