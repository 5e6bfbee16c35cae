/** Copies between two nodes behind real sshd: whole, sparse, resumed, broken off, refused. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../core/storage/content.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  allocatedOf,
  type CopyWorld,
  copyOf,
  folder,
  MiB,
  makeSparse,
  startCopyWorld,
  sumOf,
} from './support.ts';

const source = `${folder}/sda`;
const size = 64 * MiB;

/** MiB that were sent, as the step tells it. */
const sentOf = (output: string): number => {
  const [, number, unit] = /^([\d.]+) (\S+) sent/.exec(output) ?? [];
  return Number(number) * (unit === 'GiB' ? 1024 : unit === 'MiB' ? 1 : unit === 'KiB' ? 1 / 1024 : 0);
};

const overwrite = (file: string, offset: number, bytes: Buffer): void => {
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, offset);
  closeSync(handle);
};

for (const straight of [true, false])
  describe(straight ? 'straight from node to node' : 'through the workstation', () => {
    let world: CopyWorld;
    let run: string;
    const here = (node: string): string => world.at(node, source);
    const partial = (): string => `${here('node2')}.partial.${run}`;
    const accept = (bytes = size) =>
      world.act('node2', { do: 'accept-copy', path: source, size: bytes, type: 'raw' });
    const makeDense = (): void => makeSparse(here('node1'), size, [[0, randomBytes(size)]]);

    beforeAll(async () => {
      world = await startCopyWorld({ straight });
    });
    afterAll(() => world.close());
    beforeEach(() => {
      run = world.fresh();
    });
    afterEach(() => {
      expect(world.left()).toEqual([]);
    });

    const expectEqual = async (bytes = size): Promise<void> => {
      const accepted = await accept(bytes);
      expect(accepted, accepted.text).toMatchObject({ code: 0 });
      expect(sumOf(here('node2'))).toBe(sumOf(here('node1')));
      expect(allocatedOf(here('node2'))).toBeLessThanOrEqual(allocatedOf(here('node1')) + 64 * 1024);
      expect(world.names('node2').filter((name) => !name.startsWith('.made.'))).toEqual(['sda']);
    };

    test('holes stay holes, the content is proved, and only then it gets its name', async () => {
      const length = 200 * MiB + 512;
      makeSparse(here('node1'), length, [
        [0, randomBytes(70_000)],
        [9 * MiB - 100, randomBytes(200)],
        [50 * MiB, randomBytes(20 * MiB)],
        [120 * MiB, Buffer.alloc(3 * MiB)],
        [200 * MiB + 500, Buffer.from('the very end')],
      ]);
      const phases = new Set<string>();
      const { result, entry } = await world.copy(run, {
        watch: ({ phase, done, total }) => {
          expect(done).toBeLessThanOrEqual(total);
          phases.add(phase);
        },
      });
      expect(result).toEqual({ kind: 'done' });
      expect([...phases]).toEqual(['reading', 'sending', 'comparing']);
      expect(entry.output).toContain(straight ? 'straight from node1 to node2' : 'through this workstation');
      expect(world.names('node2')).toEqual([`.made.${run}.proved.sda`, `sda.partial.${run}`]);
      await expectEqual(length);
      // the hash for who notes it in a replica
      const hash = /content ([0-9a-f]{64})/.exec(entry.output)?.[1];
      expect(readFileSync(world.at('node2', `${folder}/.made.${run}.hashes`), 'utf8')).toBe(`${hash}  sda\n`);
      // once more is no harm
      expect(await accept(length)).toMatchObject({ code: 0 });
    });

    test('the way is told, and why it is not the shorter one', async () => {
      makeSparse(here('node1'), size, [[0, randomBytes(MiB)]]);
      const { entry } = await world.copy(run);
      if (straight) expect(entry.output).not.toContain('does not reach');
      else expect(entry.output).toMatch(/node1 does not reach node2 by ssh: .*node2: ssh: Could not resolve/);
      await expectEqual();
    });

    test('an empty image, and one that is one hole', async () => {
      makeSparse(here('node1'), size, []);
      expect((await world.copy(run)).result).toEqual({ kind: 'done' });
      await expectEqual();
      expect(allocatedOf(here('node2'))).toBe(0);
    });

    test('broken off it leaves no process on either node, and goes on from what arrived', async () => {
      makeDense();
      const breaking = new AbortController();
      world.shim('node2', 'dd', 'case "$*" in *of=*) sleep 0.4 ;; esac\nexec /usr/bin/dd "$@"');
      const first = await world.copy(run, {
        signal: breaking.signal,
        watch: ({ phase, done }) => {
          if (phase === 'sending' && done >= 32 * MiB) breaking.abort();
        },
      });
      world.shim('node2', 'dd', null);
      expect(first.result).toEqual({ kind: 'void' });
      expect(world.left()).toEqual([]);
      expect(existsSync(here('node2'))).toBe(false);
      expect(await accept()).toMatchObject({ code: 73, text: expect.stringContaining('was not proved') });
      const second = await world.copy(run);
      expect(second.result).toEqual({ kind: 'done' });
      expect(sentOf(second.entry.output)).toBeLessThanOrEqual(50);
      await expectEqual();
    });

    test('broken off while a node reads, what reads there is ended', async () => {
      makeDense();
      world.shim('node1', 'sha256sum', 'echo x >> "$R/begun"\nexec sleep 3600');
      try {
        const breaking = new AbortController();
        const copying = world.copy(run, { signal: breaking.signal });
        await waitFor('the reader', () => existsSync(world.at('node1', '/begun')));
        expect(world.left().length).toBeGreaterThan(0);
        breaking.abort();
        expect((await copying).result).toEqual({ kind: 'void' });
        expect(world.left()).toEqual([]);
      } finally {
        world.shim('node1', 'sha256sum', null);
        rmSync(world.at('node1', '/begun'), { force: true });
      }
    });

    test('a connection that is lost is made again, and the copy goes on', async () => {
      makeDense();
      let dropped = false;
      const { result } = await world.copy(run, {
        watch: ({ phase, done }) => {
          if (phase !== 'sending' || done < 16 * MiB || dropped) return;
          dropped = true;
          void world.sshd(straight ? 'node1' : 'node2').dropConnections();
        },
      });
      expect(result).toEqual({ kind: 'done' });
      await expectEqual();
    });

    test('a node that stays away leaves the copy to be resumed, not failed', async () => {
      makeDense();
      const away = straight ? 'node1' : 'node2';
      const killed: Promise<void>[] = [];
      const first = await world.copy(run, {
        patienceMs: 500,
        watch: ({ phase }) => {
          if (phase === 'sending' && killed.length === 0) killed.push(world.sshd(away).kill());
        },
      });
      await Promise.all(killed);
      expect(first.result).toMatchObject({
        kind: 'unknown',
        message: expect.stringContaining('goes on from there'),
      });
      expect(existsSync(here('node2'))).toBe(false);
      await world.sshd(away).restart();
      expect((await world.copy(run)).result).toEqual({ kind: 'done' });
      await expectEqual();
    });

    test('a source that is written to while it is copied is refused', async () => {
      makeDense();
      const { result } = await world.copy(run, {
        watch: ({ phase }) => {
          if (phase === 'sending') overwrite(here('node1'), 5, Buffer.from('changed'));
        },
      });
      expect(result).toMatchObject({
        kind: 'failed',
        message: expect.stringContaining('changed while it was copied'),
      });
      expect(await accept()).toMatchObject({ code: 73, text: expect.stringContaining('was not proved') });
      expect(existsSync(here('node2'))).toBe(false);
    });

    test('a source that somebody has open for writing is refused', async () => {
      makeDense();
      const handle = openSync(here('node1'), 'r+');
      try {
        expect((await world.copy(run)).result).toMatchObject({
          kind: 'failed',
          message: expect.stringContaining('is being written to'),
        });
      } finally {
        closeSync(handle);
      }
      expect(world.names('node2')).toEqual([]);
    });

    test('a copy that was changed after it was proved gets no name', async () => {
      makeDense();
      expect((await world.copy(run)).result).toEqual({ kind: 'done' });
      overwrite(partial(), 10 * MiB, Buffer.from('x'));
      expect(await accept()).toMatchObject({
        code: 73,
        text: expect.stringContaining('changed after it was proved'),
      });
      // and the next copy mends it, with one block
      const { result, entry } = await world.copy(run);
      expect(result).toEqual({ kind: 'done' });
      expect(sentOf(entry.output)).toBe(1);
      await expectEqual();
    });

    for (const punches of [true, false])
      test(`what became zeros becomes ${punches ? 'a hole' : 'zeros, where holes can not be made'}`, async () => {
        makeSparse(here('node1'), size, [
          [3 * MiB, randomBytes(MiB)],
          [40 * MiB, randomBytes(2 * MiB)],
        ]);
        // what an earlier state left
        makeSparse(partial(), size + MiB, [
          [3 * MiB, randomBytes(2 * MiB)],
          [20 * MiB, randomBytes(MiB)],
          [size, randomBytes(MiB)],
        ]);
        if (!punches)
          world.shim('node2', 'fallocate', 'echo "fallocate failed: Operation not supported" >&2\nexit 1');
        try {
          const { result, entry } = await world.copy(run);
          expect(result).toEqual({ kind: 'done' });
          expect(sentOf(entry.output)).toBe(punches ? 3 : 5);
        } finally {
          if (!punches) world.shim('node2', 'fallocate', null);
        }
        if (punches) await expectEqual();
        else expect(sumOf(partial())).toBe(sumOf(here('node1')));
      });

    test('a file of the final name is left as it is', async () => {
      makeDense();
      writeFileSync(here('node2'), 'mine');
      expect((await world.copy(run)).result).toMatchObject({
        kind: 'failed',
        message: expect.stringContaining('exists already'),
      });
      expect(readFileSync(here('node2'), 'utf8')).toBe('mine');
      rmSync(here('node2'));
      expect((await world.copy(run)).result).toEqual({ kind: 'done' });
      writeFileSync(here('node2'), 'mine');
      expect(await accept()).toMatchObject({ code: 73, text: expect.stringContaining('exists already') });
      expect(readFileSync(here('node2'), 'utf8')).toBe('mine');
    });

    test('another size than the plan was made for, and another type, are refused', async () => {
      makeDense();
      expect((await world.copy(run, { action: copyOf(size - 512) })).result).toMatchObject({
        kind: 'failed',
        message: expect.stringContaining(`has ${size} bytes and not`),
      });
      expect((await world.copy(run, { action: { ...copyOf(size), type: 'qcow2' } })).result).toMatchObject({
        kind: 'failed',
        message: expect.stringContaining('is no qcow2 image'),
      });
    });

    test('too little room is told before anything is sent', async () => {
      makeDense();
      world.shim('node2', 'stat', 'case $1 in -f) echo "2048 4096" ;; *) exec /usr/bin/stat "$@" ;; esac');
      try {
        expect((await world.copy(run)).result).toMatchObject({
          kind: 'failed',
          message: expect.stringContaining('Make room'),
        });
      } finally {
        world.shim('node2', 'stat', null);
      }
      expect(allocatedOf(partial())).toBe(0);
    });

    test('a disk that becomes full fails the copy with the reason', async () => {
      makeDense();
      // as the kernel says it, in the middle
      world.shim(
        'node2',
        'dd',
        `case "$*" in *of=*seek=${32 * MiB}*) echo "dd: error writing: No space left on device" >&2; exit 1 ;; esac\nexec /usr/bin/dd "$@"`,
      );
      try {
        expect((await world.copy(run)).result).toMatchObject({
          kind: 'failed',
          message: expect.stringContaining('No space left on device'),
        });
      } finally {
        world.shim('node2', 'dd', null);
      }
      expect(await accept()).toMatchObject({ code: 73 });
      expect(existsSync(here('node2'))).toBe(false);
    });

    // without root nothing can be mounted, and the test above stands for it
    test.runIf(process.getuid?.() === 0)('a disk that is full, by the kernel’s own word', async () => {
      makeDense();
      const target = world.at('node2', folder);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', target]);
      try {
        run = world.fresh();
        expect((await world.copy(run)).result).toMatchObject({
          kind: 'failed',
          message: expect.stringContaining('are free there. Make room'),
        });
        // others fill it up after it was looked at
        world.shim('node2', 'stat', 'case $1 in -f) echo "99999 4096" ;; *) exec /usr/bin/stat "$@" ;; esac');
        expect((await world.copy(run)).result).toMatchObject({
          kind: 'failed',
          message: expect.stringMatching(
            /could not be written: .*No space left on device.*\nMake room on node2/,
          ),
        });
        expect(await accept()).toMatchObject({ code: 73 });
        expect(existsSync(here('node2'))).toBe(false);
      } finally {
        rmSync(world.at('node2', '/bin/stat'), { force: true });
        execFileSync('umount', ['-l', target]);
      }
    });

    test('a folder that is taken away in the middle is told, and nothing is made in its place', async () => {
      makeDense();
      const { result } = await world.copy(run, {
        watch: ({ phase }) => {
          if (phase === 'sending') rmSync(world.at('node2', folder), { recursive: true, force: true });
        },
      });
      expect(result.kind).toBe('failed');
      expect(existsSync(world.at('node2', folder))).toBe(false);
      mkdirSync(world.at('node2', folder));
    });

    test('a lock that is not held any more refuses both sides', async () => {
      makeDense();
      for (const node of ['node1', 'node2']) {
        run = world.fresh();
        writeFileSync(world.at(node, `${folder}/.lock`), '{"run":"other"}\n');
        expect((await world.copy(run)).result).toMatchObject({
          kind: 'failed',
          message: expect.stringContaining('is not held by this run'),
        });
      }
    });

    test('what was begun is taken back, as often as one likes, and only what is of this run', async () => {
      makeDense();
      expect((await world.copy(run)).result).toEqual({ kind: 'done' });
      const other = `${here('node2')}.partial.other`;
      appendFileSync(other, 'x');
      for (const _ of [1, 2])
        expect(await world.act('node2', { do: 'drop-partial', path: source })).toMatchObject({ code: 0 });
      expect(world.names('node2')).toEqual(['sda.partial.other']);
    });

    test('without tar, and where no holes are told, the content is the same', async () => {
      makeSparse(here('node1'), size + 512, [
        [5 * MiB + 3, randomBytes(MiB)],
        [size, randomBytes(512)],
      ]);
      const hash = async (): Promise<string> =>
        (await world.act('node1', { do: 'hash-images', images: [source, `${folder}/none`] })).text;
      const before = await hash();
      expect(before).toMatch(
        new RegExp(`^[0-9a-f]{64} ${size + 512} \\d+ \\d+\\.\\d+ ${source}\nmissing 0 ${folder}/none\n$`),
      );
      world.shim('node1', 'tar', 'exit 127');
      try {
        expect(await hash()).toBe(before);
        expect((await world.copy(run)).entry.output).toContain(before.slice(0, 64));
      } finally {
        world.shim('node1', 'tar', null);
      }
      await expectEqual(size + 512);
      const compare = () =>
        world.act('node1', { do: 'hash-images', images: [source], expect: [before.slice(0, 64)] });
      expect((await compare()).code).toBe(0);
      overwrite(here('node1'), 10 * BLOCK_BYTES, Buffer.from('x'));
      expect(await hash()).not.toBe(before);
      expect(await compare()).toMatchObject({
        code: 10,
        text: expect.stringContaining('is not what was copied and proved'),
      });
      const gone = { do: 'hash-images', images: [`${folder}/none`], expect: ['0'.repeat(64)] } as const;
      expect(
        await world.act('node1', { ...gone, images: [...gone.images], expect: [...gone.expect] }),
      ).toMatchObject({
        code: 10,
        text: expect.stringContaining('is missing'),
      });
    });
  });

