/** An intent and what the nodes said, to a plan. Pure: the same facts and the same context give the same plan. */
import type { Snapshot } from '../cluster/snapshot.ts';
import { planAdopt } from './adopt/adopt.ts';
import { planClusterInit } from './cluster/cluster-init.ts';
import { planClusterModify } from './cluster/cluster-modify.ts';
import { withLentAgent } from './copy/agent.ts';
import { planClone } from './copy/clone.ts';
import { planCompareImages } from './copy/compare-images.ts';
import { planCopyImage } from './copy/copy-image.ts';
import { planDiscard } from './copy/discard.ts';
import { planReplicate } from './copy/replicate.ts';
import { planConvert } from './disk/convert.ts';
import { planConvertFile } from './disk/convert-file.ts';
import { planDiskAdd } from './disk/disk-add.ts';
import { planDiskRemove, planRelease } from './disk/disk-remove.ts';
import { planGrow } from './disk/grow.ts';
import { planSnapshot } from './disk/snapshot.ts';
import { planFailover } from './hand-over/failover.ts';
import { planMigrate } from './hand-over/migrate.ts';
import { planMove } from './hand-over/move.ts';
import { planConfigure } from './instance/configure.ts';
import { planCreate } from './instance/create.ts';
import { planOsExport } from './instance/os-export.ts';
import { planRename } from './instance/rename.ts';
import { planClaim } from './instance/repair.ts';
import { planStart } from './instance/start.ts';
import { planReboot, planStop } from './instance/stop.ts';
import { planUnlock } from './instance/unlock.ts';
import type { Approval, Intent } from './intent.ts';
import type { Plan, PlanContext } from './plan.ts';
import { makeScene, type Scene } from './scene.ts';
import { type Draft, finishPlan } from './step-list.ts';
import { planPurgeTrash } from './trash/purge-trash.ts';
import { planRemove } from './trash/remove.ts';
import { planRemoveImage } from './trash/remove-image.ts';
import { planRestore } from './trash/restore.ts';

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
  return finishPlan(scene, intent, approval, withLentAgent(intent, draftOf(scene, intent)));
};
