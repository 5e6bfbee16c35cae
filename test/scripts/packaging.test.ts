import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '../..');

const configuration = z.object({
  files: z.array(z.string()),
  asar: z.boolean(),
  npmRebuild: z.boolean(),
  electronFuses: z.record(z.string(), z.boolean()),
  linux: z.object({ target: z.array(z.string()) }),
  mac: z.object({ target: z.array(z.string()) }),
  win: z.object({ target: z.array(z.string()) }),
});

describe('electron-builder.yml', async () => {
  const config = configuration.parse(parse(await readFile(path.join(root, 'electron-builder.yml'), 'utf8')));

  it('burns the fuses that keep the packaged app from being used for anything else', () => {
    expect(config.electronFuses).toEqual({
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
    });
    expect(config.asar).toBe(true);
  });

  it('packages for the three desktops without compiling anything', () => {
    expect(config.npmRebuild).toBe(false);
    expect([config.linux.target, config.mac.target, config.win.target]).toEqual([
      ['AppImage', 'deb'],
      ['dmg'],
      ['nsis'],
    ]);
  });

  it('takes along what main reads at run time', async () => {
    expect(config.files).toContain('out/**');
    expect(config.files).toContain('main/practice/node-bin/**');
  });
});

describe('package.json', async () => {
  const manifest = z
    .object({
      main: z.string(),
      bin: z.record(z.string(), z.string()),
      scripts: z.record(z.string(), z.string()),
      dependencies: z.record(z.string(), z.string()),
      allowScripts: z.record(z.string(), z.boolean()),
    })
    .parse(JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')));

  it('has every script set up the checkout first', () => {
    for (const [name, script] of Object.entries(manifest.scripts)) {
      expect(script, name).toMatch(/^node scripts\/(start|test|test-xen|run)\.mjs/);
    }
  });

  it('names files that are there or that the build makes', async () => {
    expect(manifest.main).toBe('out/main/electron.js');
    const files = Object.values(manifest.scripts).flatMap((script) => script.match(/\S+\.(mjs|ts)/g) ?? []);
    for (const file of [...files, ...Object.values(manifest.bin)]) {
      await expect(readFile(path.join(root, file), 'utf8'), file).resolves.not.toBe('');
    }
  });

  it('keeps ssh2 out of the bundle', () => {
    // Bundled, it would drag in the native file of an optional package.
    expect(manifest.dependencies).toHaveProperty('ssh2');
  });
});
