/** The window: bars around, one view inside, dialogs above. */
import { useCallback, useMemo, useRef, useState } from 'react';
import { SnapshotProvider, useApp, useDesk, useDeskState } from './desk/desk-context.tsx';
import { DraftingProvider, useDrafting } from './draft/drafting.tsx';
import { showsDraft } from './draft/shows-draft.ts';
import { useActionsOf } from './draft/use-actions.ts';
import { useNavigator } from './navigation/navigator.tsx';
import { formatRoute, parentOf, parseRoute, type Route } from './navigation/route.ts';
import { Spinner } from './parts/signs.tsx';
import { Alarms } from './shell/alarms.tsx';
import { type Command, commandsOf } from './shell/commands.ts';
import { KeysDialog } from './shell/keys-dialog.tsx';
import { Palette } from './shell/palette.tsx';
import { PromptDialog } from './shell/prompt-dialog.tsx';
import { mainViews, SideNav } from './shell/side-nav.tsx';
import { StatusBar } from './shell/status-bar.tsx';
import { TopBar } from './shell/top-bar.tsx';
import { useControlKey, useKeys } from './shell/use-keys.ts';
import { useTheme } from './shell/use-theme.ts';
import { AdoptView } from './views/adopt/adopt-view.tsx';
import { AdoptGuestView } from './views/adopt/guest-view.tsx';
import { ConfigView } from './views/config/config-view.tsx';
import { ConnectView } from './views/connect/connect-view.tsx';
import { CopyView } from './views/copy/copy-view.tsx';
import { CreateView } from './views/create/create-view.tsx';
import { DiskView } from './views/disk/disk-view.tsx';
import { DraftChangeView } from './views/drafts/draft-change-view.tsx';
import { DraftTextView } from './views/drafts/draft-text-view.tsx';
import { DraftView } from './views/drafts/draft-view.tsx';
import { DraftsView } from './views/drafts/drafts-view.tsx';
import { FailoverView } from './views/failover/failover-view.tsx';
import { FirstRunView } from './views/first-run/first-run-view.tsx';
import { ImageView } from './views/image/image-view.tsx';
import { ImagesView } from './views/images/images-view.tsx';
import { RemoveImageView } from './views/images/remove-image-view.tsx';
import { ImportView } from './views/import/import-view.tsx';
import { InstanceView } from './views/instance/instance-view.tsx';
import { InstancesView } from './views/instances/instances-view.tsx';
import { AddNodeView } from './views/nodes/add-node-view.tsx';
import { NodesView } from './views/nodes/nodes-view.tsx';
import { OverviewView } from './views/overview/overview-view.tsx';
import { ReviewView } from './views/review/review-view.tsx';
import { RevertView } from './views/run/revert-view.tsx';
import { RunView } from './views/run/run-view.tsx';
import { RunsView } from './views/runs/runs-view.tsx';
import { SettingsView } from './views/settings/settings-view.tsx';
import { TemplatesView } from './views/templates/templates-view.tsx';
import { PurgeView } from './views/trash/purge-view.tsx';
import { TrashView } from './views/trash/trash-view.tsx';
import { WaitingView } from './views/waiting/waiting-view.tsx';

const withoutCluster: ReadonlySet<Route['view']> = new Set([
  'connect',
  'clusters',
  'settings',
  'drafts',
  'draft',
  'runs',
  'run',
]);

const View = ({ route }: { route: Route }) => {
  const app = useApp();
  if (app.open === null && !withoutCluster.has(route.view)) return <FirstRunView />;
  if (app.open !== null && app.snapshot === null && !withoutCluster.has(route.view)) return <WaitingView />;
  switch (route.view) {
    case 'overview':
      return <OverviewView />;
    case 'instances':
      return <InstancesView />;
    case 'images':
      return <ImagesView only={route.only ?? 'all'} />;
    case 'image':
      return <ImageView key={formatRoute(route)} task={route.task} node={route.node} path={route.path} />;
    case 'instance':
      return <InstanceView handle={route.instance} />;
    case 'create':
      return <CreateView key={formatRoute(route)} from={route.from ?? null} />;
    case 'import':
      return <ImportView />;
    case 'adopt':
      return <AdoptView key={formatRoute(route)} node={route.node} paths={route.paths} />;
    case 'adopt-guest':
      return <AdoptGuestView key={formatRoute(route)} node={route.node} by={route.by} />;
    case 'failover':
      return <FailoverView handle={route.instance} live={route.live ?? false} />;
    case 'copy':
      return <CopyView kind={route.kind} handle={route.instance} />;
    case 'config':
      return <ConfigView handle={route.instance} take={route.take ?? null} />;
    case 'disk':
      return (
        <DiskView key={formatRoute(route)} handle={route.instance} task={route.task} item={route.item} />
      );
    case 'review':
      return <ReviewView kind={route.kind} subject={route.subject} />;
    case 'trash':
      return <TrashView />;
    case 'purge':
      return <PurgeView key={formatRoute(route)} folders={route.folders} />;
    case 'remove-image':
      return <RemoveImageView key={formatRoute(route)} node={route.node} path={route.path} />;
    case 'drafts':
      return <DraftsView />;
    case 'draft':
      return route.as === 'text' ? (
        <DraftTextView key={route.path} path={route.path} />
      ) : (
        <DraftView key={route.path} path={route.path} />
      );
    case 'draft-change':
      return <DraftChangeView key={formatRoute(route)} path={route.path} id={route.change} />;
    case 'runs':
      return <RunsView />;
    case 'run':
      return <RunView id={route.run} />;
    case 'revert':
      return <RevertView key={route.run} id={route.run} />;
    case 'nodes':
      return <NodesView />;
    case 'add-node':
      return <AddNodeView />;
    case 'clusters':
      return <FirstRunView />;
    case 'connect':
      return <ConnectView />;
    case 'settings':
      return <SettingsView />;
    case 'templates':
      return <TemplatesView />;
  }
};

