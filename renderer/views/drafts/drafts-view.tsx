/** The drafts that are opened on this workstation: files, each a list of changes. */
import { Button, TextInput } from '@patternfly/react-core';
import PlusIcon from '@patternfly/react-icons/dist/esm/icons/plus-icon';
import { type FormEvent, useState } from 'react';
import { useApp, useCall } from '../../desk/desk-context.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import { RouteLink, useNavigator } from '../../navigation/navigator.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { count } from '../../parts/format.ts';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, VerdictSign } from '../../parts/signs.tsx';
import '../create/create.css';
import './drafts.css';

export const DraftsView = () => {
  const { drafts, open } = useApp();
  const { go } = useNavigator();
  const drafting = useDrafting();
  const create = useCall('draft.create');
  const read = useCall('draft.read');
  const close = useCall('draft.close');
  const [path, setPath] = useState('');
  const make = () => {
    if (open !== null && !create.busy)
      void create
        .send({ path: null, cluster: open })
        .then((file) => file && go({ view: 'draft', path: file.path }));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const named = path.trim();
    if (named !== '' && !read.busy)
      void read.send({ path: named }).then((file) => file && go({ view: 'draft', path: file.path }));
  };
  return (
    <>
      <ViewHead title="Drafts" note="changes that are prepared, read and applied later; each draft is a file">
        <span className="vb-head-end">
          {open !== null && (
            <Button icon={<PlusIcon />} onClick={make} isDisabled={create.busy}>
              New draft
            </Button>
          )}
        </span>
      </ViewHead>
      <ScrollRegion className="vb-scroll" label="Drafts">
        <FailureNote failure={create.failure} onClose={create.dismiss} what="No draft was made." />
        <FailureNote failure={close.failure} onClose={close.dismiss} what="It was not closed." />
        {drafts.length === 0 ? (
          <div className="vb-empty">
            <h2>No draft is open</h2>
            <p>
              In a draft you prepare changes without running them: also while no node answers. Every dialog
              has a button <strong>Add to draft</strong>. The draft is a YAML file, made to be read by others
              and kept in git; it is applied when the nodes answer, each change planned afresh.
            </p>
          </div>
        ) : (
          <table className="vb-table" aria-label="Drafts">
            <thead>
              <tr>
                <th scope="col">Draft</th>
                <th scope="col">Cluster</th>
                <th scope="col" className="vb-right">
                  Changes
                </th>
                <th scope="col" className="vb-right">
                  Applied
                </th>
                <th scope="col">File</th>
                <th scope="col">
                  <span className="vb-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {drafts.map((draft) => (
                <tr key={draft.path}>
                  <th scope="row">
                    <RouteLink to={{ view: 'draft', path: draft.path }}>{draft.name}</RouteLink>
                    {drafting.work === draft.path && <span className="vb-subtle"> · worked in</span>}
                  </th>
                  <td>{draft.cluster ?? 'not known'}</td>
                  <td className="vb-right">{draft.changes}</td>
                  <td className="vb-right">{draft.applied}</td>
                  <td className="vb-wrap vb-break">
                    {draft.problem === null ? (
                      <>
                        {draft.changes > 0 && draft.applied === draft.changes && (
                          <Mark mark="check" label="all applied" />
                        )}{' '}
                        <code>{draft.path}</code>
                      </>
                    ) : (
                      <span className="vb-row">
                        <VerdictSign verdict="not" /> <span>{draft.problem}</span>
                      </span>
                    )}
                  </td>
                  <td className="vb-right">
                    <Button
                      variant="link"
                      onClick={() => {
                        if (drafting.work === draft.path) drafting.leave();
                        void close.send({ path: draft.path });
                      }}
                      title="It leaves this list; its file stays"
                    >
                      Close<span className="vb-hidden"> {draft.name}; its file stays</span>
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <form className="vb-form vb-draft-open" aria-label="Open a draft" onSubmit={submit}>
          <FieldRow
            label="Open a file"
            field="draft-path"
            help={`The path of a .vbdesk.yaml file on this workstation${drafts.length > 0 ? `; ${count(drafts.length, 'draft is', 'drafts are')} open` : ''}.`}
          >
            <TextInput
              {...controlProps('draft-path')}
              className="vb-mono-input"
              spellCheck={false}
              autoComplete="off"
              value={path}
              onChange={(_, value) => setPath(value)}
            />
            <Button type="submit" variant="secondary" isDisabled={path.trim() === '' || read.busy}>
              Open
            </Button>
          </FieldRow>
          <FailureNote failure={read.failure} onClose={read.dismiss} what="It was not opened." />
        </form>
      </ScrollRegion>
    </>
  );
};
