import { Button, Radio, TextInput } from '@patternfly/react-core';
import { useState } from 'react';
import { type Cluster, templateDirectory } from '../../../core/cluster/schema.ts';
import type { Settings } from '../../../core/contract.ts';
import { useApp, useCall } from '../../desk/desk-context.tsx';
import { RouteLink } from '../../navigation/navigator.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { Facts, Section, ViewHead } from '../../parts/page.tsx';
import { Mark } from '../../parts/signs.tsx';
import '../create/create.css';
import '../review/review.css';

const themes: readonly { theme: Settings['theme']; label: string }[] = [
  { theme: 'system', label: 'As the system' },
  { theme: 'light', label: 'Light' },
  { theme: 'dark', label: 'Dark' },
];

/** What all nodes and workstations of the open cluster share. */
const ClusterSettings = ({ cluster }: { cluster: Cluster }) => (
  <Section title={`Of the cluster ${cluster.name}`} note="all its nodes and workstations share it">
    <Facts
      facts={[
        {
          name: 'Templates',
          value: (
            <>
              {cluster.templateDirectory === undefined ? (
                <>
                  in <code>{templateDirectory}</code> of each storage directory
                </>
              ) : (
                <>
                  in <code className="vb-break">{cluster.templateDirectory}</code>
                </>
              )}{' '}
              <RouteLink to={{ view: 'templates' }}>Change…</RouteLink>
            </>
          ),
        },
      ]}
    />
  </Section>
);

export const SettingsView = () => {
  const { settings, version, snapshot } = useApp();
  const call = useCall('settings.set');
  const [seconds, setSeconds] = useState(String(settings.refreshSeconds));
  const [days, setDays] = useState(String(settings.trashDays));
  const [saved, setSaved] = useState(false);
  const value = /^[0-9]{1,4}$/.test(seconds.trim()) ? Number(seconds) : 0;
  const trashDays = /^[0-9]{1,4}$/.test(days.trim()) ? Number(days) : 0;
  const errors = new Map<string, string>();
  if (value < 2 || value > 3600) errors.set('refresh', 'A whole number of seconds from 2 to 3600.');
  if (trashDays < 1 || trashDays > 3650) errors.set('trash-days', 'A whole number of days from 1 to 3650.');
  const set = async (next: Settings) => {
    setSaved(false);
    setSaved((await call.send(next)) !== null);
  };
  return (
    <>
      <ViewHead title="Settings" note="of this workstation" />
      <div className="vb-scroll vb-pad vb-stack">
        <form
          className="vb-stack vb-settings"
          aria-label="Settings"
          onSubmit={(event) => {
            event.preventDefault();
            if (errors.size === 0) void set({ ...settings, refreshSeconds: value, trashDays });
          }}
        >
          <fieldset className="vb-radios">
            <legend>Theme</legend>
            {themes.map((each) => (
              <Radio
                key={each.theme}
                id={`theme-${each.theme}`}
                name="theme"
                label={each.label}
                isChecked={settings.theme === each.theme}
                onChange={() => void set({ ...settings, theme: each.theme })}
              />
            ))}
          </fieldset>
          <FieldRow
            label="Read the nodes"
            field="refresh"
            errors={errors}
            help="The pause between two reads of the open cluster's nodes, 2 to 3600 seconds."
          >
            every
            <span className="vb-short-field">
              <TextInput
                {...controlProps('refresh', errors)}
                aria-label="Seconds between two reads of the nodes"
                inputMode="numeric"
                value={seconds}
                onChange={(_, text) => setSeconds(text)}
              />
            </span>
            seconds
          </FieldRow>
          <FieldRow
            label="Keep in the trash"
            field="trash-days"
            errors={errors}
            help="What was removed is marked as expired then. Nothing deletes itself: somebody purges it."
          >
            for
            <span className="vb-short-field">
              <TextInput
                {...controlProps('trash-days', errors)}
                aria-label="Days in the trash"
                inputMode="numeric"
                value={days}
                onChange={(_, text) => setDays(text)}
              />
            </span>
            days
          </FieldRow>
          <div>
            <Button
              type="submit"
              variant="secondary"
              isDisabled={
                errors.size > 0 || (value === settings.refreshSeconds && trashDays === settings.trashDays)
              }
            >
              Save
            </Button>
          </div>
          <FailureNote failure={call.failure} what="It was not saved." />
          <p role="status">
            {saved && !call.failure && (
              <>
                <Mark mark="check" /> Saved.
              </>
            )}
          </p>
        </form>
        {snapshot && <ClusterSettings cluster={snapshot.cluster} />}
        <p className="vb-subtle">VBDesk {version}</p>
      </div>
    </>
  );
};
