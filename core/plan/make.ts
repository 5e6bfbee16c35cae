/** An intent and what the nodes said, to a plan. Pure: the same facts and the same context give the same plan. */
import type { Snapshot } from '../cluster/snapshot.ts';
import { planAdopt } from './adopt.ts';
import { planClone } from './clone.ts';
import { planClusterInit } from './cluster-init.ts';
import { planClusterModify } from './cluster-modify.ts';
import { planCompareImages } from './compare-images.ts';
import { planConfigure } from './configure.ts';
import { planConvert } from './convert.ts';
import { planConvertFile } from './convert-file.ts';
import { planCopyImage } from './copy-image.ts';
import { planCreate } from './create.ts';
import { planDiscard } from './discard.ts';
import { planDiskAdd } from './disk-add.ts';
import { planDiskRemove, planRelease } from './disk-remove.ts';
import { planFailover } from './failover.ts';
import { planGrow } from './grow.ts';
import type { Approval, Intent } from './intent.ts';
import { planMigrate } from './migrate.ts';
import { planMove } from './move.ts';
import { planOsExport } from './os-export.ts';
import type { Plan, PlanContext } from './plan.ts';
import { planPurgeTrash } from './purge-trash.ts';
import { planRemove } from './remove.ts';
import { planRemoveImage } from './remove-image.ts';
import { planRename } from './rename.ts';
import { planClaim } from './repair.ts';
import { planReplicate } from './replicate.ts';
import { planRestore } from './restore.ts';
import { makeScene, type Scene } from './scene.ts';
import { planSnapshot } from './snapshot.ts';
import { planStart } from './start.ts';
import { type Draft, finishPlan } from './step-list.ts';
import { planReboot, planStop } from './stop.ts';
import { planUnlock } from './unlock.ts';

const draftOf = (scene: Scene, intent: Intent): Draft => {
  switch (intent.kind) {
    case 'cluster-init':
      return planClusterInit(scene, intent);
    case 'cluster-modify':
      return planClusterModify(scene, intent);
    case 'create':
      return planCreate(scene, intent);
    case 'adopt':
      return planAdopt(scene, intent);
    case 'start':
      return planStart(scene, intent);
    case 'stop':
      return planStop(scene, intent);
    case 'reboot':
      return planReboot(scene, intent);
    case 'remove':
      return planRemove(scene, intent);
    case 'restore':
      return planRestore(scene, intent);
    case 'purge-trash':
      return planPurgeTrash(scene, intent);
    case 'failover':
      return planFailover(scene, intent);
    case 'migrate':
      return planMigrate(scene, intent);
    case 'claim':
      return planClaim(scene, intent);
    case 'unlock':
      return planUnlock(scene, intent);
    case 'configure':
      return planConfigure(scene, intent);
    case 'grow':
      return planGrow(scene, intent);
    case 'convert':
      return planConvert(scene, intent);
    case 'snapshot':
      return planSnapshot(scene, intent);
    case 'disk-add':
      return planDiskAdd(scene, intent);
    case 'disk-remove':
      return planDiskRemove(scene, intent);
    case 'release':
      return planRelease(scene, intent);
    case 'os-export':
      return planOsExport(scene, intent);
    case 'clone':
      return planClone(scene, intent);
    case 'rename':
      return planRename(scene, intent);
    case 'move':
      return planMove(scene, intent);
    case 'replicate':
      return planReplicate(scene, intent);
    case 'copy-image':
      return planCopyImage(scene, intent);
    case 'compare-images':
      return planCompareImages(scene, intent);
    case 'convert-file':
      return planConvertFile(scene, intent);
    case 'remove-image':
      return planRemoveImage(scene, intent);
    case 'discard':
      return planDiscard(scene, intent);
  }
};

export const makePlan = (
  snapshot: Snapshot,
  intent: Intent,
  approval: Approval,
  context: PlanContext,
): Plan => {
  const scene = makeScene(snapshot, approval, context);
  return finishPlan(scene, intent, approval, draftOf(scene, intent));
};
