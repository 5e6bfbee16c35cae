/** A guest that somebody made by hand becomes an instance, by its configuration in /etc/xen or by what its domain tells. */
import { Checkbox, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import { lookupOf } from '../../../core/cluster/lookup.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { adoptionOf, type GuestByHand, guestsByHand } from '../../../core/plan/adopt/guests-by-hand.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { FoundImages } from '../../parts/found-images.tsx';
import { Section } from '../../parts/page.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { PlanReview } from '../review/plan-review.tsx';
import { filesOf } from './adopt-form.ts';

/** The guest of an address: `by` is its file in /etc/xen, or the uuid of its domain. */
export const guestAt = (snapshot: Snapshot, node: string, by: string): GuestByHand | null =>
  guestsByHand(snapshot).find(
    (each) => each.node === node && (each.config ?? each.domain?.uuid?.toLowerCase()) === by,
  ) ?? null;

/** Another node that shows the folder of its first image, and so could go on with it. */
const secondaryFor = (snapshot: Snapshot, { node, images }: GuestByHand): string => {
  const folder = images[0]?.slice(0, images[0].lastIndexOf('/'));
  const { nodes } = lookupOf(snapshot);
  return (
    nodes.find(
      (each) => each.name !== node && each.seen && each.facts?.folders.some((found) => found.path === folder),
    )?.name ?? ''
  );
};

const noErrors: ReadonlyMap<string, string> = new Map();

const Gone = ({ node, by }: { node: string; by: string }) => (
  <div className="vb-empty">
    <h1>No guest to adopt</h1>
    <p>
      {node} shows no guest by <code className="vb-break">{by}</code> any more that is no instance.
    </p>
  </div>
);

const Form = ({ guest: first, node, by }: { guest: GuestByHand; node: string; by: string }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  // it is no such guest any more as soon as its run has come to an end, and the page stays
  const guest = guestAt(snapshot, node, by) ?? first;
  const [name, setName] = useState(guest.name);
  const [secondary, setSecondary] = useState(() => secondaryFor(snapshot, guest));
  const [start, setStart] = useState(false);
  const runs = guest.domain !== null;
  const intent = useMemo(
    () =>
      name.trim() === '' || first.images.length === 0
        ? null
        : adoptionOf(first, { name: name.trim(), secondary: secondary === '' ? null : secondary, start }),
    [first, name, secondary, start],
  );
  const review = useReview(intent, { wait: 250, fresh: true, subject: `${node} ${by}` });
  const errors = new Map(name.trim() === '' ? [['name', 'The instance needs a name.']] : noErrors);
  const reasons = intent && review.view ? review.view.plan.reasons : [];
  for (const each of reasons)
    if (each.severity === 'blocks' && each.field !== undefined && !errors.has(each.field))
      errors.set(each.field, each.text);
  return (
    <PlanReview
      title={`Adopt ${guest.name} on ${node}`}
      crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}
      subject={node}
      review={review}
      action={name.trim() === '' ? 'Adopt' : `Adopt as ${name.trim()}`}
      onCancel={() => go({ view: 'instances' })}
      choices={
        <div className="vb-form">
          <Section
            title="Configuration"
            note={guest.config === null ? 'none was found' : 'it goes on as xen.cfg beside the images'}
          >
            <p className="vb-subtle">
              {guest.config === null ? (
                <>
                  The domain runs, and /etc/xen has no file of it: its configuration is written from what the
                  toolstack tells of it. Read it under “xen.cfg” before you go on.
                </>
              ) : (
                <>
                  <code className="vb-break">{guest.config}</code> is set aside under another name, so that
                  nobody starts the guest a second time.
                </>
              )}
            </p>
          </Section>
          <Section title="Images" note="they are taken as they are">
            <FoundImages
              label="Images to adopt"
              files={filesOf(snapshot, node, guest.images)}
              reasons={reasons.filter((each) => each.field === 'paths')}
            />
          </Section>
          <FieldRow
            label="Name"
            field="name"
            errors={errors}
            {...(runs && { help: 'As long as it runs the instance needs the name of its domain.' })}
          >
            <TextInput
              {...controlProps('name', errors)}
              value={name}
              autoComplete="off"
              spellCheck={false}
              {...(runs && { readOnlyVariant: 'default' as const })}
              onChange={(_, value) => setName(value)}
            />
          </FieldRow>
          <FieldRow label="Secondary" field="secondary" errors={errors}>
            <FormSelect
              {...controlProps('secondary', errors)}
              value={secondary}
              onChange={(_, value) => setSecondary(value)}
            >
              <FormSelectOption value="" label="none" />
              {snapshot.nodes
                .filter((each) => each.name !== node)
                .map((each) => (
                  <FormSelectOption key={each.name} value={each.name} label={each.name} />
                ))}
            </FormSelect>
          </FieldRow>
          {!runs && (
            <Checkbox
              id="field-start"
              label="Start when adopted"
              isChecked={start}
              onChange={(_, value) => setStart(value)}
            />
          )}
        </div>
      }
      notice={
        <>
          <strong>No image is written to, copied or moved.</strong>{' '}
          {runs
            ? 'The guest goes on running: nothing of it is stopped or started again.'
            : 'It is not started unless you say so.'}
        </>
      }
    />
  );
};

export const AdoptGuestView = ({ node, by }: { node: string; by: string }) => {
  const snapshot = useSnapshot();
  const [guest] = useState(() => guestAt(snapshot, node, by));
  return guest ? <Form guest={guest} node={node} by={by} /> : <Gone node={node} by={by} />;
};
