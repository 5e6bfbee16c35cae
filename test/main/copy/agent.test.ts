/** A copy between nodes that do not trust each other, with a real ssh, real servers and a real agent: lent for the copy, and no longer. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startAgent, type TestAgent } from '../../support/ssh-agent.ts';
import { clientKey } from '../../support/sshd.ts';
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts';
import { type CopyWorld, copyOf, folder, MiB, makeSparse, startCopyWorld, sumOf } from './support.ts';

vi.setConfig({ testTimeout: 120_000 });

const size = 8 * MiB;
let agent: TestAgent;
let world: CopyWorld;
const temporary = makeTemporaryDirectory('agent');

beforeAll(async () => {
  agent = await startAgent(path.join(temporary.path, 'agent'), [(await clientKey()).file]);
  world = await startCopyWorld({ straight: false, agent: agent.socket });
  makeSparse(world.at('node1', `${folder}/sda`), size, [[MiB, randomBytes(MiB)]]);
  // node1 knows where node2 is and whose key it has, and has no key of its own
  const target = world.sshd('node2');
  const [, keyType, key] = target.hostKeyLine.split(' ');
  const known = path.join(temporary.path, 'known_hosts');
  writeFileSync(known, `node2 ${keyType} ${key}\n`);
  const config = path.join(temporary.path, 'config');
  writeFileSync(
    config,
    [
      'Host node2',
      `HostName ${target.host}`,
      `Port ${target.port}`,
      `User ${target.user}`,
      'HostKeyAlias node2',
      `UserKnownHostsFile ${known}`,
      'GlobalKnownHostsFile /dev/null',
      'IdentityFile /nonexistent',
      '',
    ].join('\n'),
  );
  world.shim('node1', 'ssh', `exec /usr/bin/ssh -F '${config}' "$@"`);
});
afterAll(async () => {
  await world?.close();
  await agent?.stop();
  temporary.remove();
});

const copied = async (action = copyOf(size)) => {
  const run = world.fresh();
  const { result, entry } = await world.copy(run, { action });
  expect(result, entry.output).toEqual({ kind: 'done' });
  expect(sumOf(world.at('node2', `${folder}/sda.partial.${run}`))).toBe(
    sumOf(world.at('node1', `${folder}/sda`)),
  );
  return entry.output;
};
/** How many keys a program on node1 finds in the agent. */
const keysOn = async (forwardAgent: 'no' | 'configured' | 'yes'): Promise<string> => {
  const { stdout } = await world.shell('node1').run('ssh-add -l 2>/dev/null | grep -c vbdesk-test', {
    forwardAgent,
  });
  return stdout.toString().trim();
};

test('unasked it stays here: the workstation carries the bytes, and it is said why', async () => {
  const output = await copied();
  expect(output).toContain('through this workstation');
  expect(output).toContain('node1 does not reach node2 by ssh');
  expect(output).toContain('Permission denied');
  expect(await keysOn('configured')).toBe('0');
});

test('lent for the copy, the bytes go straight', async () => {
  const output = await copied({ ...copyOf(size), forwardAgent: true });
  expect(output).toContain('straight from node1 to node2');
  expect(output).not.toContain('does not reach');
  // the next copy is asked about anew
  expect(await copied()).toContain('through this workstation');
});

test('what a program keeps of it is of no use once the script that was given it has ended', async () => {
  expect(await keysOn('yes')).toBe('1');
  // sshd makes a socket for each channel and removes it with it; one that is kept by a link leads nowhere then
  const { stdout } = await world
    .shell('node1')
    .run(
      'ln "$SSH_AUTH_SOCK" "$VBDESK_ROOT/kept" && SSH_AUTH_SOCK=$VBDESK_ROOT/kept ssh-add -l | grep -c vbdesk-test',
      {
        forwardAgent: 'yes',
      },
    );
  expect(stdout.toString().trim()).toBe('1');
  const later = await world
    .shell('node1')
    .run('SSH_AUTH_SOCK=$VBDESK_ROOT/kept ssh-add -l 2>&1 | grep -c vbdesk-test');
  expect(later.stdout.toString().trim()).toBe('0');
  expect(await keysOn('no')).toBe('0');
});
