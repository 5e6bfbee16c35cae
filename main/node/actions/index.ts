/** Every action as the shell text that runs on a node. */
import type { Action } from '../../../core/plan/action.ts';
import * as copy from './copy.ts';
import * as disks from './disks.ts';
import * as domain from './domain.ts';
import * as files from './files.ts';
import * as folder from './folder.ts';
import * as images from './images.ts';
import * as locks from './lock.ts';
import * as migration from './migration.ts';
import * as os from './os.ts';
import * as osScript from './os-script.ts';
import { type Rendered, rendered, type Toolstack } from './rendered.ts';
import * as replica from './replica.ts';
import * as taken from './taken.ts';

export { guardScript } from './lock.ts';
export { RenderError, type Rendered } from './rendered.ts';
export { proveShared } from './shared.ts';

/** Looks that are more than one script on one node: the engine asks them. Run as they stand, these texts prove nothing and fail. */
const askedByTheEngine = (summary: string): Rendered =>
  rendered({ summary, act: "fail 'This is asked by the engine, not by one script.'", check: null });

/**
 * @param toolstack of the node that it will run on
 * @throws RenderError (or TypeError from `quote`) for text that no planner makes
 */
export const renderAction = (action: Action, toolstack: Toolstack): Rendered => {
  switch (action.do) {
    case 'verdict':
      return domain.verdict(action, toolstack);
    case 'verify-files':
      return images.verifyFiles(action);
    case 'verify-taken':
      return taken.verifyTaken(action);
    case 'check-one-name':
      return taken.checkOneName(action);
    case 'verify-unowned':
      return taken.verifyUnowned(action);
    case 'take-image':
      return taken.takeImage(action);
    case 'prove-shared':
      return askedByTheEngine(
        `# a file written through each node opens through the others, in ${action.directory}`,
      );
    case 'jobs-ended':
      return askedByTheEngine(`# every job of the run ${action.run} has ended or never begins`);
    case 'check-config':
      return domain.checkConfig(action, toolstack);
    case 'watch-images':
      return images.watchImages(action);
    case 'check-ssh':
      return migration.checkSsh(action);
    case 'check-running':
      return migration.checkRunning(action, toolstack);
    case 'check-absent':
      return images.checkAbsent(action);
    case 'check-unused':
      return disks.checkUnused(action);
    case 'check-unwritten':
      return disks.checkUnwritten(action);
    case 'check-no-overlays':
      return disks.checkNoOverlays(action);
    case 'verify-unchanged':
      return copy.verifyUnchanged(action);
    case 'hash-images':
      return copy.hashImages(action);
    case 'copy-image':
      return askedByTheEngine(copy.copySummary(action));
    case 'accept-copy':
      return copy.acceptCopy(action);
    case 'drop-partial':
      return copy.dropPartial(action);
    case 'grow-image':
      return disks.growImage(action);
    case 'convert-image':
      return disks.convertImage(action);
    case 'rename-image':
      return disks.renameImage(action);
    case 'delete-kept':
      return disks.deleteKept(action);
    case 'make-snapshot':
      return disks.makeSnapshot(action);
    case 'drop-snapshot':
      return disks.dropSnapshot(action);
    case 'revert-snapshot':
      return disks.revertSnapshot(action);
    case 'make-folder':
      return locks.makeFolder(action);
    case 'drop-folder':
      return locks.dropFolder(action);
    case 'lock':
      return locks.lock(action);
    case 'unlock':
      return locks.unlock(action);
    case 'break-lock':
      return locks.breakLock(action);
    case 'create-image':
      return images.createImage(action);
    case 'copy-template':
      return os.copyTemplate(action);
    case 'run-os-create':
      return os.runOsCreate(action);
    case 'run-os-script':
      return osScript.runOsScript(action);
    case 'drop-export':
      return osScript.dropExport(action);
    case 'detach-images':
      return os.detachImages(action);
    case 'remove-file':
      return files.removeFile(action);
    case 'write-file':
      return files.writeFile(action);
    case 'set-aside':
      return files.setAside(action);
    case 'write-record':
      return files.writeRecord(action);
    case 'shut-down':
      return domain.shutDown(action, toolstack);
    case 'end-domain':
      return domain.endDomain(action, toolstack);
    case 'let-go-on':
      return domain.letGoOn(action, toolstack);
    case 'put-back':
      return domain.putBack(action, toolstack);
    case 'start-domain':
      return domain.startDomain(action, toolstack);
    case 'unpause-domain':
      return domain.unpauseDomain(action, toolstack);
    case 'reboot-domain':
      return domain.rebootDomain(action, toolstack);
    case 'migrate-domain':
      return migration.migrateDomain(action, toolstack);
    case 'end-leftovers':
      return migration.endLeftovers(action, toolstack);
    case 'move-folder':
      return folder.moveFolder(action);
    case 'drop-note':
      return folder.dropNote(action);
    case 'purge-folder':
      return folder.purgeFolder(action);
    case 'reopen-replica':
      return replica.reopenReplica(action);
    case 'reseal-replica':
      return replica.resealReplica(action);
    case 'write-replica':
      return replica.writeReplica(action);
    case 'demote-record':
      return replica.demoteRecord(action);
    case 'drop-replica':
      return replica.dropReplica(action);
    case 'write-tombstone':
      return files.writeTombstone(action);
    case 'remove-tombstone':
      return files.removeTombstone(action);
    case 'make-storage':
      return files.makeStorage(action);
    case 'remove-storage-id':
      return files.removeStorageId(action);
    case 'remove-membership':
      return files.removeMembership(action);
    case 'write-membership':
      return files.writeMembership(action);
  }
};
