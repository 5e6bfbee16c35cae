/** What the chosen changes cost, before any of them runs. */
import type { DraftPlan, PlannedChange } from '../../../core/draft/draft-plan.ts';
import { memoryAfter, totalOf } from '../../model/draft-words.ts';
import { bytesOf, memory, shortBytes, span } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { VerdictSign } from '../../parts/signs.tsx';

const about = (seconds: number): string => `about ${span(seconds * 1000)}`;

export const CostPanel = ({ plan, chosen }: { plan: DraftPlan; chosen: readonly PlannedChange[] }) => {
  const total = totalOf(chosen);
  const [longest] = total.down;
  const nodes = plan.cost.nodes.filter((each) => (total.memory.get(each.node) ?? 0) !== 0);
  const storage = plan.cost.storage.filter((each) => each.freeBytes !== each.freeBytesAfter);
  return (
    <>
      <section aria-label="What it costs">
        <h3>What it costs</h3>
        <dl className="vb-draft-figures">
          <div>
            <dt>Copied</dt>
            <dd>{shortBytes(total.copiedBytes)}</dd>
          </div>
          <div>
            <dt>New images</dt>
            <dd>{shortBytes(total.newBytes)}</dd>
          </div>
          <div>
            <dt>Longest downtime</dt>
            <dd>{longest ? `${longest.instance}, ${about(longest.seconds)}` : 'none'}</dd>
          </div>
          <div>
            <dt>Consent</dt>
            <dd>
              {total.consentsAsked === 0
                ? 'none needed'
                : `${total.consentsGiven} of ${total.consentsAsked} given`}
            </dd>
          </div>
        </dl>
      </section>
      {total.down.length > 1 && (
        <section aria-label="Down for">
          <h3>Down for</h3>
          <dl className="vb-draft-figures">
            {total.down.map((each) => (
              <div key={each.instance}>
                <dt>{each.instance}</dt>
                <dd>{about(each.seconds)}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {nodes.length > 0 && (
        <table className="vb-draft-memory" aria-label="Memory free, after">
          <thead>
            <tr>
              <th scope="col">Memory free</th>
              <th scope="col" className="vb-right">
                {plan.offline ? 'then' : 'now'}
              </th>
              <th scope="col" className="vb-right">
                after
              </th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((each) => {
              const after = memoryAfter(each.freeMib, total.memory.get(each.node) ?? 0);
              return (
                <tr key={each.node}>
                  <th scope="row">{each.node}</th>
                  <td className="vb-right">{memory(each.freeMib)}</td>
                  <td className="vb-right">
                    {after.short && <VerdictSign verdict="warning" />} <strong>{after.text}</strong>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {storage.length > 0 && (
        <section aria-label="Storage, after all of it">
          <h3>Storage free, after all of it</h3>
          <dl className="vb-draft-figures">
            {storage.map((each) => {
              const figures = bytesOf(Math.max(0, each.freeBytesAfter), each.freeBytes);
              return (
                <div key={`${each.path} ${each.nodes.join(' ')}`}>
                  <dt className="vb-break">
                    <code>{each.path}</code>{' '}
                    <span className="vb-subtle">
                      <Names names={each.nodes} />
                    </span>
                  </dt>
                  <dd>
                    {each.freeBytesAfter < 0 ? (
                      <>
                        <VerdictSign verdict="warning" /> {shortBytes(-each.freeBytesAfter)} short
                      </>
                    ) : each.freeBytesAfter > each.freeBytes ? (
                      shortBytes(each.freeBytesAfter)
                    ) : (
                      `${figures.part} of ${figures.whole}`
                    )}
                  </dd>
                </div>
              );
            })}
          </dl>
        </section>
      )}
    </>
  );
};