const Window = () => {
  const app = useApp();
  const desk = useDesk();
  const { connection } = useDeskState();
  const { route, go } = useNavigator();
  const drafting = useDrafting();
  const [dialog, setDialog] = useState<'palette' | 'keys' | null>(null);
  /** the question that was answered last; its answer is not kept */
  const [answered, setAnswered] = useState<typeof app.prompt>(null);
  const opener = useRef<Element | null>(null);
  useTheme(app.settings.theme);

  const open = useCallback((what: 'palette' | 'keys') => {
    opener.current = document.activeElement;
    setDialog((old) => old ?? what);
  }, []);
  const close = useCallback(() => {
    setDialog(null);
    // Focus returns to where it was before the dialog.
    requestAnimationFrame(() => opener.current instanceof HTMLElement && opener.current.focus());
  }, []);
  const openPalette = useCallback(() => open('palette'), [open]);
  const openKeys = useCallback(() => open('keys'), [open]);
  useControlKey('k', openPalette);

  const hasCluster = app.snapshot !== null;
  useKeys(
    useCallback(
      (key) => {
        if (key === '?') {
          openKeys();
          return true;
        }
        if (key === 'Escape') {
          const parent = parentOf(parseRoute(window.location.hash));
          if (parent) go(parent);
          return true;
        }
        if (!hasCluster) return false;
        const target = mainViews[Number(key) - 1];
        if (/^[1-9]$/.test(key) && target) {
          go(target.route);
          return true;
        }
        if (key === 'c') {
          go({ view: 'create' });
          return true;
        }
        return false;
      },
      [openKeys, go, hasCluster],
    ),
    'window',
  );

  // thousands of instances have many commands: they are gathered only while they are looked through
  const actions = useActionsOf();
  const commands = useMemo(
    () => (dialog === 'palette' ? commandsOf(app, actions) : []),
    [app, dialog, actions],
  );
  const run = (command: Command) => {
    setDialog(null);
    switch (command.act.kind) {
      case 'go':
        go(command.act.route);
        break;
      case 'refresh':
        if (app.open) void desk.call('cluster.refresh', { name: app.open });
        break;
      case 'keys':
        setDialog('keys');
        break;
    }
  };

  const address = formatRoute(route);
  const bare = app.open === null;
  return (
    <div className={bare ? 'vb-shell vb-shell-bare' : 'vb-shell'}>
      <button type="button" className="vb-skip" onClick={() => document.getElementById('view')?.focus()}>
        To the view
      </button>
      <TopBar onPalette={openPalette} onKeys={openKeys} />
      <Alarms />
      {!bare && <SideNav />}
      <main className="vb-main" id="view" tabIndex={-1}>
        <div className="vb-view" key={`${address} ${app.open ?? ''}`}>
          <SnapshotProvider snapshot={showsDraft(route.view, drafting) ? drafting.upon : null}>
            <View route={route} />
          </SnapshotProvider>
        </div>
      </main>
      <StatusBar onKeys={openKeys} />
      {dialog === 'palette' && <Palette commands={commands} onClose={close} onRun={run} />}
      {dialog === 'keys' && <KeysDialog onClose={close} />}
      {app.prompt && connection === 'open' && (
        <PromptDialog
          key={app.prompt.id}
          prompt={app.prompt}
          again={answered !== null && answered.id !== app.prompt.id && answered.text === app.prompt.text}
          onAnswer={(given) => setAnswered(given ? app.prompt : null)}
        />
      )}
    </div>
  );
};

export const App = () => {
  const { app, connection, problem } = useDeskState();
  if (app)
    return (
      <DraftingProvider>
        <Window />
      </DraftingProvider>
    );
  return (
    <main className="vb-first-wait">
      <h1>VBDesk</h1>
      {connection === 'lost' ? (
        <p role="alert">The app does not answer. Is it still running? The window tries again by itself.</p>
      ) : problem ? (
        <p role="alert">{problem}</p>
      ) : (
        <p>
          <Spinner /> Asking the app for its state…
        </p>
      )}
    </main>
  );
};
