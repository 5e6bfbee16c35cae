import { Button, FormSelect, FormSelectOption, TextArea, TextInput } from '@patternfly/react-core';
import { useCallback, useEffect, useState } from 'react';
import type { Cluster } from '../../../core/cluster/schema.ts';
import type { ClusterInitIntent } from '../../../core/plan/intent.ts';
import { useDesk } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute, type Route } from '../../navigation/route.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { Section, ViewHead } from '../../parts/page.tsx';
import { Spinner, VerdictSign } from '../../parts/signs.tsx';
import { useReview } from '../../plan/use-review.ts';
import { useKeys } from '../../shell/use-keys.ts';
import '../create/create.css';
import '../nodes/nodes.css';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';
import {
  type ConnectForm,
  connectIntent,
  isFilled,
  type NodeForm,
  newClusterForm,
  targetOf,
} from './connect-form.ts';
import { type Look, LookRows } from './look-rows.tsx';

const ConnectReview = ({
  intent,
  title,
  action,
  onBack,
  home,
}: {
  intent: ClusterInitIntent;
  title: string;
  action: string;
  onBack: () => void;
  home: { text: string; route: Route };
}) => {
  const review = useReview(intent, { wait: 0, fresh: true, cluster: intent.name });
  return (
    <PlanReview
      title={title}
      crumb={{ text: home.text, href: formatRoute(home.route) }}
      review={review}
      action={action}
      cancel="Back to the nodes"
      onCancel={onBack}
    />
  );
};

