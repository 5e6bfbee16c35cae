import { Button } from '@patternfly/react-core';
import type { Cluster } from '../../../core/cluster/schema.ts';
import type { NodeFacts, NodeSnapshot } from '../../../core/cluster/snapshot.ts';
import { useApp, useCall } from '../../desk/desk-context.tsx';
import { availableMemory, troubleMark, troubleWords, usedMemory } from '../../model/node-words.ts';
import { Bar } from '../../parts/bar.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ago, bytesOf, count, memory, memoryOf, shortBytes } from '../../parts/format.ts';
import { Facts } from '../../parts/page.tsx';
import { Mark, Spinner, VerdictSign } from '../../parts/signs.tsx';
import { HostKey } from './host-key.tsx';

type ClusterNode = Cluster['nodes'][number];

export const addressOf = (target: ClusterNode['target']): string =>
  `${target.user ? `${target.user}@` : ''}${target.host}${target.port ? `:${target.port}` : ''}`;

const Trouble = ({ node, target }: { node: NodeSnapshot; target: ClusterNode['target'] | undefined }) => {
  const { open } = useApp();
  const trust = useCall('node.trust');
  const refresh = useCall('cluster.refresh');
  const { trouble } = node;
  if (!trouble || trouble.kind === 'not-asked') return null;
  const danger =
    trouble.kind === 'host-key-changed' || trouble.kind === 'auth-refused' || trouble.kind === 'same-machine';
  const retry = async () => {
    if (open) await refresh.send({ name: open });
  };
  return (
    <div className={danger ? 'vb-note vb-note-danger' : 'vb-note vb-note-warning'}>
      <Mark mark={troubleMark(trouble.kind)} />
      <div className="vb-grow vb-stack">
        <p className="vb-prewrap vb-break">{trouble.message}</p>
        {trouble.hostKey && (
          <HostKey
            hostKey={trouble.hostKey}
            changed={trouble.kind === 'host-key-changed'}
            busy={trust.busy || refresh.busy}
            {...(target && trouble.kind === 'host-key-unknown'
              ? {
                  onTrust: () =>
                    void trust
                      .send({ target, line: trouble.hostKey?.line ?? '' })
                      .then((answer) => answer && retry()),
                }
              : {})}
          />
        )}
        {trouble.kind === 'host-key-changed' && (
          <p>
            Once you know why, take the old line out of known_hosts yourself: it is not done here on purpose.
          </p>
        )}
        {trouble.kind !== 'host-key-unknown' && (
          <div>
            <Button variant="secondary" isDisabled={refresh.busy} onClick={() => void retry()}>
              Try again
            </Button>{' '}
            {refresh.busy && <Spinner label="reading" />}
          </div>
        )}
        <FailureNote failure={trust.failure ?? refresh.failure} />
      </div>
    </div>
  );
};

const Plug = ({ node }: { node: string }) => {
  const app = useApp();
  const plug = useCall('practice.plug');
  if (!app.clusters.some((each) => each.name === app.open && each.kind === 'practice')) return null;
  const unplugged = app.unplugged.includes(node);
  return (
    <>
      <Button
        variant="secondary"
        isDisabled={plug.busy}
        onClick={() => void plug.send({ node, plugged: unplugged })}
      >
        {unplugged ? 'Put the plug back' : 'Pull the plug'}
        <span className="vb-hidden"> of {node}</span>
      </Button>
      <FailureNote failure={plug.failure} onClose={plug.dismiss} />
    </>
  );
};

const Storages = ({ facts }: { facts: NodeFacts }) => (
  <ul className="vb-storages">
    {facts.storages.map((storage) => {
      const used = storage.totalBytes - storage.freeBytes;
      const figures = bytesOf(used, storage.totalBytes);
      return (
        <li key={storage.path}>
          <code className="vb-break">{storage.path}</code>
          {storage.state === 'ok' ? (
            <>
              <Bar segments={[{ value: used, kind: 'filled' }]} whole={storage.totalBytes} />
              <span>
                {figures.part} of {figures.whole} used, {shortBytes(storage.freeBytes)} free ·{' '}
                {storage.filesystem}
              </span>
            </>
          ) : (
            <span className="vb-row">
              <VerdictSign verdict="warning" /> {storage.state.replaceAll('-', ' ')}
            </span>
          )}
        </li>
      );
    })}
  </ul>
);

export const NodeCard = ({
  node,
  member,
  instances,
  now,
}: {
  node: NodeSnapshot;
  member: ClusterNode | undefined;
  /** how many have it as primary and as secondary */
  instances: { primary: number; secondary: number };
  now: number;
}) => {
  const { facts } = node;
  const words = troubleWords(node, now);
  const mem = facts && memoryOf(usedMemory(facts), facts.totalMemoryMib);
  return (
    <article
      className={
        words && node.trouble?.kind !== 'not-asked' ? 'vb-node-card vb-node-troubled' : 'vb-node-card'
      }
      aria-label={node.name}
    >
      <header>
        <h2>{node.name}</h2>
        <span className="vb-subtle vb-break">
          {member ? addressOf(member.target) : 'named by a membership file only'}
        </span>
        <span className="vb-grow" />
        <span className="vb-row">
          {node.trouble?.kind === 'not-asked' ? (
            <Spinner />
          ) : node.trouble ? (
            <Mark mark={troubleMark(node.trouble.kind)} />
          ) : (
            <VerdictSign verdict="ready" />
          )}
          <strong>{words ?? 'answers'}</strong>
        </span>
        <Plug node={node.name} />
      </header>
      <Trouble node={node} target={member?.target} />
      {facts && mem ? (
        <>
          {words && (
            <p className="vb-subtle">As it was {node.seenAt === null ? 'once' : ago(node.seenAt, now)}:</p>
          )}
          <div className="vb-node-memory">
            <span>
              Memory <b>{mem.part}</b> of {mem.whole}
            </span>
            <Bar
              segments={[
                { value: usedMemory(facts), kind: 'filled' },
                { value: facts.reclaimableMib, kind: 'promised' },
              ]}
              whole={facts.totalMemoryMib}
            />
            <span>
              {memory(availableMemory(facts))} free{facts.reclaimableMib > 0 && ', Dom0 gives back included'}
            </span>
          </div>
          <Storages facts={facts} />
          <Facts
            facts={[
              {
                name: 'Instances',
                value: `${count(instances.primary, 'primary', 'primaries')}, ${count(instances.secondary, 'secondary', 'secondaries')}; ${count(facts.domains.filter((each) => each.domid !== 0).length, 'domain')}`,
              },
              { name: 'Xen', value: `${facts.xen}, ${facts.toolstack ?? 'no toolstack found'}` },
              { name: 'Kernel', value: `${facts.kernel}, ${count(facts.cpus, 'CPU')}` },
              { name: 'Bridges', value: facts.bridges.join(', ') || 'none' },
              { name: 'Login', value: facts.uid === 0 ? 'as root' : `as user ${facts.uid}, with sudo` },
              {
                name: 'Job directory',
                value: `${shortBytes(facts.jobSpace.bytes)} and ${count(facts.jobSpace.inodes, 'inode')} free`,
              },
            ]}
          />
          {facts.problems.map((problem) => (
            <p key={problem} className="vb-note vb-note-warning">
              <VerdictSign verdict="warning" />
              <span className="vb-break">{problem}</span>
            </p>
          ))}
        </>
      ) : (
        (!node.trouble || node.trouble.kind === 'not-asked') && (
          <p className="vb-row vb-subtle">
            <Spinner /> being read for the first time
          </p>
        )
      )}
    </article>
  );
};
