/** One image: what the nodes tell of it, and what qemu-img says when it looks inside. */
import { Button } from '@patternfly/react-core';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ImageRow } from '../../../core/cluster/images.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { ImageInfo } from '../../../core/contract.ts';
import { useCall } from '../../desk/desk-context.tsx';
import { age, fileName, type InstanceIn, openWords, ownerWord, shareOnDisk } from '../../model/image-rows.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { percent, shortBytes, timeOfDay } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { Facts, Section } from '../../parts/page.tsx';
import { Spinner, VerdictSign } from '../../parts/signs.tsx';

/** Who can look inside: a node that answers, sees the file and has qemu-img; or the sentence why nobody can. */
const lookerFor = (row: ImageRow, snapshot: Snapshot): { node: string } | { why: string } => {
  if (row.owner.kind === 'trash')
    return { why: 'What lies in the trash is not opened. Restore its instance to look inside.' };
  if (row.type === null)
    return { why: 'It is no image that qemu-img could be trusted with: its type is not known.' };
  const seeing = snapshot.nodes.filter((node) => row.storage.nodes.includes(node.name));
  const answering = seeing.filter((node) => node.trouble === null && node.facts);
  const names = row.storage.nodes.join(', ');
  if (answering.length === 0)
    return {
      why: `${names} ${row.storage.nodes.length === 1 ? 'does' : 'do'} not answer now, and no other node sees the file.`,
    };
  const able = answering.find((node) => node.facts?.commands.includes('qemu-img'));
  return able
    ? { node: able.name }
    : {
        why: `There is no qemu-img on ${answering.map((each) => each.name).join(', ')}. On Debian the package qemu-utils brings it.`,
      };
};

const InfoPart = ({
  part,
  isFirst,
  now,
}: {
  part: ImageInfo['chain'][number];
  isFirst: boolean;
  now: number;
}) => (
  <div className="vb-chain-part">
    {!isFirst && (
      <p className="vb-break">
        builds on <code>{part.path}</code>
      </p>
    )}
    {(part.corrupt || part.dirty) && (
      <p>
        <VerdictSign verdict={part.corrupt ? 'not' : 'warning'} />{' '}
        {part.corrupt
          ? 'It is marked as corrupt: do not write to it before qemu-img check has looked at it.'
          : 'It was not closed properly, or it is open now.'}
      </p>
    )}
    <Facts
      facts={[
        { name: 'Format', value: `${part.format}${part.encrypted ? ', encrypted' : ''}` },
        { name: 'Virtual', value: shortBytes(part.virtualSize) },
        { name: 'On disk', value: shortBytes(part.allocated) },
        ...(part.clusterSize === null ? [] : [{ name: 'Cluster size', value: shortBytes(part.clusterSize) }]),
        {
          name: 'Snapshots',
          value:
            part.snapshots.length === 0 ? (
              'none'
            ) : (
              <ul className="vb-plain-list">
                {part.snapshots.map((each) => (
                  <li key={`${each.tag} ${each.at}`}>
                    <strong className="vb-break">{each.tag}</strong>
                    <span className="vb-subtle">{timeOfDay(each.at, now)}</span>
                  </li>
                ))}
              </ul>
            ),
        },
      ]}
    />
  </div>
);

/** Asks at once: whoever opens the panel wants to know. */
const Inside = ({
  row,
  node,
  cluster,
  now,
}: {
  row: ImageRow;
  node: string;
  cluster: string;
  now: number;
}) => {
  const { send, failure, busy } = useCall('image.info');
  const [info, setInfo] = useState<ImageInfo | null>(null);
  const ask = useCallback(async () => {
    const answer = await send({ cluster, node, path: row.path });
    if (answer) setInfo(answer);
  }, [send, cluster, node, row.path]);
  useEffect(() => {
    void ask();
  }, [ask]);
  return (
    <>
      {busy && (
        <p className="vb-row" role="status">
          <Spinner /> qemu-img looks at it on {node}…
        </p>
      )}
      <FailureNote failure={failure} what="qemu-img could not tell." />
      {info?.problem && (
        <div className="vb-note vb-note-warning" role="alert">
          <VerdictSign verdict="warning" />
          <span className="vb-break">{info.problem}</span>
        </div>
      )}
      {info?.chain.map((part, index) => (
        <InfoPart key={part.path} part={part} isFirst={index === 0} now={now} />
      ))}
      {!busy && (
        <div>
          <Button variant="secondary" onClick={() => void ask()}>
            {failure ? 'Try again' : 'Look again'}
          </Button>
        </div>
      )}
    </>
  );
};

export const LookInside = ({
  row,
  snapshot,
  storageName,
  found,
  now,
  onClose,
}: {
  row: ImageRow;
  snapshot: Snapshot;
  storageName: string;
  found: InstanceIn | null;
  now: number;
  onClose: () => void;
}) => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const looker = lookerFor(row, snapshot);
  // the node stays the same while the snapshots come and go
  const [node] = useState('node' in looker ? looker.node : null);
  const share = shareOnDisk(row);
  const { owner } = row;
  return (
    <aside className="vb-inside" aria-label={`Details of ${fileName(row)}`}>
      <div className="vb-inside-head">
        <h2 ref={heading} tabIndex={-1}>
          {row.name}
        </h2>
        <Button variant="link" onClick={onClose}>
          Close
        </Button>
      </div>
      <div>
        <code className="vb-break">{row.path}</code> <CopyButton text={row.path} what="Copy path" />
      </div>
      {row.remark && (
        <div className="vb-note vb-note-warning">
          <VerdictSign verdict="warning" />
          <span className="vb-break">{row.remark}</span>
        </div>
      )}
      <Facts
        facts={[
          { name: 'Type', value: row.type ?? 'not known' },
          { name: 'Virtual', value: row.virtualSize === null ? 'not known' : shortBytes(row.virtualSize) },
          {
            name: 'On disk',
            value: `${shortBytes(row.allocated)}${share === null ? '' : `, ${percent(share)} %`}`,
          },
          { name: 'File size', value: shortBytes(row.size) },
          {
            name: 'Owner',
            value: found ? (
              <>
                {owner.kind === 'instance' ? `disk ${owner.disk} of ` : `${ownerWord(row)}: `}
                <RouteLink to={{ view: 'instance', instance: found.handle }}>{found.instance.name}</RouteLink>
              </>
            ) : owner.kind === 'orphan' ? (
              'orphan: no record speaks of it'
            ) : (
              ownerWord(row)
            ),
          },
          ...(owner.kind === 'replica'
            ? [
                {
                  name: 'Copied',
                  value: `${owner.of === null ? 'from a node that is not known' : `from ${owner.of}`}${
                    owner.when === null ? '' : `, ${timeOfDay(Date.parse(owner.when), now)}`
                  }`,
                },
              ]
            : []),
          {
            name: 'Storage',
            value: (
              <>
                {storageName}, seen by <Names names={row.storage.nodes} />
              </>
            ),
          },
          { name: 'Open in', value: openWords(row).full },
          {
            name: 'Builds on',
            value: row.backing === null ? 'none that is known' : <code>{row.backing}</code>,
          },
          { name: 'Modified', value: `${timeOfDay(row.modified, now)} (${age(row.modified, now)})` },
        ]}
      />
      <Section title="Inside" note={node === null ? undefined : `qemu-img info, on ${node}`}>
        {node === null ? (
          <p>{'why' in looker ? looker.why : `${looker.node} can look inside now: open it once more.`}</p>
        ) : (
          <Inside row={row} node={node} cluster={snapshot.cluster.name} now={now} />
        )}
      </Section>
    </aside>
  );
};
