/** Copies of the instance on storage that is not shared, and what can be done with them. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { replicaAgeText } from '../../../core/cluster/replicas.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { Section } from '../../parts/page.tsx';
import { Mark, VerdictSign } from '../../parts/signs.tsx';
import { discardables } from '../copy/copy-form.ts';

export const Replicas = ({ instance, handle }: { instance: InstanceView; handle: string }) => {
  if (discardables(instance).length === 0) return null;
  return (
    <Section title="Copies elsewhere">
      {instance.replicas.length > 0 && (
        <table className="vb-table" aria-label="Replicas">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Folder</th>
              <th scope="col">Age</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {instance.replicas.map((each) => (
              <tr key={`${each.node} ${each.folder}`}>
                <th scope="row">{each.node}</th>
                <td className="vb-wrap vb-break">
                  <code>{each.folder}</code>
                </td>
                <td>{replicaAgeText(each.age)}</td>
                <td className="vb-wrap vb-break">
                  {each.problem !== null ? (
                    <>
                      <Mark mark="drift" /> {each.problem}
                    </>
                  ) : (
                    <>
                      <VerdictSign verdict={each.seen ? 'ready' : 'unknown'} />{' '}
                      {each.seen ? 'whole' : 'not seen now'}
                      {each.current ? '; nothing was started since' : '; it may have run since'}
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="vb-subtle">
        A replica can&rsquo;t be started; only a failover makes it the instance.{' '}
        <RouteLink to={{ view: 'copy', kind: 'discard', instance: handle }}>Discard a copy…</RouteLink>
      </p>
    </Section>
  );
};
