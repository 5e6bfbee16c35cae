import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  baseName,
  DEFAULT_STORAGE_DIRECTORY,
  directoryOf,
  isBelow,
  validateImagePath,
  validateStorageDirectory,
} from '../../../core/storage/paths.ts';

test.each([
  DEFAULT_STORAGE_DIRECTORY,
  '/srv',
  '/mnt/nas 1',
  '/xen',
  '/data/a,b',
  '/var/images',
  '/opt/x',
  '/libvirt-is-not-lib'.replace('/lib', '/vm'),
])('storage directory %s is allowed', (path) =>
  expect(validateStorageDirectory(path)).toEqual({ ok: true, value: path }),
);

test('a trailing slash is taken off', () => {
  expect(validateStorageDirectory('/srv/images/')).toEqual({ ok: true, value: '/srv/images' });
});

test.each([
  '',
  '/',
  '//',
  '/etc',
  '/etc/xen',
  '/usr',
  '/usr/local/lib',
  '/lib64',
  '/libexec/x',
  '/var/lib/vbdesk',
  '/var/lib/vbdesk/x',
  '/var',
  '/var/lib',
  '/proc',
  '/sys/x',
  '/dev/shm',
  '/run',
  '/var/run/x',
  '/root',
  '/home',
  '/boot',
  '/bin',
  '/sbin',
  'srv',
  './srv',
  '/srv/../etc',
  '/srv/./x',
  '/srv//x',
  '/srv/..',
  '/srv/a\nb',
  '/srv/a\0b',
  '/srv/a;b',
  '/srv/$(id)',
  '/srv/`id`',
  "/srv/a'b",
  '/srv/a"b',
  '/srv/a\\b',
  '/srv/ä',
  '-rf',
  '/srv/ x',
  `/${'a'.repeat(300)}`,
  `/a${'/b'.repeat(600)}`,
])('storage directory %j is refused with what is allowed', (path) => {
  const outcome = validateStorageDirectory(path);
  expect(outcome.ok).toBe(false);
  if (!outcome.ok)
    expect(outcome.message).toMatch(/A path is absolute and normalised|A storage directory may be any/);
});

test('an image lies strictly below an allowed directory', () => {
  const allowed = ['/srv/ganeti/file-storage', '/mnt/nas'];
  expect(validateImagePath('/srv/ganeti/file-storage/web1/sda', allowed).ok).toBe(true);
  expect(validateImagePath('/mnt/nas/sda', allowed).ok).toBe(true);
  for (const path of [
    '/mnt/nas',
    '/mnt/nas/',
    '/mnt/nasty/sda',
    '/mnt/nas/../x',
    '/srv/other/sda',
    '/etc/passwd',
    'sda',
    '',
    '/mnt/nas/a\nb',
  ]) {
    expect(validateImagePath(path, allowed).ok, path).toBe(false);
  }
  const outcome = validateImagePath('/srv/other/sda', allowed);
  expect(!outcome.ok && outcome.message).toContain('/srv/ganeti/file-storage, /mnt/nas');
});

test('allowing a directory of the system allows nothing', () => {
  expect(validateImagePath('/etc/xen/sda', ['/etc', '/']).ok).toBe(false);
  expect(validateImagePath('/opt/sda', ['/']).ok).toBe(false);
});

test('an accepted path is never outside', () => {
  const part = fc.constantFrom('srv', 'a', '..', '.', '', 'etc', 'x y', 'b\n');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const path = `/${parts.join('/')}`;
      const outcome = validateImagePath(path, ['/srv/a']);
      if (outcome.ok) {
        expect(isBelow(outcome.value, '/srv/a')).toBe(true);
        expect(outcome.value).not.toMatch(/\.\.|\/\/|\n/);
      }
    }),
  );
});

test('a path is taken apart in one way everywhere', () => {
  expect([baseName('/srv/x/web1'), directoryOf('/srv/x/web1')]).toEqual(['web1', '/srv/x']);
  // what lies in the root directory lies in no directory without a name
  expect([baseName('/x'), directoryOf('/x')]).toEqual(['x', '/']);
});
