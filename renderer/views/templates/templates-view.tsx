/** Where the cluster looks for templates: one setting of all its nodes and workstations, and what lies there now. */
import { Radio, TextInput } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import { operatingSystemsOf } from '../../../core/cluster/operating-systems.ts';
import { templateDirectory as inStorage } from '../../../core/cluster/schema.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { bytesOf } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { Section } from '../../parts/page.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';

const FoundTemplates = () => {
  const snapshot = useSnapshot();
  const { templates } = useMemo(() => operatingSystemsOf(snapshot), [snapshot]);
  return (
    <Section title="Templates that are found now">
      {templates.length === 0 ? (
        <p className="vb-subtle">
          None. A template is a raw or qcow2 image of an installed guest; disk 0 of a new instance can be a
          copy of it.
        </p>
      ) : (
        <table className="vb-table" aria-label="Templates">
          <thead>
            <tr>
              <th scope="col">Template</th>
              <th scope="col">Type</th>
              <th scope="col" className="vb-right">
                On disk, of virtual size
              </th>
              <th scope="col">Nodes</th>
            </tr>
          </thead>
          <tbody>
            {templates.map((row) => {
              const figures = bytesOf(row.allocated, row.size);
              return (
                <tr key={`${row.path} ${row.nodes.join(' ')}`}>
                  <td className="vb-wrap vb-break">
                    <code>{row.path}</code>
                  </td>
                  <td>{row.type}</td>
                  <td className="vb-right">
                    {figures.part} of {figures.whole}
                  </td>
                  <td className="vb-wrap vb-break">
                    <Names names={row.nodes} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Section>
  );
};

export const TemplatesView = () => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const { cluster } = snapshot;
  const former = cluster.templateDirectory ?? null;
  const [isOwn, setOwn] = useState(former !== null);
  const [path, setPath] = useState(former ?? `${cluster.storageDirectories[0] ?? '/srv'}/templates`);
  const wanted = isOwn ? path.trim() : null;
  const intent = useMemo(
    () =>
      wanted === '' || wanted === former
        ? null
        : { kind: 'cluster-modify' as const, templateDirectory: wanted },
    [wanted, former],
  );
  const review = useReview(intent, { wait: 250, fresh: true });
  const errors = new Map<string, string>();
  if (wanted === '') errors.set('templateDirectory', 'Name the directory by its path on the nodes.');
  for (const reason of intent ? (review.view?.plan.reasons ?? []) : [])
    if (reason.severity === 'blocks' && reason.field === 'templateDirectory')
      errors.set('templateDirectory', reason.text);
  return (
    <PlanReview
      title="Template directory"
      note={`of the cluster ${cluster.name}`}
      crumb={{ text: 'Settings', href: formatRoute({ view: 'settings' }) }}
      review={review}
      action="Tell all nodes"
      locked={wanted === former ? 'Templates are looked for there already.' : null}
      onCancel={() => go({ view: 'settings' })}
      hide={(reason) => reason.severity === 'blocks' && reason.text === errors.get('templateDirectory')}
      choices={
        <>
          <fieldset className="vb-radios">
            <legend>Templates lie</legend>
            <Radio
              id="templates-in-storage"
              name="templates"
              label={`in ${inStorage} of each storage directory`}
              description="An instance finds those of the storage directory in which it is created."
              isChecked={!isOwn}
              onChange={() => setOwn(false)}
            />
            <Radio
              id="templates-in-one"
              name="templates"
              label="in one directory"
              description="The same path on every node: a mounted one, or a folder of a storage directory, into which images can be copied and converted."
              isChecked={isOwn}
              onChange={() => setOwn(true)}
            />
          </fieldset>
          {isOwn && (
            <FieldRow label="Directory" field="templateDirectory" errors={errors}>
              <TextInput
                {...controlProps('templateDirectory', errors)}
                className="vb-mono-input"
                spellCheck={false}
                value={path}
                onChange={(_, value) => setPath(value)}
              />
            </FieldRow>
          )}
          <FoundTemplates />
        </>
      }
      notice={
        <>
          <strong>No template is moved or copied.</strong> Other workstations learn of it from the nodes.
        </>
      }
    />
  );
};
