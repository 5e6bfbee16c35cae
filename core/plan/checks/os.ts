/** The operating system of a new instance: that it is there, and fits the disks. Every refusal is a sentence. */
import {
  definitionOn,
  type Template,
  templateFileOn,
  templateOn,
  templatePlace,
} from '../../cluster/operating-systems.ts';
import type { OsDefinition } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { recordsNaming } from '../../cluster/users.ts';
import { OS_API_VERSIONS } from '../../ganeti/os-environment.ts';
import { isParameterName, type OsName, parameterVariable, parseOsName } from '../../ganeti/os-name.ts';
import { shown } from '../../storage/checked.ts';
import { validateAbsolutePath } from '../../storage/paths.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { HIDDEN } from '../../xen/secrets.ts';
import type { CreateIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { fixedVhdText } from './fixed-vhd.ts';
import { nobodyUses, silentMayUse } from './users.ts';

const title = 'Operating system';

/** What is done to the new disks. */
export type OsChoice =
  | { kind: 'none' }
  | { kind: 'template'; template: Template }
  | { kind: 'definition'; definition: OsDefinition; variant: string | null; api: number };

type Chosen = { choice: OsChoice; reasons: Reason[] };
const nothing: OsChoice = { kind: 'none' };

const parametersOf = (intent: CreateIntent): Record<string, string> => ({
  ...intent.osParameters,
  ...intent.osSecrets,
});

const templateChoice = (scene: Scene, intent: CreateIntent, name: string): Chosen => {
  const { primary, storageDirectory } = intent;
  const view = scene.lookup.byName.get(primary);
  const about = { node: primary, field: 'os' };
  const reasons: Reason[] = [];
  const block = (code: string, text: string, field = 'os') =>
    reasons.push(blocks(code, title, text, { ...about, field }));
  const { path: directory, files } = templatePlace(view, storageDirectory);
  const template = templateOn(view, storageDirectory, name);
  const file = templateFileOn(view, storageDirectory, name);
  if (!template) {
    if (!view?.seen) return { choice: nothing, reasons };
    const known = files.map((each) => each.name);
    if (!file)
      block(
        'no-template',
        `${primary} shows no template ${name} in ${directory}${known.length === 0 ? ', which holds none: copy an image of an installed guest there' : `; there ${known.length === 1 ? 'is' : 'are'} ${listText(known.slice(0, 20))}`}.`,
      );
    else
      block(
        'template-type',
        file.kind !== 'file'
          ? `${directory}/${name} is not a regular file but a ${file.kind}.`
          : file.fixedVhd !== undefined
            ? `${fixedVhdText(`${directory}/${name}`)} Make a raw image of it first: vbdesk image convert ${directory}/${name} --to raw -n ${primary}.`
            : `${directory}/${name} is ${file.type ?? 'of no known type'}${file.type === 'raw' || file.type === 'qcow2' ? ', but its size is not told by its header' : ''}; templates are raw or qcow2 images.`,
      );
    return { choice: nothing, reasons };
  }
  const disk = intent.disks[0];
  if (disk?.base !== undefined)
    block('template-base', 'Disk 0 is either a copy of a template or a linked clone, not both.');
  if (disk?.import !== undefined)
    block('template-import', 'Disk 0 is either a copy of a template or of another image, not both.');
  if (disk?.allocation === 'full')
    block('template-full', 'A copy of a template is sparse, as its source: leave the allocation out.');
  if (template.file.backing)
    block(
      'template-backing',
      `${template.path} builds on ${template.file.backing}, so a copy would depend on that as well. A template is an image of its own.`,
    );
  for (const { record, disk: index } of recordsNaming(scene.lookup, primary, template.path))
    block(
      'template-disk',
      `${template.path} is disk ${index} of ${record.name}, which writes to it whenever it runs: clone that instance instead, or copy the image first (vbdesk image copy).`,
    );
  const used = { node: primary, path: template.path };
  reasons.push(
    ...nobodyUses(scene, used, {
      code: 'template-open',
      title,
      field: 'os',
      why: ' and may write to it, so a copy would be of no moment. Detach it first.',
      writers: true,
    }),
  );
  if (disk && disk.type !== template.type)
    block(
      'template-type',
      `${name} is a ${template.type} image, and disk 0 shall be ${disk.type}: a template is copied as it is. Make disk 0 ${template.type}, or choose another template.`,
      'disks.0.type',
    );
  if (disk && disk.size > 0 && disk.size < template.size)
    block(
      'disk-size',
      `${name} has ${formatBytes(template.size)}, which do not fit on disk 0 with ${formatBytes(disk.size)}. Make it at least that large.`,
      'disks.0.size',
    );
  if (Object.keys(parametersOf(intent)).length > 0)
    block('os-parameters', 'A template takes no parameters; only OS definitions do.', 'osParameters');
  if (reasons.length > 0) return { choice: nothing, reasons };
  return {
    choice: { kind: 'template', template },
    reasons: [
      passed(
        'os',
        title,
        `Disk 0 becomes a copy of ${template.path} (${template.type}, ${formatBytes(template.size)}), which is compared with it.`,
        about,
      ),
      ...silentMayUse(scene, used, 'If it writes to the template meanwhile, the copy is of no moment.'),
      ...(intent.disks.length > 1 ? [passed('os-others', title, 'All further disks are empty.', about)] : []),
    ],
  };
};

/** The variant, as Ganeti has it: one is said if and only if there are some. */
const variantProblem = (
  { name, variants }: OsDefinition,
  variant: string | null,
  api: number | undefined,
): string | null => {
  if (api === undefined) return null;
  if (variants.length === 0)
    return variant === null ? null : `${name} has no variants, so there is no ${name}+${variant}.`;
  const all = listText(variants.map((each) => `${name}+${each}`));
  if (variant === null) return `${name} comes in variants, so one has to be said: ${all}.`;
  return variants.includes(variant) ? null : `${name} has no variant ${variant}; there are ${all}.`;
};

const parameterProblems = (definition: OsDefinition, intent: CreateIntent, api: number): string[] => {
  const problems: string[] = [];
  const given = parametersOf(intent);
  const known = new Set(definition.parameters.map((each) => each.name));
  const names = Object.keys(given);
  if (names.length > 0 && api < 20)
    return [
      `${definition.name} speaks version ${api} of the OS interface, which has no parameters: ${listText(names)} can not be given.`,
    ];
  for (const name of names) {
    const value = given[name] ?? '';
    if (!isParameterName(name)) problems.push(`${shown(name)} is not the name of a parameter.`);
    else if (!known.has(name))
      problems.push(
        `${definition.name} has no parameter ${name}${known.size === 0 ? ', and no other' : `; there are ${listText([...known])}`}.`,
      );
    if (/\p{Cc}/u.test(value))
      problems.push(`The value of ${shown(name)} holds a control character, such as a line break.`);
    if (intent.osSecrets?.[name] === HIDDEN)
      problems.push(`The value of ${shown(name)} was a secret, which is kept nowhere: say it again.`);
    if (value.length > 4096) problems.push(`The value of ${shown(name)} is longer than 4096 characters.`);
    if (intent.osParameters?.[name] !== undefined && intent.osSecrets?.[name] !== undefined)
      problems.push(`${name} is given twice.`);
  }
  const variables = new Map<string, string>();
  for (const name of names) {
    const before = variables.get(parameterVariable(name));
    if (before !== undefined) problems.push(`${before} and ${name} are the same variable for a script.`);
    variables.set(parameterVariable(name), name);
  }
  return problems;
};

const definitionChoice = (
  scene: Scene,
  intent: CreateIntent,
  { name, variant }: Extract<OsName, { kind: 'definition' }>,
): Chosen => {
  const { primary } = intent;
  const view = scene.lookup.byName.get(primary);
  const about = { node: primary, field: 'os' };
  const reasons: Reason[] = [];
  const block = (code: string, text: string, field = 'os') =>
    reasons.push(blocks(code, title, text, { ...about, field }));
  const definition = definitionOn(view, name);
  if (!definition) {
    if (!view?.seen) return { choice: nothing, reasons };
    const known = view.facts?.osDefinitions;
    const others = scene.lookup.seen.filter((each) => definitionOn(each, name)).map((each) => each.name);
    const there = (known ?? []).map((each) => each.name);
    block(
      'no-os',
      known === undefined
        ? `${primary} does not tell which OS definitions it has, so nothing can be installed by one.`
        : others.length > 0
          ? `${primary} has no OS definition ${name}, though ${listText(others)} ${others.length === 1 ? 'has' : 'have'} it: an OS definition must lie on the node that runs it.`
          : `${primary} has no OS definition ${name}${there.length === 0 ? ', and no other' : `; there ${there.length === 1 ? 'is' : 'are'} ${listText(there.slice(0, 20))}`}. It is a directory of that name in /srv/ganeti/os, /usr/local/lib/ganeti/os, /usr/lib/ganeti/os or /usr/share/ganeti/os.`,
    );
    return { choice: nothing, reasons };
  }
  const api = OS_API_VERSIONS.find((each) => definition.apiVersions.includes(each));
  if (api === undefined)
    block(
      'os-api',
      `${definition.path} speaks ${definition.apiVersions.length === 0 ? 'no version' : `version ${listText(definition.apiVersions.map(String))}`} of the OS interface by its ganeti_api_version; VBDesk speaks ${listText(OS_API_VERSIONS.map(String))}.`,
    );
  const script = intent.osImport ? 'import' : 'create';
  if (!definition.scripts.includes(script))
    block(
      'os-script',
      `${definition.path} has no executable ${script}, so it ${intent.osImport ? 'imports' : 'installs'} nothing.`,
    );
  const wrongVariant = variantProblem(definition, variant, api);
  if (wrongVariant !== null) block('os-variant', wrongVariant);
  if (api !== undefined)
    for (const problem of parameterProblems(definition, intent, api))
      block('os-parameters', problem, 'osParameters');
  for (const [index, disk] of intent.disks.entries())
    if (disk.import !== undefined)
      block(
        'os-import',
        `An OS definition installs on empty disks, and disk ${index} shall be a copy of ${disk.import}: choose none.`,
      );
  for (const [index, disk] of intent.disks.entries())
    if (disk.type !== 'raw')
      block(
        'os-disk-type',
        `An OS definition writes to a block device, and only raw images are attached to one: disk ${index} has to be raw, not ${disk.type}.`,
        `disks.${index}.type`,
      );
  if (view?.facts && !view.facts.commands.includes('losetup'))
    block(
      'losetup',
      `${primary} has no losetup, which attaches the images for the script: install util-linux.`,
    );
  if (reasons.length > 0 || api === undefined) return { choice: nothing, reasons };
  return {
    choice: { kind: 'definition', definition, variant, api },
    reasons: [
      intent.osImport
        ? passed(
            'os',
            title,
            `${definition.path}/import writes ${listText(intent.osImport.map(({ disk, file }) => `${file} to disk ${disk}`))} on ${primary}, as root; nothing else is installed.`,
            about,
          )
        : passed('os', title, `${definition.path}/create installs it on ${primary}, as root.`, about),
    ],
  };
};

/** Whether what shall be imported can be, by what is said alone: the files themselves are looked at on the node. */
export const importReasons = (intent: CreateIntent): Reason[] => {
  const { osImport, disks } = intent;
  if (!osImport) return [];
  const parsed = parseOsName(intent.os);
  const problems: string[] = [];
  if (parsed.ok && parsed.os.kind !== 'definition')
    problems.push('Only an OS definition imports: name it with -o, as in -o debootstrap+default.');
  if (intent.install === false)
    problems.push('With --no-install nothing is imported: leave one of both out.');
  if (intent.reuse) problems.push('Images that are reused stay as they are, so nothing is imported to them.');
  if (Object.keys(intent.osSecrets ?? {}).length > 0)
    problems.push(
      'Secret parameters reach only the script create, not import: give them inside the guest, or as parameters that may be seen.',
    );
  const seen = new Set<number>();
  for (const { disk, file } of osImport) {
    const checked = validateAbsolutePath(file);
    if (!checked.ok) problems.push(checked.message);
    if (seen.has(disk)) problems.push(`Disk ${disk} is imported to twice.`);
    seen.add(disk);
    if (disk >= disks.length && !intent.reuse)
      problems.push(
        `There is no disk ${disk} to import ${shown(file)} to: ${disks.length === 1 ? 'there is only disk 0' : `they are numbered 0 to ${disks.length - 1}`}.`,
      );
  }
  return problems.map((text) => blocks('os-import', title, text, { field: 'osImport' }));
};

/** What of the operating system is put on the disks, and what speaks against it. */
export const chooseOs = (scene: Scene, intent: CreateIntent): Chosen => {
  const against = importReasons(intent);
  if (against.length > 0) return { choice: nothing, reasons: against };
  const parsed = parseOsName(intent.os);
  if (!parsed.ok) return { choice: nothing, reasons: [blocks('os', title, parsed.message, { field: 'os' })] };
  const { os } = parsed;
  if (os.kind === 'none') {
    const names = Object.keys(parametersOf(intent));
    return {
      choice: nothing,
      reasons:
        names.length === 0
          ? []
          : [
              blocks(
                'os-parameters',
                title,
                `${listText(names)} can not be given, for nothing is installed: parameters are those of an OS definition.`,
                { field: 'osParameters' },
              ),
            ],
    };
  }
  if (intent.install === false)
    return {
      choice: nothing,
      reasons: [
        warning(
          'os',
          title,
          `Nothing of ${intent.os} is installed: the disks are empty. The name is kept in the record.`,
          { field: 'os' },
        ),
      ],
    };
  return os.kind === 'template'
    ? templateChoice(scene, intent, os.name)
    : definitionChoice(scene, intent, os);
};
