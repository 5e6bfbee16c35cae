/** The XML by which libvirt would have an instance: of its xen.cfg, or of its record where no node shows that. */
import { parseConfig } from '../xen/config-syntax.ts';
import { writeInstanceConfig } from '../xen/instance-config.ts';
import { type LibvirtXml, libvirtXml } from '../xen/libvirt-xml.ts';
import type { InstanceView } from './instance-view.ts';
import type { InstanceRecord } from './record.ts';

export type InstanceXml =
  /** `source`: what it was written from. */
  ({ ok: true; source: 'xen.cfg' | 'record' } & LibvirtXml) | { ok: false; message: string };

const ofText = (text: string, source: 'xen.cfg' | 'record'): InstanceXml => {
  const parsed = parseConfig(text);
  if (parsed.ok) return { ok: true, source, ...libvirtXml(parsed.tree) };
  const { line, column, message } = parsed.error;
  return { ok: false, message: `xen.cfg can't be read at line ${line}, column ${column}: ${message}` };
};

const ofRecord = (record: InstanceRecord): InstanceXml => {
  const written = writeInstanceConfig(
    {
      ...record.guest,
      name: record.name,
      uuid: record.uuid,
      disks: record.disks.map(({ logical_id: [driver, fileType, path], vdev, mode }) => ({
        driver,
        fileType,
        path,
        vdev,
        mode,
      })),
      nics: record.nics,
    },
    'xl',
  );
  return written.ok ? ofText(written.text, 'record') : { ok: false, message: written.problems.join(' ') };
};

/** Never throws. */
export const instanceXml = (view: InstanceView): InstanceXml => {
  // The folder that counts most stands first.
  const text = view.folders.find((each) => each.current)?.folder.config ?? null;
  return text === null ? ofRecord(view.record) : ofText(text, 'xen.cfg');
};
