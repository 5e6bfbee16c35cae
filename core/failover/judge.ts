/**
 * Could this instance be failed over to that node: the checks of the plan itself, each asked only where it may answer differently.
 * So 5,000 instances on 100 nodes are judged without half a million plans; what is said of one pair is said by `readinessOf`.
 */
import { backingIsKnown, backingOf } from '../cluster/backing.ts';
import type { InstanceFolder, InstanceView } from '../cluster/instances.ts';
import type { FolderFacts } from '../cluster/snapshot.ts';
import { bootFilesOf, memoryFor } from '../plan/checks/capacity.ts';
import { type FailoverParts, type FailoverWay, failoverParts, failoverWay } from '../plan/checks/failover.ts';
import { folderOn } from '../plan/checks/images.ts';
import { vouchCode } from '../plan/plan.ts';
import type { Reason } from '../plan/reason.ts';
import type { Scene } from '../plan/scene.ts';

/** The worst that stands against something. */
export type Severity = 'fine' | 'consent' | 'blocks';

const rank: Record<Severity, number> = { fine: 0, consent: 1, blocks: 2 };
export const worseOf = (one: Severity, other: Severity): Severity => (rank[other] > rank[one] ? other : one);

/** @property severity of everything but memory */
export type Judged = { severity: Severity; way: FailoverWay };

export type Judge = {
  scene: Scene;
  /** memory aside: that is a matter of who else goes there */
  on: (view: InstanceView, target: string) => Judged;
  /** MiB that it takes where it goes; 0 for one that stays stopped */
  need: (view: InstanceView) => number;
};

/** MiB that a node has for guests; 0 for one that was never seen. */
export const memoryOf = (scene: Scene, node: string): number => {
  const facts = scene.lookup.byName.get(node)?.facts;
  return facts ? memoryFor(facts) : 0;
};

/** Nothing in the folder builds on another image: then what a node shows besides it does not matter. */
const isPlain = ({ files }: FolderFacts): boolean =>
  files.every((each) => backingIsKnown(each) && backingOf(each) === null);

/** Two nodes show the same of one folder: what is said of its files on the one is true on the other. */
const showTheSame = (one: InstanceFolder, other: InstanceFolder): boolean =>
  one.storageId !== null &&
  one.key === other.key &&
  one.matchesPlace === other.matchesPlace &&
  one.folder.path === other.folder.path &&
  one.folder.files.length === other.folder.files.length &&
  one.folder.files.every((file, index) => {
    const there = other.folder.files[index];
    return (
      there !== undefined &&
      file.size === there.size &&
      file.inode === there.inode &&
      file.type === there.type &&
      file.kind === there.kind &&
      file.name === there.name
    );
  });

type Known = {
  need: number;
  fittings: string;
  /** by whether the way is a replica */
  source: Map<boolean, Severity>;
  files: { sight: InstanceFolder; severity: Severity }[];
  /** what was asked before, by target */
  targets: Map<string, Judged>;
};

/** @param lost nodes that are supposed to be down: nobody has to vouch for them */
export const makeJudge = (scene: Scene, lost: readonly string[] = []): Judge => {
  const excused = new Set(lost.map(vouchCode));
  const worst = (reasons: readonly Reason[]): Severity => {
    let found: Severity = 'fine';
    for (const { severity, code } of reasons) {
      if (severity === 'blocks') return 'blocks';
      if (severity === 'consent' && !excused.has(code)) found = 'consent';
    }
    return found;
  };
  const byView = new WeakMap<InstanceView, Known>();
  const byKey = new Map<string, Severity>();
  const once = (key: string, ask: () => Reason[]): Severity => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const found = worst(ask());
    byKey.set(key, found);
    return found;
  };

  const knownOf = (view: InstanceView, parts: () => FailoverParts): Known => {
    const known = byView.get(view);
    if (known) return known;
    const { guest, nics } = view.record;
    const { shallRun } = parts();
    const made: Known = {
      need: shallRun ? guest.memoryMib : 0,
      fittings: shallRun
        ? [...nics.map((each) => each.bridge), '', ...bootFilesOf(guest).map((each) => each.path)].join('\n')
        : '',
      source: new Map(),
      files: [],
      targets: new Map(),
    };
    byView.set(view, made);
    return made;
  };

  const ofFiles = (known: Known, view: InstanceView, target: string, parts: () => FailoverParts) => {
    const sight = folderOn(view, target);
    if (sight === null || !isPlain(sight.folder)) return worst(parts().files());
    const same = known.files.find((each) => showTheSame(each.sight, sight));
    if (same) return same.severity;
    const severity = worst(parts().files());
    known.files.push({ sight, severity });
    return severity;
  };

  const partsOf = (view: InstanceView, source: string, target: string): (() => FailoverParts) => {
    let made: FailoverParts | null = null;
    return () => {
      made ??= failoverParts(scene, view, source, target);
      return made;
    };
  };

  const ofSource = (known: Known, way: FailoverWay, parts: () => FailoverParts): Severity => {
    const isReplica = way === 'replica';
    const found =
      known.source.get(isReplica) ?? worseOf(worst(parts().onSource()), worst(parts().elsewhere()));
    known.source.set(isReplica, found);
    return found;
  };

  const on = (view: InstanceView, target: string): Judged => {
    const { primary: source } = view;
    if (source === null) return { severity: 'blocks', way: 'same' };
    const before = byView.get(view)?.targets.get(target);
    if (before) return before;
    const way = failoverWay(scene, view, source, target);
    if (source === target) return { severity: 'blocks', way };
    const parts = partsOf(view, source, target);
    const known = knownOf(view, parts);
    const asked: (() => Severity)[] = [
      () => once(`target\n${target}`, () => parts().onTarget()),
      () => ofSource(known, way, parts),
      () => ofFiles(known, view, target, parts),
      () =>
        known.fittings === ''
          ? 'fine'
          : once(`fittings\n${target}\n${known.fittings}`, () => parts().fittings()),
      () => once(`xen\n${source}\n${target}`, () => parts().xen()),
    ];
    let severity: Severity = 'fine';
    for (const ask of asked) {
      severity = worseOf(severity, ask());
      if (severity === 'blocks') break;
    }
    const judged: Judged = { severity, way };
    known.targets.set(target, judged);
    return judged;
  };

  return {
    scene,
    on,
    need: (view) =>
      view.primary === null ? 0 : knownOf(view, partsOf(view, view.primary, view.primary)).need,
  };
};
