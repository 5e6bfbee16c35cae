/** Drafts on the command line, while no node answers: made, added to, shown, edited by hand; nothing is run and no node asked. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Cluster } from '../../core/cluster/schema.ts';
import { runCommandLine } from '../../main/cli/program.ts';
import { Library } from '../../main/library/library.ts';
import { soundCluster, uuidOf, withInstance } from '../support/snapshot-builder.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

let temporary: TemporaryDirectory;
let file: string;
let config: string;

type Outcome = { code: number; out: string; said: string };

const vbdesk = async (...words: string[]): Promise<Outcome> => {
  let out = '';
  let said = '';
  const code = await runCommandLine([...words, '--config-dir', config], {
    out: (text) => {
      out += text;
    },
    say: (text) => {
      said += text;
    },
    isInteractive: false,
    isLive: false,
    colors: { out: false, say: false },
    ask: async () => {
      throw new Error('somebody was asked');
    },
    onInterrupt: () => () => undefined,
  });
  return { code, out, said };
};
const done = async (...words: string[]): Promise<Outcome> => {
  const outcome = await vbdesk(...words);
  expect(outcome.code, `${outcome.out}\n${outcome.said}`).toBe(0);
  return outcome;
};
const shownDraft = z.looseObject({
  cluster: z.string(),
  base: z.looseObject({ instances: z.record(z.string(), z.looseObject({ uuid: z.string() })) }).nullable(),
  changes: z.array(
    z.looseObject({
      id: z.string(),
      intent: z.looseObject({ kind: z.string() }),
      accept: z.array(z.string()),
    }),
  ),
});
const shown = async () => shownDraft.parse(JSON.parse((await done('draft', 'show', file, '--json')).out));

beforeAll(async () => {
  temporary = makeTemporaryDirectory('draft-cli');
  config = path.join(temporary.path, 'config');
  file = path.join(temporary.path, 'friday.vbdesk.yaml');
  const library = new Library(config);
  await library.prepare();
  const known = withInstance(soundCluster(), 'web1');
  const at = Date.now() - 3 * 3_600_000;
  const cluster: Cluster = {
    ...known.cluster,
    // nobody listens there
    nodes: known.cluster.nodes.map((each) => ({
      ...each,
      target: { host: '127.0.0.1', port: 1, user: 'root' },
    })),
  };
  await library.saveCluster(cluster);
  await library.saveSnapshot({
    ...known,
    cluster,
    takenAt: at,
    nodes: known.nodes.map((each) => ({ ...each, seenAt: at })),
  });
});
afterAll(() => temporary?.remove());

describe('a draft made without a connection', () => {
  it('is begun once', async () => {
    expect((await done('draft', 'new', file)).out).toContain(file);
    expect((await vbdesk('draft', 'new', file)).code).toBe(2);
  });

  it('takes changes that build on each other, each with its plan and the age of what it rests on', async () => {
    const add = await done(
      ...['instance', 'add', '-t', 'file', '--disk', '0:size=5G', '-n', 'node1:node2', '-o', 'none'],
      ...['-B', 'memory=512M', '-H', 'kernel=/boot/vmlinuz', '--no-start', 'web2', '--draft', file],
    );
    expect(add.said).toContain('nothing was run');
    expect(add.said).toMatch(/3 h ago/);
    expect(add.out).toContain('web2');
    // web2 is known to no node: the draft makes it
    await done('instance', 'startup', 'web2', '--draft', file);
    await done('instance', 'failover', 'web2', '-n', 'node2', '--draft', file);
    await done('image', 'grow', 'web1', '0', '+1G', '--draft', file, '--accept', 'some:code');
    const draft = await shown();
    expect(draft.changes.map(({ id, intent }) => [id, intent.kind, intent.name ?? intent.instance])).toEqual([
      ['c1', 'create', 'web2'],
      ['c2', 'start', 'web2'],
      ['c3', 'failover', 'web2'],
      ['c4', 'grow', 'web1'],
    ]);
    expect(draft.changes[3]?.accept).toEqual(['some:code']);
    expect(draft.base?.instances).toMatchObject({ web1: { uuid: uuidOf('web1') } });
    expect(Object.keys(draft.base?.instances ?? {})).toEqual(['web1']);
    expect(readFileSync(file, 'utf8')).not.toContain(uuidOf('web2'));
  });

  it('takes what `draft add` says as well, with options before and after', async () => {
    const { out } = await done(
      '--json',
      'draft',
      'add',
      file,
      'instance',
      'shutdown',
      'web2',
      '--timeout',
      '5',
    );
    expect(JSON.parse(out)).toMatchObject({
      draft: file,
      id: 'c5',
      added: { do: 'shutdown', instance: 'web2', timeout: 5 },
      offline: true,
    });
  });

  it('is shown, listed, reordered and edited', async () => {
    expect((await done('draft', 'show', file)).out).toContain('size: +1G');
    await done('draft', 'move', file, 'c4', '--before', 'c1');
    await done('draft', 'duplicate', file, 'c4');
    await done('draft', 'remove', file, 'c5');
    expect((await shown()).changes.map(({ id }) => id)).toEqual(['c4', 'c6', 'c1', 'c2', 'c3']);
    expect((await done('draft', 'list')).out).toContain('friday');
    await done('draft', 'close', file);
    expect((await done('draft', 'list', '--json')).out.trim()).toBe('[]');
    await done('draft', 'open', file);
    expect(JSON.parse((await done('draft', 'list', '--json')).out)).toMatchObject([
      { name: 'friday', changes: 5 },
    ]);
  });

  it('with --dry-run is not even written to', async () => {
    const before = readFileSync(file, 'utf8');
    expect((await done('instance', 'remove', 'web2', '--draft', file, '--dry-run')).out).toContain(
      'do: "remove"',
    );
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});

describe('what is refused leaves the draft as it is', () => {
  it.each([
    ['an instance that neither nodes nor draft have', ['instance', 'startup', 'nobody'], 2, 'nobody'],
    [
      'a secret',
      [
        'instance',
        'add',
        '-t',
        'file',
        '--disk',
        '0:size=5G',
        '-n',
        'node1',
        '-o',
        'debootstrap',
        '--os-parameters-secret',
        'password=geheim99',
        'web7',
      ],
      2,
      "can't be kept",
    ],
    [
      'a word on a silent node',
      ['instance', 'startup', 'web1', '--confirm-down', 'node1', '--because', 'x'],
      2,
      'applied',
    ],
    ['a command that changes nothing like that', ['node', 'list'], 2, '--draft is for'],
    ['a draft of another cluster', ['instance', 'startup', 'web1', '--cluster', 'practice'], 2, 'practice'],
  ])('%s', async (_what, words, code, said) => {
    const before = readFileSync(file, 'utf8');
    const outcome = await vbdesk(...words, '--draft', file);
    expect(outcome.said).toMatch(new RegExp(said));
    expect(outcome.said).not.toContain('geheim99');
    expect(outcome.code).toBe(code);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('a damaged file is told with line and column', async () => {
    const damaged = path.join(temporary.path, 'damaged.vbdesk.yaml');
    writeFileSync(damaged, 'apiVersion: vbdesk/v1\nkind: Draft\ncluster: test\nchanges:\n  - do: startpu\n');
    const { code, said } = await vbdesk('draft', 'show', damaged);
    expect(code).toBe(2);
    expect(said).toContain(`${damaged}:5:9: "startpu"`);
    expect((await vbdesk('instance', 'startup', 'web1', '--draft', damaged)).code).toBe(2);
  });
});

it('the schema is printed', async () => {
  expect(JSON.parse((await done('draft', 'schema')).out)).toMatchObject({ $id: 'vbdesk/v1/draft' });
});
