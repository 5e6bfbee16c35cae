/** `vbdesk cluster init`: from words to nodes, host keys asked about, then a plan like any other. */
import { accessSync, constants, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ClusterNode, type HostKeyMode, hostKeyMode } from '../../core/cluster/schema.ts';
import type { ClusterInitIntent } from '../../core/plan/intent.ts';
import { isUserName, parseHostSpecification } from '../../core/ssh/openssh-config.ts';
import { shown } from '../../core/storage/checked.ts';
import { validateClusterName, validateNodeName } from '../../core/storage/names.ts';
import { DEFAULT_STORAGE_DIRECTORY, validateStorageDirectory } from '../../core/storage/paths.ts';
import { CliError, exitCodes, usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { askForHostKeys } from './host-keys.ts';
import { perform } from './perform.ts';
import { chooseCluster, lookAt, practiceCluster } from './resolve.ts';

export type InitOptions = LoginOptions & {
  node?: string[];
  storageDir?: string[];
  hostKeys: string;
};

const longestName = 63;

/** Reads `[NAME=][USER@]HOST[:PORT]`. */
export const parseNode = (
  text: string,
  defaults: { user?: string; identityFiles: string[] },
  /** what the words are called: the option that they belong to */
  option = '--node ',
): { ok: true; node: ClusterNode } | { ok: false; message: string } => {
  const equals = text.indexOf('=');
  const host = parseHostSpecification(text.slice(equals + 1));
  if (!host)
    return {
      ok: false,
      message: `${option}${shown(text)} is not [NAME=][USER@]HOST[:PORT], such as node1=root@10.0.0.1:22.`,
    };
  const name = validateNodeName(equals < 0 ? host.host : text.slice(0, equals));
  if (!name.ok) return { ok: false, message: `${option}${shown(text)}: ${name.message}` };
  if (name.value.length > longestName)
    return {
      ok: false,
      message: `${option}${shown(text)}: a node's name has at most ${longestName} characters; give a shorter one before "=".`,
    };
  const user = host.user ?? defaults.user;
  return {
    ok: true,
    node: {
      name: name.value,
      target: {
        host: host.host,
        ...(host.port === undefined ? {} : { port: host.port }),
        ...(user === undefined ? {} : { user }),
        ...(defaults.identityFiles.length > 0 ? { identityFiles: defaults.identityFiles } : {}),
      },
    },
  };
};

const identityFile = (text: string, problems: string[]): string => {
  const file = path.resolve(text.replace(/^~(?=\/)/, os.homedir()));
  try {
    accessSync(file, constants.R_OK);
    if (!statSync(file).isFile()) throw new Error('it is not a file');
  } catch (error) {
    problems.push(
      `--identity ${shown(text)} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return file;
};

const twice = (values: readonly string[]): string[] => [
  ...new Set(values.filter((value, index) => values.indexOf(value) !== index)),
];

export type LoginOptions = { sshUser?: string; identity?: string[] };

/** How to log in where a node names nothing of its own. */
const readLogin = (
  { sshUser, identity }: LoginOptions,
  problems: string[],
): { sshUser: string | undefined; identityFiles: string[] } => {
  if (sshUser !== undefined && !isUserName(sshUser))
    problems.push(
      `--ssh-user ${shown(sshUser)} is not a login name: letters, digits, ".", "_" and "-" are allowed.`,
    );
  return { sshUser, identityFiles: (identity ?? []).map((file) => identityFile(file, problems)) };
};

const readIntent = (name: string, options: InitOptions): ClusterInitIntent => {
  const problems: string[] = [];
  const checked = validateClusterName(name);
  if (!checked.ok) problems.push(checked.message);
  else if (name.length > longestName)
    problems.push(`A cluster's name has at most ${longestName} characters.`);
  if (name === practiceCluster)
    problems.push(
      `${practiceCluster} is the practice cluster's name; it is there by itself. Choose another one.`,
    );
  const { sshUser, identityFiles } = readLogin(options, problems);
  const nodes = (options.node ?? []).flatMap((text) => {
    const parsed = parseNode(text, { ...(sshUser === undefined ? {} : { user: sshUser }), identityFiles });
    if (parsed.ok) return [parsed.node];
    problems.push(parsed.message);
    return [];
  });
  if (!options.node?.length) problems.push('A cluster needs a node: --node [NAME=][USER@]HOST[:PORT].');
  for (const each of twice(nodes.map((node) => node.name)))
    problems.push(`Two nodes are called ${each}; give each its own name: --node NAME=HOST.`);
  const given = options.storageDir?.length ? options.storageDir : [DEFAULT_STORAGE_DIRECTORY];
  const storageDirectories = given.flatMap((text) => {
    const directory = validateStorageDirectory(text);
    if (directory.ok) return [directory.value];
    problems.push(`--storage-dir: ${directory.message}`);
    return [];
  });
  for (const each of twice(storageDirectories)) problems.push(`--storage-dir ${each} is given twice.`);
  const mode = hostKeyMode.safeParse(options.hostKeys);
  if (!mode.success)
    problems.push(`--host-keys is one of ${hostKeyMode.options.join(', ')}, not ${shown(options.hostKeys)}.`);
  if (problems.length > 0 || !mode.success) throw usageError(problems.join('\n'), 'bad-input');
  return { kind: 'cluster-init', name, nodes, storageDirectories, hostKeys: mode.data };
};

/** Looks whether the nodes' keys are known; in mode `ask` a person is asked, and without one nothing is trusted. */
const settleHostKeys = async (
  context: CommandContext,
  nodes: readonly ClusterNode[],
  hostKeys: HostKeyMode,
): Promise<void> => {
  const looks = await Promise.all(
    nodes.map(async ({ name, target }) => {
      const { trouble } = await context.call('node.look', { target, hostKeys });
      return trouble?.kind === 'host-key-unknown' && trouble.hostKey
        ? [{ name, target, hostKey: trouble.hostKey }]
        : [];
    }),
  );
  const unknown = looks.flat();
  if (unknown.length === 0) return;
  if (context.terminal.isInteractive && hostKeys === 'ask') {
    await askForHostKeys(context, unknown);
    return;
  }
  const keys = unknown.map(
    ({ name, hostKey }) => `  ${name}: ${hostKey.algorithm} ${hostKey.fingerprint}\n    ${hostKey.line}`,
  );
  throw new CliError(
    exitCodes.refused,
    'host-key-unknown',
    `These host keys are not known:\n${keys.join('\n')}\nNothing was done. Compare the fingerprints with the nodes' own (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub). Then ${
      hostKeys === 'ask'
        ? 'run this on a terminal, where they are asked about, or use --host-keys accept-new, or'
        : 'use --host-keys ask on a terminal, or'
    } add the lines to ~/.ssh/known_hosts.`,
    { extra: { hostKeys: unknown.map(({ name, hostKey }) => ({ node: name, ...hostKey })) } },
  );
};

export const initCluster = async (
  context: CommandContext,
  name: string,
  options: InitOptions,
): Promise<void> => {
  const intent = readIntent(name, options);
  // with accept-new the probe itself learns the keys
  if (intent.hostKeys !== 'accept-new') await settleHostKeys(context, intent.nodes, intent.hostKeys);
  await perform(context, name, intent, true);
};

/** `vbdesk node add`: the cluster as its nodes know it by now, and these. Logs in as for its first node unless told otherwise. */
export const addNodes = async (
  context: CommandContext,
  added: readonly string[],
  options: LoginOptions,
): Promise<void> => {
  const problems: string[] = [];
  const { sshUser, identityFiles } = readLogin(options, problems);
  const name = await chooseCluster(context);
  if (name === practiceCluster)
    throw usageError('The practice cluster has its three nodes, and no others.', 'practice');
  // who is in it is what the nodes say, not only what this workstation remembers
  const { cluster } = await lookAt(context, name);
  const login = cluster.nodes[0]?.target;
  const user = sshUser ?? login?.user;
  const nodes = added.flatMap((text) => {
    const parsed = parseNode(
      text,
      {
        ...(user === undefined ? {} : { user }),
        identityFiles: options.identity ? identityFiles : (login?.identityFiles ?? []),
      },
      '',
    );
    if (parsed.ok) return [parsed.node];
    problems.push(parsed.message);
    return [];
  });
  for (const each of twice([...cluster.nodes, ...nodes].map((node) => node.name)))
    problems.push(
      `${name} has a node ${each} already, or it is named twice; give the new one its own name: NAME=HOST.`,
    );
  if (problems.length > 0) throw usageError(problems.join('\n'), 'bad-input');
  if (cluster.hostKeys !== 'accept-new') await settleHostKeys(context, nodes, cluster.hostKeys);
  await perform(
    context,
    name,
    {
      kind: 'cluster-init',
      name,
      nodes: [...cluster.nodes, ...nodes],
      storageDirectories: cluster.storageDirectories,
      hostKeys: cluster.hostKeys,
    },
    true,
  );
};
