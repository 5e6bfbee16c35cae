/** The scripts import, export and rename of an OS definition, by real sh: what they see, what they leave, how they are taken back. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import { prelude } from '../../../main/node/prelude.ts';
import { waitFor } from '../../support/wait-for.ts';
import { done, folder, makeRaw, mib, refused, root, sda, whileOpen } from './image-support.ts';
import { act, check, inside, run } from './support.ts';

const definition = '/srv/ganeti/os/marker';
const sdb = `${folder}/sdb`;
const file = '/srv/backup/web1.dump';

type Script = Extract<Action, { do: 'run-os-script' }>;
const scripted = (script: Script['script'], change: Partial<Script> = {}): Script => ({
  do: 'run-os-script',
  folder,
  images: [
    { index: 0, path: sda, size: mib },
    { index: 1, path: sdb, size: mib },
  ],
  definition,
  api: 20,
  environment: { INSTANCE_NAME: 'www', OLD_INSTANCE_NAME: `it's $(a)` },
  script,
  ...change,
});
const exported = (change: Partial<Script> = {}): Script =>
  scripted({ name: 'export', index: 1, file }, { images: [{ index: 1, path: sdb, size: mib }], ...change });
const drop: Action = { do: 'drop-export', folder, image: sdb, file };
const write = (name: string, text: string, mode = 0o755): void =>
  writeFileSync(inside(root, `${definition}/${name}`), `#!/bin/sh\n${text}\n`, { mode });
const attached = async (): Promise<string> => (await run(root, 'losetup -a')).out;
const backups = (): string[] => readdirSync(inside(root, '/srv/backup'));

beforeEach(() => {
  cpSync(path.join(import.meta.dirname, '../../../main/practice/node-bin'), inside(root, '/bin'), {
    recursive: true,
  });
  mkdirSync(inside(root, definition), { recursive: true });
  mkdirSync(inside(root, '/srv/backup'));
  writeFileSync(inside(root, `${definition}/ganeti_api_version`), '20\n');
  makeRaw(sda);
  makeRaw(sdb);
});

test('rename sees the disks, the old name and the new one, and is run once', async () => {
  write('rename', 'env | sort; printf NEW | dd of="$DISK_1_PATH" conv=notrunc 2>/dev/null');
  const action = scripted({ name: 'rename' });
  expect(await check(root, action)).toBe(10);
  const outcome = await act(root, action);
  expect(outcome).toMatchObject({ code: 0, err: '' });
  const lines = outcome.out.split('\n');
  expect(lines).toContain(`OLD_INSTANCE_NAME=it's $(a)`);
  expect(lines).toContain(`DISK_0_PATH=${inside(root, '/dev/loop0')}`);
  expect(lines.some((line) => line.startsWith('HOME='))).toBe(false);
  expect(readFileSync(inside(root, sdb)).toString('latin1', 0, 3)).toBe('NEW');
  expect(await attached()).toBe('');
  expect(await check(root, action)).toBe(0);
  expect(await act(root, action)).toMatchObject({
    code: 1,
    err: expect.stringContaining('was begun by this run already'),
  });
});

test('import gets the file, and each disk its own', async () => {
  write(
    'import',
    'echo "disk $IMPORT_INDEX"; [ "$IMPORT_DEVICE" = "$DISK_1_PATH" ] && cat >"$VBDESK_ROOT/got"',
  );
  writeFileSync(inside(root, file), 'a dump');
  await done(scripted({ name: 'import', index: 1, file }));
  expect(readFileSync(inside(root, '/got'), 'utf8')).toBe('a dump');
  // another disk is another step of the same run
  write('import', 'cat >/dev/null; exit 0');
  await done(scripted({ name: 'import', index: 0, file }));
  await done({ do: 'detach-images', folder, images: [sda, sdb] });
});

test('import refuses a file that is none, or that somebody writes to', async () => {
  write('import', 'exit 0');
  const action = scripted({ name: 'import', index: 0, file });
  await refused(action, `${file} is missing`);
  mkdirSync(inside(root, file));
  await refused(action, 'is not a regular file');
  const other = '/srv/backup/other';
  writeFileSync(inside(root, other), 'x');
  await whileOpen(other, '<>', () =>
    refused(scripted({ name: 'import', index: 0, file: other }), 'is being written to'),
  );
  expect(await check(root, action)).toBe(10);
});

test('export writes a new file of root alone, and shows what else the script says', async () => {
  write('export', 'echo "disk $EXPORT_INDEX" >&2; cat "$EXPORT_DISK_PATH"');
  const outcome = await act(root, exported());
  expect(outcome).toMatchObject({ code: 0, err: '' });
  expect(outcome.out).toContain('disk 1\n');
  expect(outcome.out).toContain(`${file} has ${mib} bytes.`);
  expect(readFileSync(inside(root, file)).equals(readFileSync(inside(root, sdb)))).toBe(true);
  expect(statSync(inside(root, file)).mode & 0o777).toBe(0o600);
  expect(backups()).toEqual(['web1.dump']);
  expect(await check(root, exported())).toBe(0);
  // as when a later step fails: it was made by this run
  expect(await check(root, drop)).toBe(10);
  await done(drop);
  expect(backups()).toEqual([]);
});

test('export attaches the disk read-only', () => {
  const { act: text } = renderAction(exported(), 'xl');
  expect(text).toContain('losetup -r -f --show');
  expect(renderAction(scripted({ name: 'rename' }), 'xl').act).not.toContain('losetup -r');
});

test('an export that fails leaves no file, and none of others is touched', async () => {
  write('export', 'echo half; echo odd >&2; exit 3');
  const outcome = await act(root, exported());
  expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('failed with exit code 3') });
  expect(outcome.out).toContain('odd');
  expect(backups()).toEqual([]);
  expect(await attached()).toBe('');
  expect(await check(root, exported())).toBe(11);
  writeFileSync(inside(root, file), 'of somebody else');
  await done(drop);
  expect(readFileSync(inside(root, file), 'utf8')).toBe('of somebody else');
});

test('an export that is killed half way is taken back', async () => {
  write('export', 'echo half; echo "$$" >"$VBDESK_ROOT/pid"; exec sleep 600');
  const child = spawn('/bin/sh', ['-s'], {
    env: { PATH: process.env.PATH, VBDESK_ROOT: root },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.stdin.end(`{ :\n${prelude}\n${renderAction(exported(), 'xl').act}\n} </dev/null\n`);
  await waitFor(
    'the script',
    () => existsSync(inside(root, '/pid')) && readFileSync(inside(root, '/pid'), 'utf8').endsWith('\n'),
  );
  expect(backups()).toEqual(['web1.dump.partial.r1']);
  const ended = new Promise((resolve) => child.once('close', resolve));
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  await ended;
  expect(await check(root, exported())).toBe(11);
  expect(await check(root, drop)).toBe(10);
  await done(drop);
  expect(backups()).toEqual([]);
  expect(await attached()).toBe('');
});

test('refused before anything is done', async () => {
  await refused(exported(), `${definition}/export is not there, or can not be executed`);
  write('export', 'exit 0');
  await refused(exported({ api: 15 }), 'does not speak version 15');
  await refused(exported({ images: [{ index: 1, path: sdb, size: 512 }] }), 'is not the raw image');
  await whileOpen(sdb, '<', () => refused(exported(), 'In use'));
  const elsewhere = (at: string): Script => exported({ script: { name: 'export', index: 1, file: at } });
  await refused(elsewhere('/srv/none/x'), 'There is no directory /srv/none');
  writeFileSync(inside(root, file), 'x');
  await refused(exported(), 'exists already and is left as it is');
  expect(await check(root, exported())).toBe(10);
  expect(() => renderAction(elsewhere('/etc/x'), 'xl')).toThrow('a directory of the system');
});
