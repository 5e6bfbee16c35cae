/** Files of drafts on this workstation: what somebody else changed meanwhile is never overwritten, and only drafts are touched. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newDraft } from '../../../core/draft/edit.ts';
import { Drafts, sha256Of } from '../../../main/library/drafts.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

let temporary: TemporaryDirectory;
let drafts: Drafts;
const at = (...parts: string[]): string => path.join(temporary.path, ...parts);
beforeEach(() => {
  temporary = makeTemporaryDirectory('drafts');
  drafts = new Drafts(at('config'));
});
afterEach(() => temporary.remove());

const create = (name = 'a.vbdesk.yaml') => drafts.create(at(name), 'lab', newDraft('lab'), '2026-11-26');

describe('a new draft', () => {
  it('is listed, lies beside the schema that it refers to, and replaces nothing', async () => {
    const file = await create();
    expect(file.draft).toEqual({ cluster: 'lab', base: null, changes: [] });
    const reference = /\$schema=(\S+)/.exec(file.text)?.[1] ?? '';
    expect(JSON.parse(readFileSync(at(reference), 'utf8'))).toMatchObject({ $id: 'vbdesk/v1/draft' });
    expect(await drafts.list()).toEqual([
      { path: file.path, name: 'a', cluster: 'lab', changes: 0, applied: 0, problem: null },
    ]);
    await expect(create()).rejects.toMatchObject({ code: 'draft-exists' });
    expect(readFileSync(file.path, 'utf8')).toBe(file.text);
  });

  it('without a name gets one in the own folder, each its own', async () => {
    const made = await Promise.all(
      [1, 2, 3].map(() => drafts.create(null, 'lab', newDraft('lab'), '2026-11-26')),
    );
    expect(made.map((each) => path.basename(each.path)).toSorted()).toEqual([
      'lab-2026-11-26-2.vbdesk.yaml',
      'lab-2026-11-26-3.vbdesk.yaml',
      'lab-2026-11-26.vbdesk.yaml',
    ]);
    expect(await drafts.list()).toHaveLength(3);
  });

  it('leaves a schema alone that is somebody else’s', async () => {
    writeFileSync(at('draft.schema.json'), '{}');
    await create();
    expect(readFileSync(at('draft.schema.json'), 'utf8')).toBe('{}');
  });
});

describe('a change', () => {
  it('is written as a whole, and the file keeps its mode and its link', async () => {
    const file = await create('real.vbdesk.yaml');
    chmodSync(file.path, 0o664);
    symlinkSync(file.path, at('link.vbdesk.yaml'));
    const link = await drafts.read(at('link.vbdesk.yaml'));
    const after = await drafts.change(link.path, link.sha256, (text) => `${text}# mine\n`);
    expect(after.path).toBe(link.path);
    expect(readFileSync(file.path, 'utf8')).toBe(`${file.text}# mine\n`);
    expect(statSync(file.path).mode & 0o777).toBe(0o664);
    expect(readdirSync(temporary.path).filter((each) => each.endsWith('.tmp'))).toEqual([]);
  });

  it('is refused when the file is another one by now', async () => {
    const file = await create();
    writeFileSync(file.path, `${file.text}# by hand\n`);
    await expect(drafts.change(file.path, file.sha256, (text) => `${text}# mine\n`)).rejects.toMatchObject({
      code: 'draft-changed',
    });
    expect(readFileSync(file.path, 'utf8')).toBe(`${file.text}# by hand\n`);
  });

  it('of several at once only one is made', async () => {
    const file = await create();
    const others = [drafts, new Drafts(at('config')), new Drafts(at('config'))];
    const ends = await Promise.allSettled(
      others.map((each, index) => each.change(file.path, file.sha256, (text) => `${text}# ${index}\n`)),
    );
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(readFileSync(file.path, 'utf8').match(/^# \d$/gm)).toHaveLength(1);
    expect(readdirSync(at('config', 'locks'))).toEqual([]);
  });

  it('goes on past the lock of a process that has died', async () => {
    const file = await create();
    await drafts.change(file.path, file.sha256, (text) => text);
    const { createHash } = await import('node:crypto');
    const lock = at(
      'config',
      'locks',
      `${createHash('sha256').update(file.path).digest('hex').slice(0, 32)}.lock`,
    );
    // no process has this id: it is above what any kernel gives
    writeFileSync(lock, '999999999 x\n');
    await drafts.change(file.path, file.sha256, (text) => `${text}# mine\n`);
    expect(readFileSync(file.path, 'utf8')).toContain('# mine');
    expect(existsSync(lock)).toBe(false);
  });
});

describe('what is read', () => {
  it('is called like a draft: no other file of this computer', async () => {
    writeFileSync(at('secret.txt'), 'geheim');
    for (const name of ['secret.txt', '.vbdesk.yaml', '../x'])
      await expect(drafts.read(at(name))).rejects.toMatchObject({ code: 'draft' });
    await expect(drafts.create(at('x.txt'), 'lab', '', '')).rejects.toMatchObject({ code: 'draft' });
    await expect(drafts.change(at('secret.txt'), 'x', () => '')).rejects.toMatchObject({ code: 'draft' });
    expect(readFileSync(at('secret.txt'), 'utf8')).toBe('geheim');
  });

  it('leads to no other file by a link', async () => {
    writeFileSync(at('secret.txt'), 'geheim');
    symlinkSync(at('secret.txt'), at('link.vbdesk.yaml'));
    await expect(drafts.read(at('link.vbdesk.yaml'))).rejects.toThrow('not called like a draft');
    await expect(drafts.change(at('link.vbdesk.yaml'), sha256Of('geheim'), () => 'x')).rejects.toThrow();
    expect(readFileSync(at('secret.txt'), 'utf8')).toBe('geheim');
  });

  it('is written in UTF-8: an edit would damage anything else', async () => {
    const file = await create();
    const bytes = Buffer.concat([
      Buffer.from('# gr'),
      Buffer.from([0xf6, 0xdf]),
      Buffer.from(`e\n${file.text}`),
    ]);
    writeFileSync(file.path, bytes);
    await expect(drafts.read(file.path)).rejects.toThrow('UTF-8');
    expect(readFileSync(file.path)).toEqual(bytes);
  });

  it('stays as it is where it may only be read', async () => {
    const file = await create();
    chmodSync(file.path, 0o444);
    await expect(drafts.change(file.path, file.sha256, (text) => `${text}# more\n`)).rejects.toThrow(
      'may only be read',
    );
    expect(readFileSync(file.path, 'utf8')).toBe(file.text);
  });

  it('is a file: a pipe or a folder of that name is refused at once', async () => {
    execFileSync('mkfifo', [at('pipe.vbdesk.yaml')]);
    mkdirSync(at('folder.vbdesk.yaml'));
    for (const name of ['pipe.vbdesk.yaml', 'folder.vbdesk.yaml'])
      await expect(drafts.read(at(name))).rejects.toThrow("can't be read");
  });

  it('says what is wrong with it, and stays in the list with that', async () => {
    const file = await create();
    writeFileSync(file.path, 'apiVersion: vbdesk/v9\nkind: Draft\n');
    const read = await drafts.read(file.path);
    expect(read).toMatchObject({ draft: null, problems: [{ line: 1, column: 13 }] });
    expect((await drafts.list())[0]?.problem).toContain('vbdesk/v9');
    const gone = at('gone.vbdesk.yaml');
    await expect(drafts.read(gone)).rejects.toThrow(`There is no file ${gone}.`);
    expect(await drafts.list()).toHaveLength(1);
    await drafts.close(file.path);
    expect(await drafts.list()).toEqual([]);
    expect(existsSync(file.path)).toBe(true);
  });
});
