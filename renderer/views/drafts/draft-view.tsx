/** One draft: its changes in order, each as it is now, and what all of them come to. */
import { Button } from '@patternfly/react-core';
import CodeIcon from '@patternfly/react-icons/dist/esm/icons/code-icon';
import { useCallback, useMemo, useRef, useState } from 'react';
import { baseOf, instancesOf } from '../../../core/draft/base.ts';
import type { DraftFile, DraftProblem } from '../../../core/draft/draft.ts';
import { titlesOf } from '../../../core/draft/titles.ts';
import { useApp } from '../../desk/desk-context.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import { type OpenedDraft, useChosenPlan, useDraft } from '../../draft/use-draft.ts';
import {
  countStates,
  draftName,
  intentTitle,
  isChoosable,
  isUnread,
  movedBefore,
  stateOf,
  stateWords,
} from '../../model/draft-words.ts';
import { RouteLink, useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ago, count } from '../../parts/format.ts';
import { Kbd } from '../../parts/kbd.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Spinner, VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { ApplyPanel, type Entry } from './apply-panel.tsx';
import { type ChangeActs, ChangeRow, StateSignOf } from './change-row.tsx';
import './drafts.css';
import { SaveScript } from './save-script.tsx';

const crumb = { text: 'Drafts', href: formatRoute({ view: 'drafts' }) };

export const Problems = ({ problems, path }: { problems: readonly DraftProblem[]; path: string }) => (
  <div className="vb-empty">
    <h2>It can&rsquo;t be read as a draft yet</h2>
    <ul className="vb-todo">
      {problems.map((each) => (
        <li key={`${each.line} ${each.column} ${each.message}`}>
          <VerdictSign verdict="not" />
          <span className="vb-break">
            <strong>
              Line {each.line}, column {each.column}:
            </strong>{' '}
            {each.message}
          </span>
        </li>
      ))}
    </ul>
    <RouteLink to={{ view: 'draft', path, as: 'text' }} className="pf-v6-c-button pf-m-primary">
      Mend it in the text
    </RouteLink>
  </div>
);

const Summary = ({ draft, entries }: { draft: OpenedDraft; entries: readonly Entry[] }) => {
  const now = useNow(1000);
  const { plan, planning } = draft;
  return (
    <div className="vb-draft-summary">
      <strong>
        {planning ? (
          <span className="vb-row">
            <Spinner /> being planned…
          </span>
        ) : plan === null ? (
          'Not planned yet'
        ) : plan.offline ? (
          `Planned on what the nodes showed ${plan.at === null ? 'never' : ago(plan.at, now)}`
        ) : (
          `Planned on what the nodes said ${plan.at === null ? '' : ago(plan.at, now)}`
        )}
      </strong>
      {countStates(entries.map((each) => each.state)).map(({ state, amount }) => (
        <span key={state} className="vb-row">
          <StateSignOf state={state} /> {amount} {stateWords[state]}
        </span>
      ))}
      <span className="vb-grow" />
      <span className="vb-row vb-draft-hints">
        <Kbd>Alt</Kbd>
        <Kbd>↑</Kbd>
        <Kbd>↓</Kbd> <span className="vb-subtle">reorder</span>
        <Kbd>Space</Kbd> <span className="vb-subtle">choose</span>
      </span>
      <Button
        variant="link"
        isInline
        isAriaDisabled={planning}
        onClick={() => !planning && draft.planAfresh()}
      >
        Plan afresh
      </Button>
    </div>
  );
};

