/** A pasted command in the form of a new instance. */
import { expect, test } from 'vitest';
import { intentOf } from '../../renderer/views/create/create-form.ts';
import { pasteCommand } from '../../renderer/views/create/paste-form.ts';
import { makeSnapshot } from '../window/fixture/world.ts';

const snapshot = makeSnapshot(1_795_600_000_000, { silentFor: null });
const [first, second] = snapshot.cluster.nodes.map((each) => each.name);
const [storage = ''] = snapshot.cluster.storageDirectories;

const paste = (line: string) => {
  const pasted = pasteCommand(line, snapshot);
  if (!pasted.ok) throw new Error(pasted.problems.join('\n'));
  return { ...pasted, intent: intentOf(pasted.form).intent, told: pasted.ignored.map((each) => each.option) };
};

test('the form then means what the command says', () => {
  const { intent, told } = paste(
    `gnt-instance add -t file:path=${storage},driver=blktap --disk 0:size=5G --disk 1:size=512M,mode=ro,vdev=xvdc -n ${first}:${second} ` +
      "-o none -B memory=1G,vcpus=2 -H 'xen-pvm:kernel_path=/boot/vmlinuz,kernel_args=console=hvc0' " +
      '--net 0:link=br-lan,mac=aa:00:00:00:00:01 --no-start web9.example.org',
  );
  expect(told).toEqual([]);
  expect(intent).toEqual({
    kind: 'create',
    name: 'web9.example.org',
    primary: first,
    secondary: second,
    storageDirectory: storage,
    driver: 'blktap',
    reuse: false,
    disks: [
      { size: 5 * 1024 ** 3, type: 'raw', mode: 'rw' },
      { size: 512 * 1024 ** 2, type: 'raw', mode: 'ro', vdev: 'xvdc' },
    ],
    guest: { type: 'pv', memoryMib: 1024, vcpus: 2, kernel: '/boot/vmlinuz', extra: 'console=hvc0' },
    nics: [{ bridge: 'br-lan', mac: 'aa:00:00:00:00:01' }],
    os: 'none',
    start: false,
  });
});

test('what the form has no place for is told, never dropped', () => {
  const { form, told } = paste(
    'gnt-instance add -t file:path=/elsewhere --disk 0:size=1G -n nobody -o debian+x --no-install --no-nics -B minmem=1G,maxmem=2G ' +
      '--os-parameters-secret key=abc,password=def --tags a web9',
  );
  expect(told).toEqual([
    '--tags',
    '-n nobody',
    '-t file:path=/elsewhere',
    '--no-install',
    '-B maxmem',
    '--os-parameters-secret key',
  ]);
  expect(form.primary).not.toBe('nobody');
  expect(form.storageDirectory).toBe(storage);
  expect(JSON.stringify(form)).not.toContain('abc');
});

test('what the import script of an OS definition writes to the disks is kept; what it could not write to is told', () => {
  const { intent, told } = paste(
    `vbdesk instance add -t file --disk 0:size=1G --disk 1:size=1G -n ${first} -o debian+x --os-import 1:/srv/backup/dump --os-import 1:/srv/other --os-import 7:/srv/none -H bootloader=pygrub --no-nics b`,
  );
  expect(told).toEqual(['--os-import 1:/srv/other', '--os-import 7:/srv/none']);
  expect(intent).toMatchObject({ os: 'debian+x', osImport: [{ disk: 1, file: '/srv/backup/dump' }] });
  const template = paste(
    `vbdesk instance add -t file --disk 0:size=1G -n ${first} -o template:debian.raw --os-import /srv/backup/dump -H bootloader=pygrub --no-nics b`,
  );
  expect(template.told).toEqual(['--os-import 0:/srv/backup/dump']);
  expect(template.intent).not.toHaveProperty('osImport');
});

test('a bootloader, firmware, and images that are there', () => {
  expect(
    paste(`gnt-instance add -t file:reuse -n ${first} -o none -H bootloader=pygrub --no-nics b`).intent,
  ).toMatchObject({
    reuse: true,
    disks: [],
    guest: { bootloader: 'pygrub' },
  });
  expect(
    paste(
      `gnt-instance add -t file --disk 0:size=1G -n ${first} -o none -H xen-hvm:boot_order=cd --no-nics b`,
    ).form,
  ).toMatchObject({ type: 'hvm', boot: 'firmware', bootOrder: 'cd' });
});

test('a command that can not be understood is refused whole', () => {
  const pasted = pasteCommand('gnt-instance add -t drbd --frobnicate -n a b; rm x', snapshot);
  expect(pasted.ok).toBe(false);
});

test('a disk that is a copy of an image stays one', () => {
  const { form } = paste(
    `vbdesk instance add -t file --disk 0:import=${storage}/in/old.vmdk -n ${first} -o none -H bootloader=pygrub --no-nics web9`,
  );
  expect(form.disks).toMatchObject([{ image: `${storage}/in/old.vmdk`, size: '' }]);
});
