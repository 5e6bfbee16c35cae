import { describe, expect, test } from 'vitest';
import { notCreated, type Workbench } from './workbench.ts';

/** Why a domain is not created, in words and exit codes. */
export function whatCanNotBeCreated(bench: Workbench): void {
  const { succeed, image, raw, file, physical, configure, fails } = bench;

  describe('what can not be created leaves nothing behind but a used-up id', () => {
    test('a missing image', async () => {
      await configure('fails', [raw('missing')]);
      await fails(
        'fails',
        3,
        (id) =>
          `libxl: error: libxl_device.c:455:libxl__device_disk_set_backend: Disk vdev=xvda failed to stat: ${image('missing')}: No such file or directory\nlibxl: error: libxl_create.c:1318:initiate_domain_create: Domain ${id}:Unable to set disk defaults for disk 0\n${notCreated(id)}`,
      );
    });

    test('a missing kernel', async () => {
      await configure('fails', [raw('a')], ["kernel = '/boot/no-such-kernel'"]);
      await fails(
        'fails',
        3,
        (id) =>
          `xc: error: panic: xg_dom_core.c:205: failed to open file '/boot/no-such-kernel': No such file or directory: Internal error\nlibxl: error: libxl_dom.c:646:libxl__build_pv: xc_dom_kernel_file failed: No such file or directory\nlibxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain ${id}:cannot (re-)build domain: -3\n${notCreated(id)}`,
      );
    });

    test('more memory than there is', async () => {
      await configure('fails', [raw('a')], ['memory = 8000']);
      await fails(
        'fails',
        3,
        (id) =>
          `xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory\nlibxl: error: libxl_dom.c:586:libxl__build_dom: xc_dom_boot_mem_init failed: Cannot allocate memory\nlibxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain ${id}:cannot (re-)build domain: -3\n${notCreated(id)}`,
      );
    });

    test('a disk that no backend serves', async () => {
      await configure('fails', [`format=qcow2, vdev=xvda, access=rw, backendtype=phy, target=${image('q')}`]);
      await fails(
        'fails',
        3,
        (id) =>
          `libxl: error: libxl_device.c:475:libxl__device_disk_set_backend: no suitable backend for disk xvda\nlibxl: error: libxl_create.c:1318:initiate_domain_create: Domain ${id}:Unable to set disk defaults for disk 0\n${notCreated(id)}`,
      );
    });

    test('a vdev that is none', async () => {
      await configure('fails', [raw('a', 'foo')]);
      await fails(
        'fails',
        3,
        (id) =>
          `libxl: error: libxl_disk.c:214:libxl__device_from_disk: Domain ${id}:Invalid or unsupported virtual disk identifier foo\nlibxl: error: libxl_disk.c:335:device_disk_add: Domain ${id}:Invalid or unsupported virtual disk identifier foo\nlibxl: error: libxl_create.c:1672:domcreate_launch_dm: Domain ${id}:unable to add disk devices\n${notCreated(id)}`,
      );
    });

    test('a syntax error, a missing name: no id is used up', async () => {
      await succeed(`printf 'name = "bad\\nmemory = = 3\\n' > ${file('fails')}`);
      const name = await physical('fails');
      await fails(
        'fails',
        1,
        () =>
          `${name}:1: config parsing error near \`"bad': lexical error\n${name}:2: config parsing error near \`=': syntax error, unexpected '=', expecting STRING or NUMBER or '['\nFailed to parse config: Invalid argument\n`,
      );
      await succeed(`printf 'memory = 128\\ntype="pv"\\n' > ${file('fails')}`);
      await fails('fails', 1, () => 'Domain name must be specified.\n');
    });

    test('nothing is left: no domain, no loop device', async () => {
      expect((await succeed('xl list')).trimEnd().split('\n')).toHaveLength(2);
      expect(await succeed('losetup -a')).toBe('');
    });
  });
}
