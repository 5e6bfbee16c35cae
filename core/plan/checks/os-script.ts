/** A script of the OS definition that an instance was installed by: that it is there, and that its disks fit. */
import { definitionOn } from '../../cluster/operating-systems.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import type { OsDefinition } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { OS_API_VERSIONS } from '../../ganeti/os-environment.ts';
import { parseOsName } from '../../ganeti/os-name.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';

const title = 'Operating system';

export type OsScript = { definition: OsDefinition; variant: string | null; api: number };

/**
 * @param disks numbers of those that the script gets
 * @returns the script where it can be run; the reasons in any case
 */
export const chooseOsScript = (
  scene: Scene,
  node: string,
  record: InstanceRecord,
  name: 'rename' | 'export',
  disks: readonly number[],
): { script: OsScript | null; reasons: Reason[] } => {
  const view = scene.lookup.byName.get(node);
  const about = { node, field: 'os' };
  const block = (code: string, text: string): Reason => blocks(code, title, text, about);
  const parsed = parseOsName(record.os);
  if (!parsed.ok || parsed.os.kind !== 'definition')
    return {
      script: null,
      reasons: [
        block(
          'no-os',
          `By its record ${record.name} was installed by no OS definition (${record.os}), so there is no script ${name} to be run.`,
        ),
      ],
    };
  const { os } = parsed;
  const definition = definitionOn(view, os.name);
  if (!definition)
    return {
      script: null,
      reasons: view?.seen
        ? [
            block(
              'no-os',
              `${node} has no OS definition ${os.name}, by which ${record.name} was installed: an OS definition must lie on the node that runs its script.`,
            ),
          ]
        : [],
    };
  const reasons: Reason[] = [];
  const api = OS_API_VERSIONS.find((each) => definition.apiVersions.includes(each));
  if (api === undefined)
    reasons.push(
      block(
        'os-api',
        `${definition.path} does not speak version ${listText(OS_API_VERSIONS.map(String))} of the OS interface by its ganeti_api_version.`,
      ),
    );
  if (!definition.scripts.includes(name))
    reasons.push(block('os-script', `${definition.path} has no executable ${name}.`));
  for (const index of disks) {
    const type = record.disks[index]?.logical_id[1];
    if (type !== undefined && type !== 'raw')
      reasons.push(
        block(
          'os-disk-type',
          `An OS script works on block devices, and only raw images are attached to one: disk ${index} is ${type}.`,
        ),
      );
  }
  if (view?.facts && !view.facts.commands.includes('losetup'))
    reasons.push(
      block(
        'losetup',
        `${node} has no losetup, which attaches the images for the script: install util-linux.`,
      ),
    );
  if (reasons.length > 0 || api === undefined) return { script: null, reasons };
  if (api >= 20 && definition.parameters.length > 0)
    reasons.push(
      warning(
        'os-parameters',
        title,
        `${definition.name} has parameters (${listText(definition.parameters.map((each) => each.name))}). The record does not keep what was given at its creation, so ${name} gets none.`,
        about,
      ),
    );
  return {
    script: { definition, variant: os.variant, api },
    reasons: [
      passed('os', title, `${definition.path}/${name} is run on ${node}, as root.`, about),
      ...reasons,
    ],
  };
};
