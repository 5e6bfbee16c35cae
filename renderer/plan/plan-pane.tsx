/** The right side of every review: the plan's steps, the files that it writes, the whole script, and the same in Ganeti's words. */
import { Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { type ReactNode, useState } from 'react';
import type { PlanView } from '../../core/contract.ts';
import { isLook } from '../../core/plan/action.ts';
import { fileLabel, type Plan } from '../../core/plan/plan.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { count, memory, shortBytes, span } from '../parts/format.ts';
import { Mark } from '../parts/signs.tsx';
import { Words } from '../parts/words.tsx';
import type { PlanDifference } from './plan-difference.ts';
import { ScriptButtons } from './script-buttons.tsx';
import { StepList } from './step-list.tsx';
import { textDifference } from './text-difference.ts';

type PlanFile = Plan['files'][number];

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const unchanged = (file: PlanFile): boolean => file.before === file.after;

const Effect = ({ name, value, note }: { name: string; value: string; note: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <strong>{value}</strong>
      <span>{note}</span>
    </dd>
  </div>
);

/** What the plan does to the guest. */
export const guestEffect = (plan: Plan): { name: string; value: string; note: string } => {
  const { downSeconds } = plan.effects;
  if (downSeconds !== null)
    return { name: 'Downtime', value: `about ${span(downSeconds * 1000)}`, note: 'an estimate' };
  const down = plan.steps.find((step) => step.guest === 'down');
  if (down) return { name: 'Guest stops', value: `in step ${down.id}`, note: 'and stays down' };
  const up = plan.steps.find((step) => step.guest === 'up');
  if (up) return { name: 'Guest starts', value: `in step ${up.id}`, note: 'no running guest is stopped' };
  if (plan.steps.some((step) => step.action.do === 'migrate-domain'))
    return { name: 'Downtime', value: 'none planned', note: 'the guest runs on while it moves' };
  return { name: 'Guest', value: 'as it is', note: 'none is started or stopped' };
};

const Effects = ({ plan }: { plan: Plan }) => {
  const commit = plan.steps.find((step) => step.commit);
  const reversible = plan.steps.some((step) => step.undo.length > 0);
  const changes = plan.steps.some((step) => !isLook(step.action));
  return (
    <dl className="vb-effects">
      {plan.subject.kind === 'instance' && <Effect {...guestEffect(plan)} />}
      {plan.effects.newBytes > 0 && (
        <Effect name="New images" value={shortBytes(plan.effects.newBytes)} note="virtual size, promised" />
      )}
      {plan.effects.memory.slice(0, 2).map((each) => (
        <Effect
          key={each.node}
          name={each.node}
          value={`${each.mib < 0 ? '−' : '+'}${memory(Math.abs(each.mib))}`}
          note={each.mib < 0 ? 'memory given back' : 'memory taken'}
        />
      ))}
      <Effect
        name="Can be undone"
        value={
          commit
            ? `until step ${commit.id}`
            : reversible
              ? 'at every step'
              : changes
                ? 'no'
                : 'nothing to undo'
        }
        note={
          !changes
            ? 'the nodes are only read'
            : commit
              ? 'then only forward'
              : reversible
                ? 'in reverse on failure'
                : 'what was done stays, and is found done'
        }
      />
    </dl>
  );
};

export const FileText = ({ file }: { file: PlanFile }) => (
  <div className="vb-stack">
    <div className="vb-row">
      <code className="vb-break">{fileLabel(file)}</code>
      <span className="vb-subtle">
        {file.before === null ? 'new' : unchanged(file) ? 'no change' : 'as it will be'}
      </span>
      <span className="vb-grow" />
      <CopyButton text={file.after} />
    </div>
    {file.before === null || unchanged(file) ? (
      <pre className="vb-code">{file.after}</pre>
    ) : (
      <pre className="vb-code">
        {textDifference(file.before, file.after).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line has no other identity than its place
          <span key={index} className={`vb-line vb-line-${line.kind}`}>
            {line.kind === 'same' ? '  ' : line.kind === 'new' ? '+ ' : '- '}
            {line.text}
            {'\n'}
          </span>
        ))}
      </pre>
    )}
  </div>
);

