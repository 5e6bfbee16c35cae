/** Is a name free: no record, folder, domain, saved state or autostart of it on any node, as far as they can be seen. */
import { deriveInstances } from '../../cluster/instances.ts';
import { listText } from '../../cluster/status.ts';
import { validateInstanceName } from '../../storage/names.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { restartsBehindOurBack } from './domains.ts';
import { troubleOf } from './nodes.ts';

const field = 'name';

/** A domain on a node, or none; and configurations there that are set aside. */
export type Adopted = { node: string; domid: number | null; aside: readonly string[] };

export const nameIsValid = (name: string): Reason[] => {
  const checked = validateInstanceName(name);
  return checked.ok ? [] : [blocks('name', 'Name', checked.message, { field })];
};

/**
 * @param besides path of the folder that shall have the name (a claimed one)
 * @param adopted what becomes the instance, and so does not stand against it
 */
export const nameIsFree = (
  scene: Scene,
  name: string,
  besides: string | null = null,
  adopted: Adopted | null = null,
): Reason[] => {
  const { lookup } = scene;
  const reasons: Reason[] = [];
  for (const view of deriveInstances(scene.snapshot))
    if (view.name === name && view.folder !== besides)
      reasons.push(
        blocks('name-in-use', 'Name', `${name} exists already: its record lies in ${view.folder}.`, {
          field,
        }),
      );
  const folders = (lookup.foldersByName.get(name) ?? []).filter((each) => each.folder.path !== besides);
  const byPath = new Map<string, string[]>();
  for (const { node, folder } of folders)
    byPath.set(folder.path, [...new Set([...(byPath.get(folder.path) ?? []), node])]);
  for (const [path, nodes] of byPath)
    reasons.push(
      blocks('folder-exists', 'Name', `The folder ${path} exists on ${listText(nodes)}.`, { field }),
    );
  for (const { node, domain } of lookup.domainsByName.get(name) ?? [])
    if (adopted === null || node !== adopted.node || domain.domid !== adopted.domid)
      reasons.push(
        blocks('name-in-use', 'Name', `${node} has a domain called ${domain.name}.`, { node, field }),
      );
  reasons.push(
    ...restartsBehindOurBack(
      scene,
      name,
      adopted === null ? null : { node: adopted.node, paths: adopted.aside },
    ),
  );
  if (reasons.length === 0)
    reasons.push(
      passed(
        'name-free',
        'Name',
        `No record, folder or domain called ${name} on ${listText(lookup.seen.map((each) => each.name))}.`,
        { field },
      ),
    );
  for (const { name: node } of lookup.unseen)
    reasons.push(
      warning(
        'name-unseen',
        'Name',
        `Whether ${name} exists on ${node} can't be seen: ${troubleOf(scene, node)}.`,
        {
          node,
          field,
        },
      ),
    );
  return reasons;
};
