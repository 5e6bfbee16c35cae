/** What a configuration says of the guest, as fields. */
import { Button, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { generateMacAddress } from '../../../core/storage/names.ts';
import { DOMAIN_ACTIONS, GUEST_TYPES } from '../../../core/xen/instance-config.ts';
import { layoutOfVdev } from '../../../core/xen/vdev.ts';
import { formatRoute } from '../../navigation/route.ts';
import { FieldRow, fieldId } from '../../parts/field.tsx';
import type { ConfigForm, Effects, FieldKey } from './config-form.ts';

type Set = (key: FieldKey, value: string) => void;

const Text = ({
  label,
  field,
  form,
  hint = '',
  unit = '',
  effects,
  onSet,
}: {
  label: string;
  field: FieldKey;
  form: ConfigForm;
  hint?: string;
  unit?: string;
  effects: Effects;
  onSet: Set;
}) => (
  <FieldRow label={label} field={field} help={effects.get(field)}>
    <TextInput
      id={fieldId(field)}
      className="vb-mono-input"
      value={form.values[field]}
      placeholder={hint}
      onChange={(_, value) => onSet(field, value)}
    />
    {unit && <span className="vb-subtle">{unit}</span>}
  </FieldRow>
);

const Choice = ({
  label,
  field,
  form,
  options,
  unsaid,
  effects,
  onSet,
}: {
  label: string;
  field: FieldKey;
  form: ConfigForm;
  options: readonly string[];
  /** what holds while the text says nothing; null where it always says something */
  unsaid: string | null;
  effects: Effects;
  onSet: Set;
}) => {
  const value = form.values[field];
  return (
    <FieldRow label={label} field={field} help={effects.get(field)}>
      <FormSelect id={fieldId(field)} value={value} onChange={(_, chosen) => onSet(field, chosen)}>
        {unsaid !== null && <FormSelectOption value="" label={`not said (${unsaid})`} />}
        {[...options, ...(value === '' || options.includes(value) ? [] : [value])].map((each) => (
          <FormSelectOption key={each} value={each} label={each} />
        ))}
      </FormSelect>
    </FieldRow>
  );
};

export const GuestFields = ({
  form,
  effects,
  onSet,
}: {
  form: ConfigForm;
  /** of a guest that runs */
  effects: Effects;
  onSet: Set;
}) => (
  <>
    <Choice
      label="Type"
      field="type"
      form={form}
      options={GUEST_TYPES}
      unsaid={null}
      effects={effects}
      onSet={onSet}
    />
    <Text label="Memory" field="memory" form={form} unit="MiB" effects={effects} onSet={onSet} />
    <Text
      label="At most"
      field="maxmem"
      form={form}
      hint="as memory"
      unit="MiB"
      effects={effects}
      onSet={onSet}
    />
    <Text label="vCPUs" field="vcpus" form={form} hint="1" effects={effects} onSet={onSet} />
    <Text
      label="vCPUs at most"
      field="maxvcpus"
      form={form}
      hint="as vCPUs"
      effects={effects}
      onSet={onSet}
    />
    <hr />
    <Text label="Kernel" field="kernel" form={form} hint="none" effects={effects} onSet={onSet} />
    <Text label="Ramdisk" field="ramdisk" form={form} hint="none" effects={effects} onSet={onSet} />
    {form.values.cmdline !== '' ? (
      <Text label="Command line" field="cmdline" form={form} effects={effects} onSet={onSet} />
    ) : (
      <>
        <Text label="Root device" field="root" form={form} hint="none" effects={effects} onSet={onSet} />
        <Text label="Arguments" field="extra" form={form} hint="none" effects={effects} onSet={onSet} />
      </>
    )}
    <Text
      label="Boot loader"
      field="bootloader"
      form={form}
      hint="none, or pygrub"
      effects={effects}
      onSet={onSet}
    />
    {(form.values.type === 'hvm' || form.values.boot !== '') && (
      <Text label="Boot order" field="boot" form={form} hint="cd" effects={effects} onSet={onSet} />
    )}
    <hr />
    <Choice
      label="On poweroff"
      field="on_poweroff"
      form={form}
      options={DOMAIN_ACTIONS}
      unsaid="destroy"
      effects={effects}
      onSet={onSet}
    />
    <Choice
      label="On reboot"
      field="on_reboot"
      form={form}
      options={DOMAIN_ACTIONS}
      unsaid="restart"
      effects={effects}
      onSet={onSet}
    />
    <Choice
      label="On crash"
      field="on_crash"
      form={form}
      options={DOMAIN_ACTIONS}
      unsaid="destroy"
      effects={effects}
      onSet={onSet}
    />
  </>
);

type Card = { mac: string; bridge: string; from: number | null };

export const CardFields = ({ form, onSet }: { form: ConfigForm; onSet: (cards: Card[]) => void }) => {
  const cards: Card[] = form.cards.map((card, from) => ({ ...card, from }));
  const change = (index: number, part: Partial<Card>) =>
    onSet(cards.map((card, at) => (at === index ? { ...card, ...part } : card)));
  return (
    <div className="vb-field">
      <span className="vb-field-label" id="cards-label">
        Network
      </span>
      <div className="vb-field-body">
        <ul className="vb-lines" aria-labelledby="cards-label">
          {cards.map((card, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a card is known by its place in the text
            <li key={index}>
              <div className="vb-nic-line">
                <TextInput
                  aria-label={`Bridge of network card ${index}`}
                  placeholder="bridge"
                  value={card.bridge}
                  onChange={(_, bridge) => change(index, { bridge })}
                />
                <TextInput
                  className="vb-mono-input"
                  aria-label={`MAC address of network card ${index}`}
                  placeholder="MAC address"
                  value={card.mac}
                  onChange={(_, mac) => change(index, { mac })}
                />
                <Button
                  variant="link"
                  aria-label={`Remove network card ${index}`}
                  onClick={() => onSet(cards.filter((_, at) => at !== index))}
                >
                  Remove
                </Button>
              </div>
            </li>
          ))}
        </ul>
        <div>
          <Button
            variant="link"
            isInline
            onClick={() =>
              onSet([
                ...cards,
                {
                  mac: generateMacAddress(crypto.getRandomValues(new Uint8Array(3))),
                  bridge: cards[0]?.bridge ?? 'xenbr0',
                  from: null,
                },
              ])
            }
          >
            Add a network card
          </Button>
        </div>
      </div>
    </div>
  );
};

export const DiskFields = ({
  form,
  handle,
  onSet,
}: {
  form: ConfigForm;
  handle: string;
  onSet: (index: number, change: { vdev?: string; access?: 'rw' | 'ro' }) => void;
}) => (
  <div className="vb-field">
    <span className="vb-field-label" id="config-disks-label">
      Disks
    </span>
    <div className="vb-field-body">
      <ul className="vb-lines" aria-labelledby="config-disks-label">
        {form.disks.map(({ entry, spec }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a disk is known by its place in the text
          <li key={index} className="vb-config-disk">
            <code className="vb-break">{spec?.target || entry}</code>
            {spec && (
              <div className="vb-nic-line">
                <TextInput
                  className="vb-mono-input"
                  aria-label={`Device of disk ${index}`}
                  value={spec.vdev}
                  onChange={(_, vdev) => onSet(index, { vdev })}
                />
                <FormSelect
                  aria-label={`Access of disk ${index}`}
                  value={spec.access}
                  // a CD is read only, whatever is said
                  isDisabled={spec.cdrom}
                  onChange={(_, access) => onSet(index, { access: access === 'ro' ? 'ro' : 'rw' })}
                >
                  <FormSelectOption value="rw" label="read and write" />
                  <FormSelectOption value="ro" label="read only" />
                </FormSelect>
                <span className="vb-subtle vb-nowrap">
                  {[spec.format, layoutOfVdev(spec.vdev)].filter((each) => each !== null).join(', ')}
                </span>
              </div>
            )}
          </li>
        ))}
      </ul>
      <div className="vb-field-help">
        Disks are added and taken out with their files:{' '}
        <a href={formatRoute({ view: 'disk', instance: handle, task: 'add', item: '' })}>add a disk…</a>
      </div>
    </div>
  </div>
);
