import { Button, Divider, Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import QuestionCircleIcon from '@patternfly/react-icons/dist/esm/icons/question-circle-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import ServerIcon from '@patternfly/react-icons/dist/esm/icons/server-icon';
import { useState } from 'react';
import { deriveInstances } from '../../core/cluster/instances.ts';
import type { RunSummary } from '../../core/plan/run.ts';
import { useApp, useCall } from '../desk/desk-context.tsx';
import { answering } from '../model/node-words.ts';
import { waitingRuns } from '../model/run-words.ts';
import { RouteLink, useNavigator } from '../navigation/navigator.tsx';
import type { Route } from '../navigation/route.ts';
import { FailureNote } from '../parts/failure-note.tsx';
import { count } from '../parts/format.ts';
import { Kbd } from '../parts/kbd.tsx';
import { Spinner, VerdictSign } from '../parts/signs.tsx';

const Logo = () => (
  <div className="vb-logo">
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <rect x="1" y="1" width="18" height="18" rx="4" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <rect x="4.5" y="6" width="5" height="4.5" fill="currentColor" />
      <circle cx="13.2" cy="8.2" r="2.1" fill="none" stroke="currentColor" strokeWidth="1.4" />
      <path d="M4.5 14h11" stroke="currentColor" strokeWidth="1.8" />
    </svg>
    <span>VBDesk</span>
  </div>
);

export const PracticeLabel = () => <span className="vb-practice">practice</span>;

const ClusterSwitch = () => {
  const app = useApp();
  const { go } = useNavigator();
  const [isOpen, setOpen] = useState(false);
  const openCluster = useCall('cluster.open');
  const close = useCall('cluster.close');
  const current = app.clusters.find((each) => each.name === app.open);
  if (!current) return <span />;
  const instances = app.snapshot ? deriveInstances(app.snapshot).length : null;
  const choose = async (name: string) => {
    setOpen(false);
    if (name !== app.open && (await openCluster.send({ name }))) go({ view: 'overview' });
  };
  return (
    <div className="vb-row">
      <Dropdown
        isOpen={isOpen}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        toggle={(ref) => (
          <MenuToggle
            ref={ref}
            isExpanded={isOpen}
            onClick={() => setOpen(!isOpen)}
            className="vb-cluster-toggle"
            icon={<ServerIcon />}
          >
            <span className="vb-hidden">Cluster </span>
            <b>{current.name}</b>
            <span className="vb-subtle">
              {count(current.nodes, 'node')}
              {instances !== null && <span className="vb-wide"> · {count(instances, 'instance')}</span>}
            </span>
          </MenuToggle>
        )}
      >
        <DropdownList>
          {app.clusters.map((cluster) => (
            <DropdownItem
              key={cluster.name}
              isSelected={cluster.name === app.open}
              description={`${count(cluster.nodes, 'node')}${cluster.kind === 'practice' ? ', practice' : ''}`}
              onClick={() => void choose(cluster.name)}
            >
              {cluster.name}
            </DropdownItem>
          ))}
          <Divider component="li" />
          <DropdownItem onClick={() => go({ view: 'connect' })}>Connect a cluster…</DropdownItem>
          <DropdownItem
            onClick={() => {
              void close.send({}).then(() => go({ view: 'clusters' }));
            }}
          >
            All clusters, practice, offline…
          </DropdownItem>
        </DropdownList>
      </Dropdown>
      {current.kind === 'practice' && <PracticeLabel />}
      <FailureNote failure={openCluster.failure ?? close.failure} onClose={openCluster.dismiss} />
    </div>
  );
};

const Running = () => {
  const { runs, snapshot } = useApp();
  const active = runs.filter((run) => run.state === 'running');
  const waiting = waitingRuns(runs, snapshot);
  const routeTo = ([first, ...more]: readonly RunSummary[]): Route =>
    first && more.length === 0 ? { view: 'run', run: first.id } : { view: 'runs' };
  return (
    <>
      {waiting.length > 0 && (
        <RouteLink to={routeTo(waiting)}>
          <VerdictSign verdict="warning" />
          {count(waiting.length, 'run waits', 'runs wait')} for you
        </RouteLink>
      )}
      {active.length > 0 && (
        <RouteLink to={routeTo(active)}>
          <Spinner />
          {count(active.length, 'run')}
        </RouteLink>
      )}
    </>
  );
};

const NodesAnswer = () => {
  const { snapshot } = useApp();
  if (!snapshot) return null;
  const seen = answering(snapshot);
  const all = snapshot.nodes.length;
  const asking = snapshot.nodes.some((node) => node.trouble?.kind === 'not-asked');
  return (
    <RouteLink to={{ view: 'nodes' }}>
      {asking ? <Spinner /> : <VerdictSign verdict={seen < all ? 'warning' : 'ready'} />}
      <span>
        {seen === all ? `all ${all}` : `${seen} of ${all}`}
        <span className="vb-wide"> nodes answer</span>
      </span>
    </RouteLink>
  );
};

export const TopBar = ({ onPalette, onKeys }: { onPalette: () => void; onKeys: () => void }) => {
  const app = useApp();
  return (
    <header className="vb-top">
      <Logo />
      <ClusterSwitch />
      <div className="vb-top-middle">
        <button type="button" className="vb-search" onClick={onPalette} aria-keyshortcuts="Control+K">
          <SearchIcon />
          <span>Find anything or run a command</span>
          <Kbd>Ctrl</Kbd>
          <Kbd>K</Kbd>
        </button>
      </div>
      <div className="vb-top-right">
        {app.open && <NodesAnswer />}
        <Running />
        <Button variant="plain" aria-label="Keys and help" onClick={onKeys} icon={<QuestionCircleIcon />} />
      </div>
    </header>
  );
};
