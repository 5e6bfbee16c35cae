/** What a node can put on a new disk: template images and Ganeti's OS definitions, as it showed them last. */
import { parseOsName, TEMPLATE_PREFIX } from '../ganeti/os-name.ts';
import { virtualSizeOf } from './backing.ts';
import { templateDirectory } from './schema.ts';
import type { ImageFacts, NodeFacts, OsDefinition, Snapshot, StorageFacts } from './snapshot.ts';

/** Bytes of a disk's sector: a raw template that ends within one is rounded up. */
const sector = 512;

export type Template = {
  name: string;
  path: string;
  file: ImageFacts;
  type: 'raw' | 'qcow2';
  /** bytes that a guest sees of it, in whole sectors */
  size: number;
};

type Holder = { facts: NodeFacts | null } | undefined;

/** What ends with the footer of a fixed-size VHD would be copied with it, as if that were a part of the disk. */
const typeOf = ({ type, kind, fixedVhd }: ImageFacts): Template['type'] | null =>
  kind === 'file' && fixedVhd === undefined && (type === 'raw' || type === 'qcow2') ? type : null;

/** The files among which an instance in this storage directory finds its templates, and where they lie; `state` of that place. */
export const templatePlace = (
  node: Holder,
  directory: string,
): { path: string; state: StorageFacts['state']; id: string | null; files: readonly ImageFacts[] } => {
  const own = node?.facts?.templates;
  if (own) return own;
  const storage = node?.facts?.storages.find((each) => each.path === directory);
  return {
    path: `${directory}/${templateDirectory}`,
    state: storage?.state ?? 'missing',
    id: storage?.id ?? null,
    files: storage?.templates ?? [],
  };
};

/** Templates that can be copied: raw and qcow2 images that tell their size. */
export const templatesOn = (node: Holder, directory: string): Template[] => {
  const place = templatePlace(node, directory);
  return (place.state === 'ok' ? place.files : []).flatMap((file) => {
    const type = typeOf(file);
    const size = virtualSizeOf(file);
    const named = parseOsName(`${TEMPLATE_PREFIX}${file.name}`);
    if (type === null || size === null || size === 0 || !named.ok) return [];
    const path = `${place.path}/${file.name}`;
    return [{ name: file.name, path, file, type, size: Math.ceil(size / sector) * sector }];
  });
};

export const templateOn = (node: Holder, directory: string, name: string): Template | null =>
  templatesOn(node, directory).find((each) => each.name === name) ?? null;

/** The file of that name, whether or not it can be copied. */
export const templateFileOn = (node: Holder, directory: string, name: string): ImageFacts | null =>
  templatePlace(node, directory).files.find((each) => each.name === name) ?? null;

export const definitionOn = (node: Holder, name: string): OsDefinition | null =>
  node?.facts?.osDefinitions?.find((each) => each.name === name) ?? null;

/** What can be said after `-o` for a definition: its name, or its name with each variant. */
export const namesOfDefinition = ({ name, variants }: OsDefinition): string[] =>
  variants.length === 0 ? [name] : variants.map((variant) => `${name}+${variant}`);

export type TemplateRow = Omit<Template, 'file'> & {
  os: string;
  allocated: number;
  modified: number;
  nodes: string[];
};
export type DefinitionRow = OsDefinition & { names: string[]; nodes: string[] };

/** Everything that the nodes show, what is the same on several once. */
export const operatingSystemsOf = (
  snapshot: Snapshot,
): { templates: TemplateRow[]; definitions: DefinitionRow[] } => {
  const templates = new Map<string, TemplateRow>();
  const definitions = new Map<string, DefinitionRow>();
  for (const node of snapshot.nodes) {
    for (const directory of snapshot.cluster.storageDirectories) {
      const { id } = templatePlace(node, directory);
      const own = node.facts?.templates !== undefined;
      for (const { file, ...template } of templatesOn(node, directory)) {
        // in one directory that all nodes have, what looks the same is the same to whoever chooses, mounted or copied
        const alike = own ? `${template.type} ${template.size} ${file.modified}` : node.name;
        const key = `${id ?? alike} ${template.path}`;
        const row = templates.get(key);
        if (row) {
          // one directory of templates is that of every storage directory
          if (!row.nodes.includes(node.name)) row.nodes.push(node.name);
        } else
          templates.set(key, {
            ...template,
            os: `${TEMPLATE_PREFIX}${template.name}`,
            allocated: file.allocated,
            modified: file.modified,
            nodes: [node.name],
          });
      }
    }
    for (const definition of node.facts?.osDefinitions ?? []) {
      const key = JSON.stringify(definition);
      const row = definitions.get(key);
      if (row) row.nodes.push(node.name);
      else definitions.set(key, { ...definition, names: namesOfDefinition(definition), nodes: [node.name] });
    }
  }
  const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name, 'en');
  return {
    templates: [...templates.values()].sort(byName),
    definitions: [...definitions.values()].sort(byName),
  };
};
