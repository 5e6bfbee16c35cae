import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const lib = path.join(root, 'scripts/lib');
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'vbdesk-setup-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Evaluates an expression over one of the set-up's modules in a Node of its own; they are plain JavaScript without types. */
async function ask(module: string, expression: string): Promise<unknown> {
  const code = `import * as it from ${JSON.stringify(path.join(lib, module))}; console.log(JSON.stringify(${expression}))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  return JSON.parse(stdout);
}

function lock(version: string, more: object = {}) {
  return JSON.stringify({
    packages: {
      '': { version: '1.0.0' },
      'node_modules/zod': { version },
      'node_modules/compiled': { version: '1.0.0', optional: true },
      'node_modules/elsewhere': { version: '1.0.0', optional: true, os: ['elsewhere'] },
      ...more,
    },
  });
}

describe('whether npm packages have to be installed', () => {
  const reason = () => ask('bootstrap.mjs', `it.reasonToInstall(${JSON.stringify(directory)})`);

  it('says so on a fresh clone', async () => {
    await writeFile(path.join(directory, 'package-lock.json'), lock('4.0.0'));
    expect(await reason()).toMatch(/not installed yet/);
  });

  it('compares what is installed with the lock file', async () => {
    await mkdir(path.join(directory, 'node_modules'));
    const installed = JSON.stringify({ packages: { 'node_modules/zod': { version: '4.0.0' } } });
    await writeFile(path.join(directory, 'node_modules/.package-lock.json'), installed);
    await writeFile(path.join(directory, 'package-lock.json'), lock('4.0.0'));
    expect(await reason()).toBeNull();
    await writeFile(path.join(directory, 'package-lock.json'), lock('4.0.1'));
    expect(await reason()).toMatch(/lock file has changed/);
  });

  it('misses a program for this platform, which an old Node makes npm leave out', async () => {
    await mkdir(path.join(directory, 'node_modules'));
    const installed = JSON.stringify({ packages: { 'node_modules/zod': { version: '4.0.0' } } });
    await writeFile(path.join(directory, 'node_modules/.package-lock.json'), installed);
    const here = { version: '1.0.0', optional: true, os: [process.platform], cpu: [process.arch] };
    await writeFile(
      path.join(directory, 'package-lock.json'),
      lock('4.0.0', { 'node_modules/@x/here': here }),
    );
    expect(await reason()).toBe('The npm package @x/here is missing');
  });

  it('knows by which Node npm installs everything', async () => {
    const versions = ['18.20.8', '20.9.0', '20.19.0', '21.7.0', '22.12.0', '22.13.0', '24.0.0', '26.1.0'];
    const able = await ask('bootstrap.mjs', `${JSON.stringify(versions)}.filter(it.installsEverything)`);
    expect(able).toEqual(['20.19.0', '22.13.0', '24.0.0', '26.1.0']);
  });
});

describe('which Debian packages are missing', () => {
  it('goes by the programs that are there', async () => {
    const missing = (names: string[]) =>
      ask(
        'debian-packages.mjs',
        `it.missingPackages(${JSON.stringify(names)}, ${JSON.stringify(directory)})`,
      );
    expect(await missing(['chromium'])).toEqual(process.env.CHROMIUM ? [] : ['chromium']);
    await writeFile(path.join(directory, 'chromium'), '');
    expect(await missing(['chromium'])).toEqual([]);
  });

  it('knows the programs of every package that a command needs', async () => {
    expect(
      await ask(
        'debian-packages.mjs',
        'Object.values(it.programsFor).flat().map((n) => it.missingPackages([n], "/nowhere")).length',
      ),
    ).toBeGreaterThan(8);
  });
});
