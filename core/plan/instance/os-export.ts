/** OS export: what the export script of its OS definition makes of a disk of a stopped instance, into a file on the node. */
import { forbiddenDirectoryOf, isBelow, validateAbsolutePath } from '../../storage/paths.ts';
import { chooseOsScript } from '../checks/os-script.ts';
import { addOpening, draftOf, findDisk, imagesAreSound, openDiskWork } from '../disk/disk-work.ts';
import type { OsExportIntent } from '../disk-intents.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene } from '../scene.ts';
import { addUnlock, type Draft, makeStepList } from '../step-list.ts';
import { addOsScript } from './os.ts';

/** Where it may be written: neither among the images nor in the system's own directories. */
const outputReasons = (scene: Scene, node: string, output: string): Reason[] => {
  const about = { node, field: 'output' };
  const block = (text: string): Reason[] => [blocks('output', 'File', text, about)];
  const valid = validateAbsolutePath(output);
  if (!valid.ok) return block(valid.message);
  const forbidden = forbiddenDirectoryOf(output);
  if (forbidden !== undefined)
    return block(`${output} lies in ${forbidden}, a directory of the system: nothing is exported to there.`);
  if (output.lastIndexOf('/') === 0)
    return block(`${output} lies in the root directory: name a directory below it.`);
  const storage = scene.snapshot.cluster.storageDirectories.find((each) => isBelow(output, each));
  return storage === undefined
    ? [
        passed(
          'output',
          'File',
          `${output} on ${node} is written, and is never one that exists already.`,
          about,
        ),
      ]
    : block(
        `${output} lies in the storage directory ${storage}, where it would pass for an image. Name another place.`,
      );
};

export const planOsExport = (scene: Scene, intent: OsExportIntent): Draft => {
  const title = (name: string): string => `Export disk ${intent.disk} of ${name}`;
  const opened = openDiskWork(scene, intent.instance, {
    title,
    running: (name) =>
      `What a running guest writes can't be exported at one moment: shut ${name} down first.`,
  });
  if (!opened.ok) return opened.draft;
  const { work } = opened;
  const { node, view, record } = work;
  const found = findDisk(work, intent.disk);
  const chosen = chooseOsScript(scene, node, record, 'export', [intent.disk]);
  const output = outputReasons(scene, node, intent.output);
  const reasons = [
    ...opened.reasons,
    ...found.reasons,
    ...imagesAreSound(work),
    ...chosen.reasons,
    ...output,
  ];
  const draft = draftOf(work, `${title(view.name)} to ${intent.output}`, reasons);
  if (found.disk === null || chosen.script === null || output.some((each) => each.severity === 'blocks'))
    return draft;
  reasons.push(
    passed(
      'read-only',
      'The disk',
      `${found.disk.path} is attached read-only, so the script can't change it. What the file holds is what ${chosen.script.definition.name} makes of it, not an image.`,
      { node },
    ),
  );
  const list = makeStepList();
  addOpening(list, scene, work, `export disk ${intent.disk} of ${view.name}`);
  addOsScript(list, scene, record, {
    node,
    title: `Let ${record.os} export disk ${intent.disk}`,
    script: { name: 'export', index: intent.disk, file: intent.output },
    os: chosen.script,
    disks: [intent.disk],
  });
  addUnlock(list, scene, node, view.folder, true);
  return { ...draft, steps: list.steps };
};
