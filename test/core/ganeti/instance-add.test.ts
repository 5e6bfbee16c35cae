/** The `gnt-instance add` commands that were given to a real Ganeti 3.0.2, as they are understood here. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createIntentOf } from '../../../core/ganeti/create-intent.ts';
import { type CreateParsed, parseCreateCommand } from '../../../core/ganeti/create-parser.ts';

const commands = z
  .array(z.object({ name: z.string(), command: z.string(), exit: z.number() }))
  .parse(
    JSON.parse(
      readFileSync(
        path.resolve(import.meta.dirname, '../../fixtures/ganeti/instance-add-3.0.2.json'),
        'utf8',
      ),
    ),
  );
const read = (name: string): CreateParsed => {
  const found = commands.find((each) => each.name === name);
  if (!found) throw new Error(`no ${name}`);
  return parseCreateCommand(found.command);
};
const problemsOf = (parsed: CreateParsed): string => (parsed.ok ? '' : parsed.problems.join('\n'));
const ignoredOf = (parsed: CreateParsed): string[] =>
  parsed.ignored.map(({ option, reason }) => `${option}: ${reason}`);

/** Ganeti took these, and they can't be had here; each with why. */
const refusedHere: Readonly<Record<string, string>> = {
  'add-diskless': 'the disks of a diskless instance are no files',
  'add-iallocator': 'The node is missing',
  'add-nic-ip': 'the mode "routed" is not available',
};

test('what Ganeti took is understood, or refused with why', () => {
  for (const { name, exit } of commands) {
    if (exit !== 0) continue;
    const parsed = read(name);
    expect(problemsOf(parsed), name).toContain(refusedHere[name] ?? '');
    if (refusedHere[name] === undefined) expect(problemsOf(parsed), name).toBe('');
  }
});

test('what Ganeti refused for its words is refused here, too', () => {
  for (const name of [
    ...['add-bad-size', 'add-zero-size', 'add-negative-size', 'add-mode-bad', 'add-index-gap'],
    ...['add-no-disk', 'add-nodisk-size', 'add-no-node', 'add-bad-template', 'add-template-plain'],
    'add-storage-dir-dotdot',
  ])
    expect(problemsOf(read(name)), name).not.toBe('');
});

test('adopt is told what comes near it', () => {
  const parsed = read('add-adopt-file');
  if (!parsed.ok) throw new Error(problemsOf(parsed));
  const intent = createIntentOf(parsed.arguments, { storageDirectory: '/srv', bridge: 'xenbr0' });
  expect(intent.ok ? '' : intent.problems.join()).toContain('say reuse');
});

test('the words that matter arrive', () => {
  expect(read('xen-add-pvm')).toMatchObject({
    ok: true,
    arguments: {
      guest: { type: 'pv', root: '/dev/xvda2', extra: 'ro console=hvc0', memoryMib: 64 },
      disks: [{ mode: 'rw' }, { mode: 'ro' }],
    },
  });
  expect(read('xen-add-hvm')).toMatchObject({
    ok: true,
    arguments: { guest: { type: 'hvm', boot: 'cd', vcpus: 2 } },
  });
  expect(read('xen-add-pvm-blktap2')).toMatchObject({ ok: true, arguments: { driver: 'blktap' } });
  expect(read('add-file-3disk')).toMatchObject({
    ok: true,
    arguments: {
      os: 'ddos+second',
      osParameters: { foo: 'hello', bar: 'world' },
      guest: { memoryMib: 64, maxMemoryMib: 128, vcpus: 2 },
      tags: ['web', 'env:prod'],
      start: false,
    },
  });
  expect(read('add-storage-dir-rel')).toMatchObject({
    ok: true,
    arguments: { path: '/srv/ganeti/file-storage/sub/dir' },
  });
});

test('what has no effect is named with why, and so is the card that Ganeti would have added', () => {
  expect(ignoredOf(read('xen-add-hvm')).join('\n')).toContain('-H vnc_bind_address');
  expect(ignoredOf(read('xen-add-pvm')).join('\n')).toContain('no --net');
  expect(ignoredOf(read('add-file-1disk')).join('\n')).not.toContain('no --net');
  const everything = parseCreateCommand(
    'sudo gnt-instance add -t file --disk 0:size=1G -n a -o none --no-nics -g default -c yes --force-variant --opportunistic-locking ' +
      '--helper-startup-timeout 5 --helper-shutdown-timeout=5 -D drbd:metavg=x --ignore-ipolicy --submit --priority high b',
  );
  expect(problemsOf(everything)).toBe('');
  expect(everything.ignored).toHaveLength(10);
  for (const { reason } of everything.ignored) expect(reason).toMatch(/\.$/);
  // our own command says what it means
  expect(parseCreateCommand('vbdesk instance add -t file --disk 0:size=1G -n a -o none b').ignored).toEqual(
    [],
  );
});
