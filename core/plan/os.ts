/** The steps by which a new disk gets an operating system. */
import { templateOn } from '../cluster/operating-systems.ts';
import type { InstanceRecord } from '../cluster/record.ts';
import type { Cluster } from '../cluster/schema.ts';
import { osEnvironment } from '../ganeti/os-environment.ts';
import { parameterVariable, parseOsName } from '../ganeti/os-name.ts';
import type { Action } from './action.ts';
import type { OsChoice } from './checks/os.ts';
import type { CreateIntent } from './intent.ts';
import { uuidFrom } from './random.ts';
import { idOf, type Scene } from './scene.ts';
import { type StepList, undoOf } from './step-list.ts';

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
