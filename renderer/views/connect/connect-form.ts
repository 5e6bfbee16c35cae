/** The form that names a cluster's nodes, and the intent that it comes to. Pure. */
import type { Cluster, HostKeyMode, NodeTarget } from '../../../core/cluster/schema.ts';
import type { ClusterInitIntent } from '../../../core/plan/intent.ts';
import { validateClusterName, validateNodeName } from '../../../core/storage/names.ts';
import { DEFAULT_STORAGE_DIRECTORY, validateStorageDirectory } from '../../../core/storage/paths.ts';

export type NodeForm = { key: number; name: string; host: string; port: string; user: string };

export type ConnectForm = {
  name: string;
  nodes: NodeForm[];
  storage: string;
  identity: string;
  hostKeys: HostKeyMode;
};

export const emptyNode = (key: number): NodeForm => ({ key, name: '', host: '', port: '', user: '' });

export const newClusterForm = (): ConnectForm => ({
  name: '',
  nodes: [emptyNode(1), emptyNode(2)],
  storage: DEFAULT_STORAGE_DIRECTORY,
  identity: '',
  hostKeys: 'ask',
});

/** A form that adds to a cluster which is there: only the new nodes are filled in. */
export const addNodeForm = (cluster: Cluster): ConnectForm => ({
  name: cluster.name,
  nodes: [emptyNode(1)],
  storage: cluster.storageDirectories.join('\n'),
  identity: '',
  hostKeys: cluster.hostKeys,
});

/** What a node is called: its own field, else the host's first part. */
export const nodeNameOf = (node: NodeForm): string => {
  if (node.name.trim() !== '') return node.name.trim();
  const host = node.host.trim();
  return /^[0-9.:]+$/.test(host) ? host : (host.split('.')[0] ?? '');
};

export const targetOf = (form: ConnectForm, node: NodeForm): NodeTarget => ({
  host: node.host.trim(),
  ...(node.port.trim() === '' ? {} : { port: Number(node.port) }),
  ...(node.user.trim() === '' ? {} : { user: node.user.trim() }),
  ...(form.identity.trim() === '' ? {} : { identityFiles: [form.identity.trim()] }),
});

export const isFilled = (node: NodeForm): boolean => node.host.trim() !== '';

/** What keeps one node from being looked at. */
export const nodeErrors = (node: NodeForm, index: number): [string, string][] => {
  const errors: [string, string][] = [];
  if (!isFilled(node)) return errors;
  if (/[\s;&|$`"'\\<>()]|^-/.test(node.host.trim()) || node.host.trim().length > 255)
    errors.push([
      `nodes.${index}.host`,
      'A host is a name, an address, or an alias of your SSH configuration.',
    ]);
  const name = validateNodeName(nodeNameOf(node));
  if (!name.ok) errors.push([`nodes.${index}.name`, name.message]);
  const port = Number(node.port);
  if (node.port.trim() !== '' && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    errors.push([`nodes.${index}.port`, 'A port is a number from 1 to 65535.']);
  return errors;
};

/** @param known nodes that the cluster has already, put before the new ones */
export const connectIntent = (
  form: ConnectForm,
  known: Cluster['nodes'],
): { intent: ClusterInitIntent | null; errors: Map<string, string> } => {
  const errors = new Map<string, string>();
  const name = validateClusterName(form.name.trim());
  if (!name.ok) errors.set('name', name.message);
  const filled = form.nodes.filter(isFilled);
  for (const [index, node] of form.nodes.entries())
    for (const [field, text] of nodeErrors(node, index)) errors.set(field, text);
  if (filled.length === 0) errors.set('nodes', 'Name at least one node by its address or SSH alias.');
  const names = [...known.map((node) => node.name), ...filled.map(nodeNameOf)];
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined)
    errors.set('nodes', `Two nodes are called ${twice}. Give one of them another name.`);
  const storage = form.storage.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  if (storage.length === 0) errors.set('storage', 'Name at least one storage directory.');
  for (const path of storage) {
    const checked = validateStorageDirectory(path);
    if (!checked.ok) errors.set('storage', checked.message);
  }
  if (errors.size > 0) return { intent: null, errors };
  return {
    errors,
    intent: {
      kind: 'cluster-init',
      name: form.name.trim(),
      nodes: [...known, ...filled.map((node) => ({ name: nodeNameOf(node), target: targetOf(form, node) }))],
      storageDirectories: storage,
      hostKeys: form.hostKeys,
    },
  };
};
