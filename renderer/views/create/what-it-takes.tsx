/** What the instance would take of its primary and of the storage, before and after. */
import type { NodeFacts } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { usedMemory } from '../../model/node-words.ts';
import { Bar } from '../../parts/bar.tsx';
import { bytesOf, memoryOf } from '../../parts/format.ts';
import { Section } from '../../parts/page.tsx';

export const WhatItTakes = ({
  facts,
  node,
  memoryMib,
  storage,
  plan,
}: {
  facts: NodeFacts;
  node: string;
  memoryMib: number;
  storage: string;
  plan: Plan | null;
}) => {
  const used = usedMemory(facts);
  const after = memoryOf(used + memoryMib, facts.totalMemoryMib);
  const before = memoryOf(used, facts.totalMemoryMib);
  const place = facts.storages.find((each) => each.path === storage);
  const bytes = plan?.effects.newBytes ?? 0;
  const taken = place ? place.totalBytes - place.freeBytes : 0;
  return (
    <Section title="What it takes" className="vb-takes">
      <div className="vb-take">
        <span>Memory on {node}</span>
        <Bar
          segments={[
            { value: used, kind: 'filled' },
            { value: memoryMib, kind: 'new' },
          ]}
          whole={facts.totalMemoryMib}
        />
        <span>
          {before.part}, then <b>{after.part}</b> of {after.whole}
        </span>
      </div>
      {place && place.state === 'ok' && (
        <div className="vb-take">
          <span>Space on the storage</span>
          <Bar
            segments={[
              { value: taken, kind: 'filled' },
              { value: bytes, kind: 'promised' },
            ]}
            whole={place.totalBytes}
            dotted
          />
          <span>
            {bytesOf(taken, place.totalBytes).part} of {bytesOf(taken, place.totalBytes).whole} used,{' '}
            {bytes === 0 ? 'nothing promised anew' : `${bytesOf(bytes, bytes).whole} promised anew`}
          </span>
        </div>
      )}
    </Section>
  );
};