const Changes = ({
  path,
  draft,
  entries,
  onChoose,
}: {
  path: string;
  draft: OpenedDraft;
  entries: readonly Entry[];
  onChoose: (id: string, chosen: boolean) => void;
}) => {
  const { snapshot } = useApp();
  const list = useRef<HTMLOListElement>(null);
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [said, setSaid] = useState('');
  /** the text as it was before a change was taken out */
  const [before, setBefore] = useState<{ title: string; text: string } | null>(null);
  const { edit, editing, file } = draft;
  const ids = entries.map((each) => each.change.id);

  const focus = (id: string) =>
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(`#change-${CSS.escape(id)}`)?.focus(),
    );
  const actsOf = ({ change, planned }: Entry, open: boolean): ChangeActs => {
    const { id } = change;
    const place = async (target: string | null) => {
      if (editing || !(await edit({ edit: 'move', id, before: target }))) return;
      setSaid(`Moved: ${planned?.view?.plan.title ?? intentTitle(change.intent)}.`);
      focus(id);
    };
    return {
      choose: (chosen) => onChoose(id, chosen),
      toggle: () => setOpened((old) => new Map(old).set(id, !open)),
      move: (by) => {
        const target = movedBefore(ids, id, by);
        if (target !== undefined) void place(target);
      },
      dropHere: (other) => {
        // one that comes from above takes the place below, as the eye expects
        const from = ids.indexOf(other);
        const to = ids.indexOf(id);
        if (from < 0 || editing) return;
        void edit({ edit: 'move', id: other, before: from < to ? (ids[to + 1] ?? null) : id });
      },
      accept: (code, given) =>
        void edit({
          edit: 'set-accept',
          id,
          accept: given
            ? [...new Set([...change.accept, code])]
            : change.accept.filter((each) => each !== code),
        }),
      read: () => {
        // what is shown is the plan that was read, not the one that is being made
        if (!planned?.view || !draft.planned) return;
        const base = snapshot && baseOf(snapshot, instancesOf(change.intent));
        void edit({
          edit: 'set-reviewed',
          changes: [{ id, steps: titlesOf(planned.view.plan) }],
          ...(base && { base }),
        });
      },
      settle: () => void edit({ edit: 'set-applied', id, applied: null }),
      duplicate: () => void edit({ edit: 'duplicate', id }),
      remove: () => {
        const title = planned?.view?.plan.title ?? intentTitle(change.intent);
        const text = file?.text ?? '';
        void edit({ edit: 'remove', id }).then((done) => {
          if (done) setBefore({ title, text });
        });
      },
    };
  };
  return (
    <>
      <p className="vb-hidden" aria-live="polite">
        {said}
      </p>
      {before && (
        <p className="vb-note vb-note-plain" role="status">
          <span className="vb-grow">Taken out: {before.title}.</span>
          <Button
            variant="link"
            isInline
            onClick={() => void draft.write(before.text).then((done) => done && setBefore(null))}
          >
            Put it back
          </Button>
          <Button variant="link" isInline onClick={() => setBefore(null)}>
            Close
          </Button>
        </p>
      )}
      <ol className="vb-changes" ref={list} aria-label="Changes in order">
        {entries.map((entry, index) => {
          const { id } = entry.change;
          const open =
            opened.get(id) ??
            (entry.state === 'changed' ||
              entry.state === 'impossible' ||
              entry.state === 'failed' ||
              entry.state === 'started');
          return (
            <ChangeRow
              key={id}
              change={entry.change}
              planned={entry.planned}
              progress={entry.progress}
              state={entry.state}
              number={index + 1}
              last={index === entries.length - 1}
              chosen={entry.chosen}
              choosable={entry.choosable}
              open={open}
              path={path}
              acts={actsOf(entry, open)}
            />
          );
        })}
      </ol>
    </>
  );
};

