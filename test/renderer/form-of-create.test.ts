import { expect, it } from 'vitest';
import type { CreateIntent } from '../../core/plan/intent.ts';
import { intentOf } from '../../renderer/views/create/create-form.ts';
import { fitsForm, formOfCreate } from '../../renderer/views/create/form-of-create.ts';

const intent: CreateIntent = {
  kind: 'create',
  name: 'web2.example.org',
  primary: 'node1',
  secondary: null,
  storageDirectory: '/srv/vb',
  driver: 'loop',
  reuse: false,
  disks: [
    { size: 5 * 2 ** 30, type: 'raw', mode: 'rw' },
    { size: 512 * 7, type: 'qcow2', mode: 'ro', base: '/srv/vb/base.qcow2' },
    { size: 0, type: 'raw', mode: 'rw', import: '/srv/vb/old/sda' },
  ],
  guest: { type: 'pv', memoryMib: 1536, vcpus: 2, kernel: '/boot/vmlinuz', root: '/dev/xvda' },
  nics: [{ bridge: 'br0', mac: null }],
  os: 'none',
  start: true,
};

it('a form that is filled in again says the same, to the byte', () => {
  expect(intentOf(formOfCreate(intent)).intent).toEqual(intent);
  expect(fitsForm(intent)).toBe(true);
});

it('what the form has no place for is not lost in it', () => {
  expect(fitsForm({ ...intent, guest: { ...intent.guest, maxMemoryMib: 4096 } })).toBe(false);
  expect(fitsForm({ ...intent, install: false })).toBe(false);
  expect(fitsForm({ ...intent, guest: { ...intent.guest, boot: 'dc' } })).toBe(false);
});
