/** A change of a draft in the dialog that it was made in; where there is none for it, the text is where it is edited. */
import { type ReactNode, useEffect, useState } from 'react';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Failure } from '../../../core/contract.ts';
import type { Change } from '../../../core/draft/draft.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { SnapshotProvider, useDesk } from '../../desk/desk-context.tsx';
import { EditingProvider } from '../../draft/drafting.tsx';
import { draftName, intentTitle } from '../../model/draft-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { Spinner } from '../../parts/signs.tsx';
import { ConfigView } from '../config/config-view.tsx';
import { CopyView } from '../copy/copy-view.tsx';
import { CreateView } from '../create/create-view.tsx';
import { fitsForm } from '../create/form-of-create.ts';
import { FailoverView } from '../failover/failover-view.tsx';
import { ReviewView } from '../review/review-view.tsx';

/** Null: it is edited as text. */
const dialogFor = (intent: Intent): ReactNode => {
  switch (intent.kind) {
    case 'create':
      return fitsForm(intent) ? <CreateView from={null} /> : null;
    case 'failover':
      return <FailoverView handle={intent.instance} live={false} />;
    case 'migrate':
      return intent.cleanup ? null : <FailoverView handle={intent.instance} live />;
    case 'start':
    case 'stop':
    case 'reboot':
    case 'remove':
      return <ReviewView kind={intent.kind} subject={intent.instance} />;
    case 'clone':
    case 'move':
    case 'replicate':
    case 'rename':
      return <CopyView kind={intent.kind} handle={intent.instance} />;
    case 'configure':
      return <ConfigView handle={intent.instance} take={null} />;
    default:
      return null;
  }
};

type Loaded = { change: Change; snapshot: Snapshot } | { failure: Failure | null } | null;

export const DraftChangeView = ({ path, id }: { path: string; id: string }) => {
  const desk = useDesk();
  const [loaded, setLoaded] = useState<Loaded>(null);
  useEffect(() => {
    let current = true;
    const load = async (): Promise<Loaded> => {
      const file = await desk.call('draft.read', { path });
      if (!file.ok) return { failure: file.error };
      const change = file.value.draft?.changes.find((each) => each.id === id);
      if (!change) return { failure: null };
      const upon = await desk.call('draft.snapshot', { path, fresh: false, before: id });
      return upon.ok ? { change, snapshot: upon.value } : { failure: upon.error };
    };
    void load().then((found) => current && setLoaded(found));
    return () => {
      current = false;
    };
  }, [desk, path, id]);

  const crumb = { text: draftName(path), href: formatRoute({ view: 'draft', path }) };
  if (loaded && 'change' in loaded) {
    const dialog = dialogFor(loaded.change.intent);
    if (dialog !== null)
      return (
        <EditingProvider path={path} change={loaded.change} upon={loaded.snapshot}>
          <SnapshotProvider snapshot={loaded.snapshot}>{dialog}</SnapshotProvider>
        </EditingProvider>
      );
  }
  return (
    <>
      <ViewHead
        title={loaded && 'change' in loaded ? intentTitle(loaded.change.intent) : 'A change'}
        crumb={crumb}
      />
      <div className="vb-empty">
        {loaded === null ? (
          <p className="vb-row" role="status">
            <Spinner /> Reading the draft…
          </p>
        ) : 'change' in loaded ? (
          <p>This kind of change is edited in the text of the draft.</p>
        ) : (
          <>
            <FailureNote failure={loaded.failure} what="It can’t be opened." />
            {loaded.failure === null && <p>The draft has no such change any more.</p>}
          </>
        )}
        <RouteLink to={{ view: 'draft', path, as: 'text' }} className="pf-v6-c-button pf-m-primary">
          Edit YAML
        </RouteLink>
      </div>
    </>
  );
};