const Draft = ({ path, draft, file }: { path: string; draft: OpenedDraft; file: DraftFile }) => {
  const { go } = useNavigator();
  const app = useApp();
  const drafting = useDrafting();
  const now = useNow(5000);
  const [unchosen, setUnchosen] = useState<ReadonlySet<string>>(new Set());
  const { plan } = draft;
  const applying = app.applying?.path === path ? app.applying : null;
  const entries = useMemo((): Entry[] => {
    const planned = new Map(plan?.changes.map((each) => [each.id, each]));
    const running = new Map(applying?.changes.map((each) => [each.id, each]));
    return (file.draft?.changes ?? []).map((change) => {
      const found = planned.get(change.id);
      const choosable = isChoosable(change, found);
      return {
        change,
        planned: found,
        progress: running.get(change.id),
        state: stateOf(change, found, applying?.over ? undefined : running.get(change.id)),
        choosable,
        chosen: choosable && !unchosen.has(change.id),
      };
    });
  }, [file, plan, unchosen, applying]);
  const chosen = entries.filter((each) => each.chosen).map((each) => each.change.id);
  const all = entries.filter((each) => each.choosable);
  const alone = useChosenPlan(
    path,
    file.sha256,
    draft.planned && chosen.length > 0 && chosen.length < all.length ? chosen : null,
  );
  const choose = useCallback((id: string, chosen: boolean) => {
    setUnchosen((old) => {
      const next = new Set(old);
      if (chosen) next.delete(id);
      else next.add(id);
      return next;
    });
  }, []);
  const cluster = file.draft?.cluster ?? '';
  const add = () => {
    drafting.enter(path);
    go({ view: 'instances' });
  };
  const { base } = file.draft ?? {};
  const unread = entries.filter((each) => isUnread(each.change, each.planned));
  const readAll = () => {
    const names = new Set(unread.flatMap(({ change }) => instancesOf(change.intent)));
    const known = plan?.base;
    void draft.edit({
      edit: 'set-reviewed',
      changes: unread.flatMap(({ change, planned }) =>
        planned?.view ? [{ id: change.id, steps: titlesOf(planned.view.plan) }] : [],
      ),
      // only of what was read
      ...(known && {
        base: {
          ...known,
          instances: Object.fromEntries(
            Object.entries(known.instances).filter(([name, { uuid }]) => names.has(name) || names.has(uuid)),
          ),
        },
      }),
    });
  };
  return (
    <>
      <ViewHead
        title={draftName(path)}
        crumb={crumb}
        note={
          <>
            of {cluster}
            {base && `, on what its nodes showed ${ago(base.at, now)}`}
          </>
        }
      >
        <span className="vb-head-end">
          {file.draft && app.open === cluster && <Button onClick={add}>Add a change…</Button>}
          <Button
            variant="secondary"
            icon={<CodeIcon />}
            onClick={() => go({ view: 'draft', path, as: 'text' })}
          >
            Edit YAML
          </Button>
          {file.draft && <SaveScript path={path} />}
        </span>
      </ViewHead>
      {file.draft === null ? (
        <Problems problems={file.problems} path={path} />
      ) : (
        <div className="vb-draft">
          <div className="vb-draft-main">
            <Summary draft={draft} entries={entries} />
            <ScrollRegion className="vb-scroll" label="Changes">
              <FailureNote failure={draft.planFailure} what="It could not be planned." />
              <FailureNote failure={draft.editFailure} what="The draft was not changed." />
              {entries.length === 0 && (
                <div className="vb-empty">
                  <h2>No change in it yet</h2>
                  <p>
                    Choose <strong>Add a change…</strong>: the window then shows {cluster} as this draft would
                    leave it, and every dialog adds to it.
                  </p>
                </div>
              )}
              {unread.length > 1 && draft.planned && (
                <p className="vb-note vb-note-plain">
                  <span className="vb-grow">
                    Nobody has read {count(unread.length, 'plan')} yet. Open each, or look at all of them and
                    say so at once.
                  </span>
                  <Button variant="link" isInline onClick={readAll}>
                    I have read them all
                  </Button>
                </p>
              )}
              <Changes path={path} draft={draft} entries={entries} onChoose={choose} />
            </ScrollRegion>
          </div>
          <ApplyPanel
            path={path}
            cluster={cluster}
            draft={draft}
            entries={entries}
            applying={applying}
            alone={alone}
          />
        </div>
      )}
    </>
  );
};

export const DraftView = ({ path }: { path: string }) => {
  const draft = useDraft(path);
  if (draft.file) return <Draft path={path} draft={draft} file={draft.file} />;
  return (
    <>
      <ViewHead title={draftName(path)} crumb={crumb} />
      <div className="vb-pad">
        <FailureNote failure={draft.failure} what="The draft can’t be opened." />
        {!draft.failure && (
          <p className="vb-row" role="status">
            <Spinner /> Reading the file…
          </p>
        )}
      </div>
    </>
  );
};
