/** The steps by which a new disk gets an operating system, and what of them is not shown. */
import { templateOn } from '../cluster/operating-systems.ts';
import type { InstanceRecord } from '../cluster/record.ts';
import type { Cluster } from '../cluster/schema.ts';
import { osEnvironment } from '../ganeti/os-environment.ts';
import { parameterVariable, parseOsName } from '../ganeti/os-name.ts';
import type { Action } from './action.ts';
import type { OsChoice } from './checks/os.ts';
import type { CreateIntent } from './intent.ts';
import type { Plan } from './plan.ts';
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
        parameters: { ...intent.osParameters, ...intent.osSecrets },
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

/** What stands in the place of a value that is not shown. */
export const HIDDEN = '(hidden)';

/** The action as it is shown: without the values of secret parameters. */
export const withoutSecrets = (action: Action): Action =>
  action.do === 'run-os-create' && action.secret.length > 0
    ? {
        ...action,
        environment: Object.fromEntries(
          Object.entries(action.environment).map(([key, value]) => [
            key,
            action.secret.includes(key) ? HIDDEN : value,
          ]),
        ),
      }
    : action;

/** The plan as it is shown. */
export const planWithoutSecrets = (plan: Plan): Plan => {
  const { intent } = plan;
  if (intent.kind !== 'create' || intent.osSecrets === undefined) return plan;
  const osSecrets = Object.fromEntries(Object.keys(intent.osSecrets).map((name) => [name, HIDDEN]));
  return {
    ...plan,
    intent: { ...intent, osSecrets },
    steps: plan.steps.map((step) => ({ ...step, action: withoutSecrets(step.action) })),
  };
};
