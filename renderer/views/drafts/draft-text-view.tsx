/** The file of a draft as it is written, marked where it can't be understood. */
import { Button, Switch } from '@patternfly/react-core';
import { useCallback, useMemo, useState } from 'react';
import { useDraft } from '../../draft/use-draft.ts';
import { draftMarks, problemsOf } from '../../model/draft-text.ts';
import { draftName } from '../../model/draft-words.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { FailureNote } from '../../parts/failure-note.tsx';
import { count } from '../../parts/format.ts';
import { Kbd } from '../../parts/kbd.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Spinner, VerdictSign } from '../../parts/signs.tsx';
import { useControlKey } from '../../shell/use-keys.ts';
import '../config/config.css';
import { TextEditor } from '../config/text-editor.tsx';
import '../create/create.css';
import './drafts.css';
import { yamlLanguage } from './yaml-language.ts';

/** What was typed and not saved, by path: a look elsewhere does not lose it. */
const unsaved = new Map<string, { base: string; text: string }>();

const Editor = ({
  path,
  draft,
  present,
}: {
  path: string;
  draft: ReturnType<typeof useDraft>;
  /** the file as it is now */
  present: string;
}) => {
  const { go } = useNavigator();
  const left = unsaved.get(path);
  const [base, setBase] = useState(left?.base ?? present);
  const [text, setText] = useState(left?.text ?? present);
  const [changes, setChanges] = useState(false);
  const problems = useMemo(() => problemsOf(text), [text]);
  const differs = text !== base;
  const moved = present !== base;
  const change = useCallback(
    (next: string) => {
      setText(next);
      unsaved.set(path, { base, text: next });
    },
    [path, base],
  );
  const begin = (from: string, next: string) => {
    setBase(from);
    setText(next);
    if (from === next) unsaved.delete(path);
    else unsaved.set(path, { base: from, text: next });
  };
  const back = useCallback(() => go({ view: 'draft', path }), [go, path]);
  const { write, editing } = draft;
  const save = useCallback(() => {
    if (!differs || moved || editing) return;
    void write(text).then((done) => {
      if (!done) return;
      unsaved.delete(path);
      setBase(text);
      if (problems.length === 0) back();
    });
  }, [differs, moved, editing, write, text, path, problems, back]);
  useControlKey('Enter', save);
  useControlKey('s', save);
  return (
    <>
      <ViewHead
        title="The draft as text"
        crumb={{ text: draftName(path), href: formatRoute({ view: 'draft', path }) }}
        note={<code className="vb-break">{path}</code>}
      >
        <span className="vb-head-end">
          <Switch
            id="draft-changes"
            label="Changes"
            isChecked={changes}
            onChange={(_, shown) => setChanges(shown)}
          />
        </span>
      </ViewHead>
      {moved && (
        <div className="vb-note vb-note-warning vb-config-note" role="alert">
          <VerdictSign verdict="warning" />
          <span className="vb-grow">
            The file was changed since you opened it. Nothing of it is overwritten unseen.
          </span>
          <Button
            variant="link"
            isInline
            onClick={() => {
              begin(present, text);
              setChanges(true);
            }}
          >
            Show mine against it
          </Button>
          <Button variant="link" isInline onClick={() => begin(present, present)}>
            Take it, drop mine
          </Button>
        </div>
      )}
      <div className="vb-draft-text">
        <TextEditor
          text={text}
          original={changes ? base : null}
          label={`The text of ${draftName(path)}`}
          language={yamlLanguage}
          marksOf={draftMarks}
          onChange={change}
        />
        {problems.length > 0 && (
          <ScrollRegion className="vb-draft-marks" label="Problems">
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
          </ScrollRegion>
        )}
      </div>
      <FailureNote failure={draft.editFailure} what="It was not saved." />
      <div className="vb-actions">
        <Button isAriaDisabled={!differs || moved || editing} onClick={save}>
          Save the file
        </Button>
        <Button variant="link" onClick={back}>
          Back to the draft
        </Button>
        <span className="vb-actions-end" role="status">
          {problems.length > 0 ? (
            <>
              <VerdictSign verdict="not" /> {count(problems.length, 'problem')}; it can be saved all the same
            </>
          ) : (
            <>
              <VerdictSign verdict="ready" /> {differs ? 'it reads well' : 'saved'}
            </>
          )}
          <Kbd>Ctrl</Kbd>
          <Kbd>S</Kbd> save
        </span>
      </div>
    </>
  );
};

export const DraftTextView = ({ path }: { path: string }) => {
  const draft = useDraft(path);
  if (draft.file) return <Editor path={path} draft={draft} present={draft.file.text} />;
  return (
    <>
      <ViewHead title={draftName(path)} crumb={{ text: 'Drafts', href: formatRoute({ view: 'drafts' }) }} />
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