/** Names nodes, looks at each, asks to trust its host key, then plans. Serves a new cluster and a new node alike. */
export const NodesForm = ({
  initial,
  known,
  title,
  action,
  home,
}: {
  initial: ConnectForm;
  /** nodes that the cluster has already */
  known: Cluster['nodes'];
  title: string;
  action: (name: string) => string;
  home: { text: string; route: Route };
}) => {
  const desk = useDesk();
  const { go } = useNavigator();
  const [form, setForm] = useState(initial);
  const [looks, setLooks] = useState<ReadonlyMap<number, Look>>(new Map());
  const [tried, setTried] = useState(false);
  const [hosts, setHosts] = useState<readonly string[]>([]);
  const [reviewed, setReviewed] = useState<ClusterInitIntent | null>(null);
  const isNew = known.length === 0;
  useEffect(() => {
    void desk.call('ssh.hosts', {}).then((answer) => answer.ok && setHosts(answer.value));
  }, [desk]);

  const { intent, errors } = connectIntent(form, known);
  const shown = tried ? errors : new Map([...errors].filter(([field]) => /^nodes\.\d+\./.test(field)));
  const filled = form.nodes.filter(isFilled);
  const looking = [...looks.values()].some((each) => each.state === 'looking');
  const allSeen =
    filled.length > 0 &&
    filled.every((node) => {
      const look = looks.get(node.key);
      return look?.state === 'seen' && look.found.trouble === null;
    });

  const lookAt = async (node: NodeForm) => {
    setLooks((old) => new Map(old).set(node.key, { state: 'looking' }));
    const answer = await desk.call('node.look', { target: targetOf(form, node), hostKeys: form.hostKeys });
    setLooks((old) =>
      new Map(old).set(
        node.key,
        answer.ok ? { state: 'seen', found: answer.value } : { state: 'failed', failure: answer.error },
      ),
    );
  };
  const lookAtAll = () => {
    setTried(true);
    if (![...errors.keys()].some((field) => field.startsWith('nodes')))
      for (const node of filled) void lookAt(node);
  };
  const trust = async (node: NodeForm, line: string) => {
    const answer = await desk.call('node.trust', { target: targetOf(form, node), line });
    if (answer.ok) await lookAt(node);
    else setLooks((old) => new Map(old).set(node.key, { state: 'failed', failure: answer.error }));
  };
  const changeNodes = (nodes: NodeForm[]) => {
    // what was seen of a line that is edited since says nothing about the new address
    const kept = new Map(
      [...looks].filter(([key]) => nodes.some((node) => node.key === key && form.nodes.includes(node))),
    );
    setLooks(kept);
    setForm({ ...form, nodes });
  };

  useKeys(
    useCallback(
      (key) => {
        if (key === 'Escape' && reviewed) setReviewed(null);
        return key === 'Escape' && reviewed !== null;
      },
      [reviewed],
    ),
  );

  if (reviewed)
    return (
      <ConnectReview
        intent={reviewed}
        title={title}
        action={action(reviewed.name)}
        home={home}
        onBack={() => setReviewed(null)}
      />
    );
  const waiting =
    intent === null
      ? 'something above is missing or wrong'
      : allSeen
        ? null
        : 'check the nodes: each must have answered once';
  return (
    <>
      <ViewHead
        title={title}
        note="Reads first. Nothing is changed on a node until you have reviewed a plan."
        crumb={{ text: home.text, href: formatRoute(home.route) }}
      />
      <div className="vb-scroll vb-pad">
        <form
          className="vb-connect"
          aria-label={title}
          onSubmit={(event) => {
            event.preventDefault();
            lookAtAll();
          }}
        >
          <datalist id="ssh-hosts">
            {hosts.map((host) => (
              <option key={host} value={host} />
            ))}
          </datalist>
          {isNew && (
            <FieldRow
              label="Cluster name"
              field="name"
              errors={shown}
              help="It is kept on the nodes, so that other workstations find it."
            >
              <TextInput
                {...controlProps('name', shown)}
                value={form.name}
                placeholder="hera"
                autoComplete="off"
                onChange={(_, name) => setForm({ ...form, name })}
              />
            </FieldRow>
          )}
          <Section
            title={isNew ? 'Nodes' : 'New nodes'}
            note={
              hosts.length > 0
                ? `Your SSH configuration knows ${hosts.slice(0, 8).join(', ')}${hosts.length > 8 ? ', …' : ''}`
                : 'Addresses, or aliases of your SSH configuration'
            }
          >
            <LookRows
              nodes={form.nodes}
              errors={shown}
              looks={looks}
              onChange={changeNodes}
              onTrust={(node, line) => void trust(node, line)}
            />
          </Section>
          {isNew && (
            <FieldRow
              label="Storage"
              field="storage"
              errors={shown}
              help="Directories on the nodes in which instance folders may lie, one a line; the first is the default."
            >
              <TextArea
                {...controlProps('storage', shown)}
                aria-label="Storage directories, one a line"
                className="vb-mono-input"
                rows={2}
                value={form.storage}
                onChange={(_, storage) => setForm({ ...form, storage })}
              />
            </FieldRow>
          )}
          <FieldRow
            label="Private key"
            field="identity"
            errors={shown}
            help="A file on this workstation; empty: what your SSH configuration and agent offer."
          >
            <TextInput
              {...controlProps('identity', shown)}
              className="vb-mono-input"
              placeholder="~/.ssh/id_ed25519"
              value={form.identity}
              onChange={(_, identity) => {
                // another key may be let in, or not
                setLooks(new Map());
                setForm({ ...form, identity });
              }}
            />
          </FieldRow>
          {isNew && (
            <FieldRow
              label="Unknown host keys"
              field="hostKeys"
              errors={shown}
              help="A host key that has changed is refused in every case."
            >
              <FormSelect
                {...controlProps('hostKeys', shown)}
                value={form.hostKeys}
                onChange={(_, value) =>
                  setForm({
                    ...form,
                    hostKeys: value === 'strict' ? 'strict' : value === 'accept-new' ? 'accept-new' : 'ask',
                  })
                }
              >
                <FormSelectOption value="ask" label="show the fingerprint and ask" />
                <FormSelectOption value="strict" label="refuse: only known_hosts counts" />
                <FormSelectOption value="accept-new" label="accept on first contact" />
              </FormSelect>
            </FieldRow>
          )}
          <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
        </form>
      </div>
      <div className="vb-actions">
        <Button variant={allSeen ? 'secondary' : 'primary'} isDisabled={looking} onClick={lookAtAll}>
          Check the nodes
        </Button>
        <Button
          variant={allSeen ? 'primary' : 'secondary'}
          isAriaDisabled={waiting !== null}
          onClick={() => {
            setTried(true);
            if (intent && waiting === null) setReviewed(intent);
          }}
        >
          Review the plan
          {waiting && <span className="vb-hidden"> Not possible yet: {waiting}.</span>}
        </Button>
        <Button variant="link" onClick={() => go(home.route)}>
          Cancel
        </Button>
        <span className="vb-actions-end" role="status">
          {looking ? <Spinner /> : <VerdictSign verdict={waiting ? 'unknown' : 'ready'} />}
          {looking ? 'asking the nodes…' : (waiting ?? 'every node answers')}
        </span>
      </div>
    </>
  );
};

export const ConnectView = () => (
  <NodesForm
    initial={newClusterForm()}
    known={[]}
    title="Connect a cluster"
    action={(name) => `Make ${name} a cluster`}
    home={{ text: 'Clusters', route: { view: 'clusters' } }}
  />
);