/** Everything as one text, for reading and for the record. */
const wholeScript = (view: PlanView): string =>
  view.plan.steps
    .map((step) => {
      const text = view.texts.find((each) => each.id === step.id);
      return `# ${step.id} on ${step.nodes.join(', ')}: ${step.title}\n${text?.script ?? ''}`;
    })
    .join('\n\n');

export const PlanPane = ({
  view,
  difference = null,
  aside,
  notice,
  above,
}: {
  view: PlanView | null;
  difference?: PlanDifference | null;
  /** right of the tabs: "changes as you type" */
  aside?: ReactNode;
  /** below the steps: what happens when a step fails */
  notice?: ReactNode;
  /** above the steps */
  above?: ReactNode;
}) => {
  const [tab, setTab] = useState<string | number>('plan');
  if (!view)
    return (
      <div className="vb-pad vb-subtle" aria-live="polite">
        The plan appears here.
      </div>
    );
  const { plan } = view;
  const known = tab === 'plan' || tab === 'script' || plan.files.some((file) => fileLabel(file) === tab);
  const tabs = [
    <Tab
      key="plan"
      eventKey="plan"
      title={<TabTitleText>Plan, {count(plan.steps.length, 'step')}</TabTitleText>}
    >
      <div className="vb-plan-body">
        {above}
        {plan.steps.length === 0 ? (
          <p className="vb-subtle">No steps can be planned until what blocks is settled.</p>
        ) : (
          <>
            <Effects plan={plan} />
            <StepList view={view} difference={difference} />
          </>
        )}
        {notice && plan.steps.length > 0 && (
          <div className="vb-note vb-note-plain">
            <Mark mark="undo" />
            <div>{notice}</div>
          </div>
        )}
      </div>
    </Tab>,
    ...plan.files.map((file) => (
      <Tab
        key={fileLabel(file)}
        eventKey={fileLabel(file)}
        title={
          <TabTitleText>
            {baseName(file.path)}
            {file.node === undefined ? '' : ` on ${file.node}`}
            {unchanged(file) ? ': no change' : ''}
            {difference?.newFiles.has(fileLabel(file)) ? ' (changed)' : ''}
          </TabTitleText>
        }
      >
        <div className="vb-plan-body">
          <FileText file={file} />
        </div>
      </Tab>
    )),
    plan.steps.length > 0 && (
      <Tab key="script" eventKey="script" title={<TabTitleText>Shell script</TabTitleText>}>
        <div className="vb-plan-body">
          <ScriptButtons plan={plan} />
          <div className="vb-row">
            <span className="vb-subtle vb-grow">Every step, exactly as its node gets it</span>
            <CopyButton text={wholeScript(view)} />
          </div>
          <pre className="vb-code">{wholeScript(view)}</pre>
        </div>
      </Tab>
    ),
  ];
  return (
    <>
      <div className="vb-tabs">
        <Tabs
          activeKey={known ? tab : 'plan'}
          onSelect={(_, key) => setTab(key)}
          aria-label="The plan and its files"
          mountOnEnter
          unmountOnExit
        >
          {tabs}
        </Tabs>
        {aside && <span className="vb-tabs-aside vb-subtle">{aside}</span>}
      </div>
      {plan.equivalent === null && plan.steps.length > 0 && (
        <p className="vb-pad vb-subtle">Ganeti has no command for this.</p>
      )}
      {plan.equivalent && (
        <section className="vb-equivalent" aria-label="The same command">
          <div className="vb-row">
            <strong>Same as</strong>
            <span className="vb-subtle vb-grow">in Ganeti&rsquo;s words; vbdesk takes them too</span>
            <CopyButton text={plan.equivalent} />
          </div>
          <pre className="vb-code">
            <Words text={plan.equivalent} />
          </pre>
        </section>
      )}
    </>
  );
};
