/** The steps by which a new disk gets an operating system. */
import { templateOn } from '../../cluster/operating-systems.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import type { Cluster } from '../../cluster/schema.ts';
import { osEnvironment } from '../../ganeti/os-environment.ts';
import { parameterVariable, parseOsName } from '../../ganeti/os-name.ts';
import type { Action } from '../action.ts';
import type { OsChoice } from '../checks/os.ts';
import type { OsScript } from '../checks/os-script.ts';
import type { CreateIntent } from '../intent.ts';
import { uuidFrom } from '../random.ts';
import { idOf, type Scene } from '../scene.ts';
import { type StepList, undoOf } from '../step-list.ts';

/** The disks of an intent, disk 0 with the size of its template where none was said. */
export const withTemplateSize = (scene: Scene, intent: CreateIntent): CreateIntent => {
  const parsed = parseOsName(intent.os);
  if (!parsed.ok || parsed.os.kind !== 'template' || intent.install === false) return intent;
  const view = scene.lookup.byName.get(intent.primary);
  const template = templateOn(view, intent.storageDirectory, parsed.os.name);
  return {
    ...intent,
    disks: intent.disks.map((disk, index) =>
      index === 0 && disk.size === 0 && disk.base === undefined && disk.import === undefined && template
        ? { ...disk, size: template.size }
        : disk,
    ),
  };
};

/** Where a template, and whatever it consists of, may lie. */
const templateDirectories = ({ storageDirectories, templateDirectory }: Cluster): string[] => [
  ...storageDirectories,
  ...(templateDirectory === undefined ? [] : [templateDirectory]),
];

/** The step that makes disk 0 a copy of its template. */
export const copyTemplate = (
  scene: Scene,
  { template }: Extract<OsChoice, { kind: 'template' }>,
  path: string,
  size: number,
): Action => ({
  do: 'copy-template',
  path,
  type: template.type,
  size,
  from: template.path,
  within: templateDirectories(scene.snapshot.cluster),
});

/** The script of an OS definition, once its images, xen.cfg and the record are there. */
export const addOsCreate = (
  list: StepList,
  scene: Scene,
  intent: CreateIntent,
  record: InstanceRecord,
  { definition, variant, api }: Extract<OsChoice, { kind: 'definition' }>,
): void => {
  const folder = record.place.path;
  const images = record.disks.map((disk) => ({ path: disk.logical_id[2], size: disk.size }));
  const uuids = (label: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => uuidFrom(idOf(scene, `${label} ${index}`)));
  list.add(
    intent.primary,
    `Install ${intent.os}`,
    {
      do: 'run-os-create',
      folder,
      images,
      definition: definition.path,
      api,
      verify: api >= 20 && definition.scripts.includes('verify'),
      environment: osEnvironment({
        record,
        api,
        name: definition.name,
        variant,
        parameters: intent.osParameters ?? {},
        diskUuids: uuids('disk', record.disks.length),
        nicUuids: uuids('nic', record.nics.length),
      }),
      secret: Object.keys(intent.osSecrets ?? {}).map(parameterVariable),
    },
    {
      undo: [
        undoOf(intent.primary, 'Detach the images', {
          do: 'detach-images',
          folder,
          images: images.map((each) => each.path),
        }),
      ],
    },
  );
};

type ScriptStep = {
  node: string;
  title: string;
  script: Extract<Action, { do: 'run-os-script' }>['script'];
  os: OsScript;
  /** numbers of the disks that it gets */
  disks: readonly number[];
  parameters?: Readonly<Record<string, string>>;
  /** further variables */
  more?: Readonly<Record<string, string>>;
};

/** Another script of an OS definition, in a folder that is locked. */
export const addOsScript = (list: StepList, scene: Scene, record: InstanceRecord, step: ScriptStep): void => {
  const { node, title, script, os, disks } = step;
  const folder = record.place.path;
  const uuids = (label: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => uuidFrom(idOf(scene, `${label} ${index}`)));
  const images = disks.flatMap((index) => {
    const disk = record.disks[index];
    return disk ? [{ index, path: disk.logical_id[2], size: disk.size }] : [];
  });
  const paths = images.map((each) => each.path);
  const [first = ''] = paths;
  list.add(
    node,
    title,
    {
      do: 'run-os-script',
      folder,
      images,
      definition: os.definition.path,
      api: os.api,
      environment: {
        ...osEnvironment({
          record,
          api: os.api,
          name: os.definition.name,
          variant: os.variant,
          parameters: step.parameters ?? {},
          diskUuids: uuids('disk', record.disks.length),
          nicUuids: uuids('nic', record.nics.length),
        }),
        ...step.more,
      },
      script,
    },
    {
      undo: [
        script.name === 'export'
          ? undoOf(node, 'Detach the image, and remove what was exported', {
              do: 'drop-export',
              folder,
              image: first,
              file: script.file,
            })
          : undoOf(node, 'Detach the images', { do: 'detach-images', folder, images: paths }),
      ],
    },
  );
};

/** What is imported to new disks, instead of an installation. */
export const addOsImports = (
  list: StepList,
  scene: Scene,
  intent: CreateIntent,
  record: InstanceRecord,
  os: OsScript,
): void => {
  for (const { disk, file } of intent.osImport ?? [])
    addOsScript(list, scene, record, {
      node: intent.primary,
      title: `Import ${file} to disk ${disk}`,
      script: { name: 'import', index: disk, file },
      os,
      disks: record.disks.map((_, index) => index),
      parameters: intent.osParameters ?? {},
    });
};
