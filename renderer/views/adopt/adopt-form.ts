/** What is said of images that become an instance, as text, and the intent that it comes to. Pure. */
import { filesBeside } from '../../../core/cluster/file-at.ts';
import { lookupOf } from '../../../core/cluster/lookup.ts';
import type { FileDriver, GuestSettings } from '../../../core/cluster/record.ts';
import type { FolderFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { AdoptIntent } from '../../../core/plan/intent.ts';
import { parseMemory } from '../../../core/storage/sizes.ts';
import type { FoundFile } from '../../parts/found-images.tsx';

export type AdoptForm = {
  name: string;
  primary: string;
  secondary: string;
  /** empty: as xen.cfg says */
  memory: string;
  vcpus: string;
  type: '' | GuestSettings['type'];
  boot: 'config' | 'kernel' | 'bootloader' | 'firmware';
  kernel: string;
  ramdisk: string;
  root: string;
  bootloader: string;
  driver: '' | FileDriver;
  /** `config`: as xen.cfg says */
  network: string;
  start: boolean;
};

/** The folders that are touched, as the node shows them. */
export const foldersOf = (snapshot: Snapshot, node: string, paths: readonly string[]): FolderFacts[] => {
  const facts = lookupOf(snapshot).byName.get(node)?.facts;
  const holds = (directory: string): boolean =>
    paths.some((path) => path.slice(0, path.lastIndexOf('/')) === directory);
  return [
    ...(facts?.folders ?? []).filter((folder) => paths.includes(folder.path) || holds(folder.path)),
    ...(facts?.storages ?? [])
      .map(filesBeside)
      .filter(
        ({ path, files }) => holds(path) && files.some((each) => paths.includes(`${path}/${each.name}`)),
      ),
  ];
};

/** The files that are meant: all of the folder, or those that were chosen, in their order. */
export const filesOf = (snapshot: Snapshot, node: string, paths: readonly string[]): FoundFile[] => {
  const folders = foldersOf(snapshot, node, paths);
  const whole = paths.length === 1 ? folders.find((each) => each.path === paths[0]) : undefined;
  if (whole)
    return whole.files
      .map((file) => ({ folder: whole, file }))
      .sort((a, b) => a.file.name.localeCompare(b.file.name, 'en'));
  return paths.flatMap((path) => {
    const folder = folders.find((each) => each.path === path.slice(0, path.lastIndexOf('/')));
    const file = folder?.files.find((each) => each.name === path.slice(path.lastIndexOf('/') + 1));
    return folder && file ? [{ folder, file }] : [];
  });
};

export const initialAdoptForm = (snapshot: Snapshot, node: string, paths: readonly string[]): AdoptForm => {
  const folders = foldersOf(snapshot, node, paths);
  const config = folders.length === 1 && folders[0]?.config ? 'config' : null;
  const shared = snapshot.nodes.find(
    (each) =>
      each.name !== node &&
      each.trouble === null &&
      each.facts?.folders.some((folder) => folder.path === folders[0]?.path),
  );
  return {
    name: folders.length === 1 && folders[0]?.path === paths[0] ? (folders[0]?.name ?? '') : '',
    primary: node,
    secondary: shared?.name ?? '',
    memory: config ? '' : '512M',
    vcpus: config ? '' : '1',
    type: '',
    boot: config ?? 'bootloader',
    kernel: '',
    ramdisk: '',
    root: '',
    bootloader: 'pygrub',
    driver: '',
    network: config ?? '',
    start: false,
  };
};

const said = <K extends string>(key: K, value: string): { [key in K]?: string } =>
  value.trim() === '' ? {} : ({ [key]: value.trim() } as { [key in K]: string });

const bootOf = (form: AdoptForm): AdoptIntent['guest'] => {
  switch (form.boot) {
    case 'config':
      return {};
    case 'kernel':
      return { ...said('kernel', form.kernel), ...said('ramdisk', form.ramdisk), ...said('root', form.root) };
    case 'bootloader':
      return said('bootloader', form.bootloader);
    case 'firmware':
      return { type: 'hvm', boot: 'c' };
  }
};

/** The intent, or null with what keeps the text from being one. */
export const adoptIntentOf = (
  form: AdoptForm,
  paths: readonly string[],
): { intent: AdoptIntent | null; errors: ReadonlyMap<string, string> } => {
  const errors = new Map<string, string>();
  const memory = form.memory.trim() === '' ? null : parseMemory(form.memory);
  if (memory && !memory.ok) errors.set('guest.memoryMib', memory.message);
  const vcpus = form.vcpus.trim() === '' ? null : Number(form.vcpus);
  if (vcpus !== null && !(Number.isInteger(vcpus) && vcpus >= 1 && vcpus <= 512))
    errors.set('guest.vcpus', 'Virtual processors are a whole number from 1 to 512.');
  if (form.boot === 'kernel' && form.kernel.trim() === '')
    errors.set('guest.kernel', 'Name the kernel file on the node, such as /boot/vmlinuz-xen.');
  if (form.name.trim() === '') errors.set('name', 'The instance needs a name, such as web1.example.org.');
  if (errors.size > 0) return { intent: null, errors };
  return {
    errors,
    intent: {
      kind: 'adopt',
      name: form.name.trim(),
      primary: form.primary,
      secondary: form.secondary === '' ? null : form.secondary,
      paths: [...paths],
      driver: form.driver === '' ? null : form.driver,
      guest: {
        ...(form.type === '' ? {} : { type: form.type }),
        ...(memory?.ok ? { memoryMib: memory.mebibytes } : {}),
        ...(vcpus === null ? {} : { vcpus }),
        ...bootOf(form),
      },
      nics:
        form.network === 'config' ? null : form.network === '' ? [] : [{ bridge: form.network, mac: null }],
      start: form.start,
    },
  };
};
