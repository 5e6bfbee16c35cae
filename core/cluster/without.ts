/**
 * A snapshot as it would be if some nodes were lost: their last facts stay, and they do not answer. Nothing is walked over again;
 * what is asked of an instance is marked when it is asked, so that a question about fifty of 5,000 stays one about fifty.
 */
import { keepLookup, type Lookup, lookupOf, type NodeView } from './lookup.ts';
import type { Snapshot } from './snapshot.ts';

/** What a node that is only supposed to be lost says of why. */
const trouble = { kind: 'unreachable', message: 'it is taken as lost' } as const;

type Sight = { node: string; seen: boolean };

const marked = <S extends Sight>(sights: readonly S[], lost: ReadonlySet<string>): S[] =>
  sights.map((each) => (each.seen && lost.has(each.node) ? { ...each, seen: false } : each));

/** A map of sights that marks those of lost nodes when they are asked for. */
class MarkedMap<S extends Sight> implements ReadonlyMap<string, S[]> {
  readonly #of: ReadonlyMap<string, S[]>;
  readonly #lost: ReadonlySet<string>;

  constructor(of: ReadonlyMap<string, S[]>, lost: ReadonlySet<string>) {
    this.#of = of;
    this.#lost = lost;
  }

  get size(): number {
    return this.#of.size;
  }
  get(key: string): S[] | undefined {
    const sights = this.#of.get(key);
    return sights && marked(sights, this.#lost);
  }
  has(key: string): boolean {
    return this.#of.has(key);
  }
  keys(): MapIterator<string> {
    return this.#of.keys();
  }
  *values(): MapIterator<S[]> {
    for (const sights of this.#of.values()) yield marked(sights, this.#lost);
  }
  *entries(): MapIterator<[string, S[]]> {
    for (const [key, sights] of this.#of) yield [key, marked(sights, this.#lost)];
  }
  [Symbol.iterator](): MapIterator<[string, S[]]> {
    return this.entries();
  }
  forEach(call: (value: S[], key: string, map: ReadonlyMap<string, S[]>) => void): void {
    for (const [key, sights] of this.entries()) call(sights, key, this);
  }
}

/** The same snapshot, with these nodes not answering any more. Names that are no nodes of it are left out. */
export const withoutNodes = (snapshot: Snapshot, names: Iterable<string>): Snapshot => {
  const lookup = lookupOf(snapshot);
  const lost = new Set([...names].filter((each) => lookup.byName.get(each)?.seen));
  const made: Snapshot = {
    ...snapshot,
    nodes: snapshot.nodes.map((each) => (lost.has(each.name) ? { ...each, trouble: { ...trouble } } : each)),
  };
  const changed = new Map(made.nodes.map((each) => [each.name, each]));
  const nodes = lookup.nodes.map(
    (each): NodeView =>
      lost.has(each.name) ? { ...each, seen: false, snapshot: changed.get(each.name) ?? null } : each,
  );
  const map = <S extends Sight>(of: ReadonlyMap<string, S[]>): MarkedMap<S> => new MarkedMap(of, lost);
  const without: Lookup = {
    ...lookup,
    snapshot: made,
    nodes,
    byName: new Map(nodes.map((each) => [each.name, each])),
    seen: nodes.filter((each) => each.seen),
    unseen: nodes.filter((each) => !each.seen),
    recorded: map(lookup.recorded),
    unrecorded: marked(lookup.unrecorded, lost),
    replicas: map(lookup.replicas),
    foldersByName: map(lookup.foldersByName),
    domainsByUuid: map(lookup.domainsByUuid),
    domainsByName: map(lookup.domainsByName),
    anonymousDomains: marked(lookup.anonymousDomains, lost),
    monitorsByName: map(lookup.monitorsByName),
    savesByName: map(lookup.savesByName),
    autostartsByName: map(lookup.autostartsByName),
    guestConfigs: { byUuid: map(lookup.guestConfigs.byUuid), byFile: map(lookup.guestConfigs.byFile) },
  };
  keepLookup(without);
  return made;
};
