/** On a terminal: host keys are asked about, plans are shown and asked for, passphrases are asked for without an echo. */
import { spawn } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SshdCluster, startSshdCluster, treeOfCluster } from '../support/cluster-of-sshd.ts';
import { makeKey } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

let cluster: SshdCluster;
beforeAll(async () => {
  cluster = await startSshdCluster({ names: ['node1', 'node2'] });
});
afterAll(() => cluster?.stop());

const word = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Runs the command on a terminal of its own and answers what it asks: each question as soon as it stands there. */
const onTerminal = async (
  args: readonly string[],
  answers: readonly (readonly [question: RegExp, answer: string])[],
): Promise<{ code: number | null; screen: string }> => {
  const [program, ...words] = cluster.command(args);
  const child = spawn('script', ['-qec', [program ?? '', ...words].map(word).join(' '), '/dev/null'], {
    env: { ...cluster.environment, TERM: 'xterm', NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let read = 0;
  for (const [question, answer] of answers) {
    await waitFor(`the question ${question}`, () => {
      if (child.exitCode !== null) throw new Error(`It ended before it asked ${question}:\n${screen}`);
      const at = screen.slice(read).search(question);
      if (at < 0) return false;
      read = screen.length;
      return true;
    });
    child.stdin.write(`${answer}\r`);
  }
  return { code: await ended, screen };
};

const init = () => ['cluster', 'init', 'lab', ...cluster.initArguments('ask')];

describe('founding a cluster on a terminal', () => {
  it('does nothing when the host key is not trusted', async () => {
    const { code, screen } = await onTerminal(init(), [
      [/Trust it .*\[y\/N\]/, 'n'],
      [/Trust it .*\[y\/N\]/, 'n'],
    ]);
    expect(code, screen).toBe(3);
    expect(screen).toContain(cluster.node('node1').sshd.fingerprint);
    expect(cluster.node('node1').sshd.log()).not.toContain('Accepted');
  });

  it('does nothing when the plan is not agreed to', async () => {
    const before = await treeOfCluster(cluster);
    const { code, screen } = await onTerminal(init(), [
      [/Trust it .*\[y\/N\]/, 'y'],
      [/Trust it .*\[y\/N\]/, 'y'],
      [/Run it\? \[y\/N\]/, ''],
    ]);
    expect(code, screen).toBe(1);
    expect(screen).toContain('Nothing was done');
    expect(await treeOfCluster(cluster)).toBe(before);
  });

  it('founds it when it is, with the key that was trusted before', async () => {
    const { code, screen } = await onTerminal(init(), [[/Run it\? \[y\/N\]/, 'yes']]);
    expect(code, screen).toBe(0);
    expect(screen).toContain('Found the cluster lab: done');
  });
});

describe('a node that does not answer', () => {
  it('is vouched for in words, before the plan is agreed to', async () => {
    const create = [
      ...['instance', 'add', '-t', 'file', '--disk', '0:size=8M', '-n', 'node1:node2', '-o', 'none'],
      ...['-B', 'memory=64M', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', 'web1', '--yes'],
    ];
    expect((await cluster.vbdesk(...create)).code).toBe(0);
    await cluster.node('node1').powerOff();
    const question = /How do you know that node1 is down\?/;
    const failover = ['instance', 'failover', 'web1'];
    const withheld = await onTerminal(failover, [[question, '']]);
    expect(withheld.code, withheld.screen).toBe(3);
    const given = await onTerminal(failover, [
      [question, 'I see it from here'],
      [/Run it\? \[y\/N\]/, 'n'],
    ]);
    expect(given.code, given.screen).toBe(1);
    expect(given.screen).toMatch(/agreed +node1 may be alive/);
    await cluster.node('node1').powerOn();
  });
});

describe('a key with a passphrase', () => {
  it('is asked for, and what is typed is not shown', async () => {
    const { sshd } = cluster.node('node1');
    const passphrase = 'a secret of 24 letters.';
    const key = await makeKey(path.join(cluster.directory, 'locked'), { passphrase });
    for (const node of cluster.nodes)
      await appendFile(path.join(node.sshd.directory, 'authorized_keys'), `${key.publicLine}\n`);
    const file = path.join(cluster.configDirectory, 'clusters/lab.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(JSON.stringify(sshd.clientKeyFile), JSON.stringify(key.file)));
    const { code, screen } = await onTerminal(
      ['node', 'list'],
      [
        // once for both nodes
        [/Passphrase of the key .*locked: /, passphrase],
      ],
    );
    expect(code, screen).toBe(0);
    expect(screen).toContain('answers');
    expect(screen).not.toContain('secret');
    // without a terminal it is declined, and said
    const declined = await cluster.vbdesk('node', 'list');
    expect(declined.code).toBe(1);
    expect(declined.stderr).toContain('passphrase');
  });
});