describe('a straight way that is refused when it is to carry the bytes', () => {
  let world: CopyWorld;
  beforeAll(async () => {
    world = await startCopyWorld({ straight: true });
  });
  afterAll(() => world.close());

  // each of these words would mean the storage, had the receiver said them
  test.each([
    ['ssh refuses the login', 'root@node2: Permission denied (publickey).', 255],
    ['the login shell has no room', 'write: No space left on device', 255],
    ['the login shell can not be run', '/bin/sh: Permission denied', 126],
  ])('%s: the workstation carries them, and says why', async (_title, words, code) => {
    const run = world.fresh();
    makeSparse(world.at('node1', source), size, [[MiB, randomBytes(8 * MiB)]]);
    const ssh = readFileSync(world.at('node1', '/bin/ssh'), 'utf8');
    // the probing call has -n; the one that carries has not
    world.shim('node1', 'ssh.real', ssh.replace(/^#!.*\n/, ''));
    world.shim(
      'node1',
      'ssh',
      `case " $* " in *' -n '*) exec "$R/bin/ssh.real" "$@" ;; esac\necho '${words}' >&2\nexit ${code}`,
    );
    try {
      const { result, entry } = await world.copy(run);
      expect(result).toEqual({ kind: 'done' });
      expect(entry.output).toContain('from node1 through this workstation to node2');
      expect(entry.output).toContain(`node1 does not reach node2 by ssh: node1 to node2: ${words}`);
    } finally {
      writeFileSync(world.at('node1', '/bin/ssh'), ssh, { mode: 0o755 });
    }
    expect(await world.act('node2', { do: 'accept-copy', path: source, size, type: 'raw' })).toMatchObject({
      code: 0,
    });
    expect(sumOf(world.at('node2', source))).toBe(sumOf(world.at('node1', source)));
    expect(world.left()).toEqual([]);
  });
});
