/**
 * What a cluster is: the workstation's file about it, and the membership file that lies on every node.
 */
import { z } from 'zod';

/** How an unknown host key is treated when connecting; a changed key is refused in every mode. */
export const hostKeyMode = z.enum(['strict', 'ask', 'accept-new']);
export type HostKeyMode = z.infer<typeof hostKeyMode>;

/** Where a node answers. `host` may be an alias of the user's OpenSSH configuration. */
export const nodeTarget = z.strictObject({
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65535).optional(),
  user: z.string().min(1).max(64).optional(),
  identityFiles: z.array(z.string().max(4096)).max(16).optional(),
});
export type NodeTarget = z.infer<typeof nodeTarget>;

export const clusterNode = z.strictObject({ name: z.string().min(1).max(63), target: nodeTarget });
export type ClusterNode = z.infer<typeof clusterNode>;

/** One cluster as this workstation knows it (`clusters/NAME.json` in the configuration directory). */
export const cluster = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(63),
  uuid: z.uuid(),
  kind: z.enum(['real', 'practice']),
  nodes: z.array(clusterNode).min(1).max(200),
  /** Absolute paths on the nodes below which instance folders may lie; the first is the default. */
  storageDirectories: z.array(z.string().max(4096)).min(1).max(32),
  /** the directory of golden images; absent: `.templates` in each storage directory */
  templateDirectory: z.string().max(4096).optional(),
  hostKeys: hostKeyMode,
});
export type Cluster = z.infer<typeof cluster>;

/**
 * `/var/lib/vbdesk/cluster.json` on every node: who is in the cluster, so that "all nodes" never means "those that
 * this workstation happens to know" (SAFETY: who is in the cluster).
 */
export const membership = z.object({
  version: z.literal(1),
  cluster: z.string(),
  uuid: z.uuid(),
  /** +1 at each change; of two files the higher one is newer. */
  generation: z.number().int().min(1),
  nodes: z.array(z.object({ name: z.string(), host: z.string(), port: z.number().int().optional() })),
  storageDirectories: z.array(z.string()),
  templateDirectory: z.string().optional(),
});
export type Membership = z.infer<typeof membership>;

/** Directory of VBDesk's own files on a node, as a logical path (a practice node has a root before it). */
export const nodeStateDirectory = '/var/lib/vbdesk';
export const membershipPath = `${nodeStateDirectory}/cluster.json`;
/** Name of the file in a storage directory that holds the storage's random id. */
export const storageIdFile = '.vbdesk-storage';
/** Images that new disks can be copies of lie here, inside the storage directory, unless the cluster names another directory. */
export const templateDirectory = '.templates';
/** Removed instances wait here, inside the storage directory. */
export const trashDirectory = '.trash';
