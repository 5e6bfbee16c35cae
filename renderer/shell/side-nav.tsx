import CogIcon from '@patternfly/react-icons/dist/esm/icons/cog-icon';
import EditIcon from '@patternfly/react-icons/dist/esm/icons/edit-icon';
import HddIcon from '@patternfly/react-icons/dist/esm/icons/hdd-icon';
import ServerIcon from '@patternfly/react-icons/dist/esm/icons/server-icon';
import TasksIcon from '@patternfly/react-icons/dist/esm/icons/tasks-icon';
import TopologyIcon from '@patternfly/react-icons/dist/esm/icons/topology-icon';
import VirtualMachineIcon from '@patternfly/react-icons/dist/esm/icons/virtual-machine-icon';
import type { ReactNode } from 'react';
import { imagesOf } from '../../core/cluster/images.ts';
import { deriveInstances } from '../../core/cluster/instances.ts';
import { useApp } from '../desk/desk-context.tsx';
import { waitingRuns } from '../model/run-words.ts';
import { useNavigator } from '../navigation/navigator.tsx';
import { formatRoute, type Route, type ViewName } from '../navigation/route.ts';

type Entry = { label: string; route: Route; icon: ReactNode; views: readonly ViewName[] };

/** In the order of the keys 1 to 6. */
export const mainViews: readonly Entry[] = [
  { label: 'Overview', route: { view: 'overview' }, icon: <TopologyIcon />, views: ['overview'] },
  {
    label: 'Instances',
    route: { view: 'instances' },
    icon: <VirtualMachineIcon />,
    views: [
      'instances',
      'instance',
      'create',
      'failover',
      'copy',
      'config',
      'review',
      'adopt',
      'adopt-guest',
      'import',
      'disk',
      'trash',
      'purge',
    ],
  },
  {
    label: 'Images',
    route: { view: 'images' },
    icon: <HddIcon />,
    views: ['images', 'image', 'remove-image'],
  },
  {
    label: 'Drafts',
    route: { view: 'drafts' },
    icon: <EditIcon />,
    views: ['drafts', 'draft', 'draft-change'],
  },
  { label: 'Runs', route: { view: 'runs' }, icon: <TasksIcon />, views: ['runs', 'run', 'revert'] },
  { label: 'Nodes', route: { view: 'nodes' }, icon: <ServerIcon />, views: ['nodes', 'add-node'] },
];

const Item = ({ entry, count }: { entry: Entry; count?: number | undefined }) => {
  const { route } = useNavigator();
  const current = entry.views.includes(route.view);
  return (
    <li>
      <a
        href={formatRoute(entry.route)}
        title={entry.label}
        {...(current ? { 'aria-current': 'page' as const } : {})}
      >
        {entry.icon}
        <span>{entry.label}</span>
        {count !== undefined && <span className="vb-nav-count">{count.toLocaleString('en')}</span>}
      </a>
    </li>
  );
};

export const SideNav = () => {
  const { snapshot, runs, drafts } = useApp();
  // those that are done are history
  const busy = runs.filter((run) => run.state === 'running').length + waitingRuns(runs, snapshot).length;
  const counts: Partial<Record<ViewName, number>> = snapshot
    ? {
        instances: deriveInstances(snapshot).length,
        images: imagesOf(snapshot).length,
        ...(drafts.length > 0 ? { drafts: drafts.length } : {}),
        ...(busy > 0 ? { runs: busy } : {}),
        nodes: snapshot.nodes.length,
      }
    : {};
  return (
    <nav className="vb-nav" aria-label="Main">
      <ul>
        {mainViews.map((entry) => (
          <Item key={entry.label} entry={entry} count={counts[entry.route.view]} />
        ))}
      </ul>
      <ul>
        <Item
          entry={{
            label: 'Settings',
            route: { view: 'settings' },
            icon: <CogIcon />,
            views: ['settings', 'templates'],
          }}
        />
      </ul>
    </nav>
  );
};
