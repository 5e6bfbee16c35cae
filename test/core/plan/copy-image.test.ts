import { describe, expect, test } from 'vitest';
import type { FolderFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import { copiesBetween } from '../../../core/plan/copy/agent.ts';
import { comparedAt, comparedIn } from '../../../core/plan/copy/compared.ts';
import { streamLocksAt } from '../../../core/plan/locks.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { progressText } from '../../../core/plan/progress-text.ts';
import type { Run } from '../../../core/plan/run.ts';
import {
  changeFolder,
  domainOf,
  gib,
  localDirectory,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

type File = FolderFacts['files'][number];
const image = (name: string, change: Partial<File> = {}): File => ({
  name,
  size: 5 * gib,
  allocated: gib,
  modified: takenAt,
  inode: 77,
  device: 50,
  type: 'raw',
  kind: 'file',
  ...change,
});
/** A folder of images that nobody owns, on a node's own storage. */
const golden = (change: Partial<FolderFacts> = {}): FolderFacts => ({
  storage: localDirectory,
  path: `${localDirectory}/golden`,
  name: 'golden',
  inode: 500,
  device: 50,
  record: null,
  lock: null,
  config: null,
  replica: false,
  files: [image('debian.img')],
  ...change,
});
const path = `${localDirectory}/golden/debian.img`;
const free = `${localDirectory}/new/sda`;
const sound = withFolder(soundCluster(), ['node1'], golden());
const copy = (snapshot: Snapshot, from = path, to = free, [source, target] = ['node1', 'node2']): Plan =>
  planned(snapshot, {
    kind: 'copy-image',
    from: { node: source ?? '', path: from },
    to: { node: target ?? '', path: to },
  });

describe('the agent of the workstation', () => {
  const lent = (target: string): Plan =>
    planned(sound, {
      kind: 'copy-image',
      from: { node: 'node1', path },
      to: { node: target, path: free },
      forwardAgent: true,
    });

  test('is lent only where somebody says so, which is told', () => {
    const unasked = copy(sound);
    expect(JSON.stringify(unasked.steps)).not.toContain('forwardAgent');
    expect(textOf(unasked, 'agent')).toBe('');
    const made = lent('node2');
    expect(isOpen(made)).toBe(false);
    expect(made.steps.find((each) => each.action.do === 'copy-image')?.action).toMatchObject({
      forwardAgent: true,
    });
    expect(textOf(made, 'agent')).toContain('lent to node1 while the copy is made: root there can log in');
    expect(copiesBetween(made.steps)).toEqual([{ from: 'node1', to: 'node2', forwardAgent: true }]);
  });

  test('is lent to nobody where nothing travels', () => {
    const made = lent('node1');
    expect(JSON.stringify(made.steps)).not.toContain('forwardAgent');
    expect(textOf(made, 'agent')).toContain('lent to nobody');
    expect(copiesBetween(made.steps)).toEqual([]);
  });
});

describe('a copy of an image', () => {
  test('locks both folders, copies, and names it in the end', () => {
    const made = copy(sound);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'make-folder node2',
      'check-unused node1',
      'copy-image node2',
      'check-unused node1',
      'accept-copy node2',
      'unlock node2 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'remove-file node2',
      'drop-partial node2',
      'drop-folder node2',
      'unlock node1',
    ]);
    const at = made.steps.findIndex((step) => step.action.do === 'copy-image');
    expect(streamLocksAt(made, at, { node: 'node1', path })).toEqual([`${localDirectory}/golden`]);
    expect(streamLocksAt(made, at, { node: 'node2', path: free })).toEqual([`${localDirectory}/new`]);
  });

  test('into a folder of the same path each node has its own lock', () => {
    const both = withFolder(sound, ['node2'], golden({ files: [] }));
    const made = copy(both, path, path);
    expect(orderOf(made).slice(0, 2)).toEqual(['lock node1', 'lock node2']);
    const at = made.steps.findIndex((step) => step.action.do === 'copy-image');
    for (const node of ['node1', 'node2'])
      expect(streamLocksAt(made, at, { node, path })).toEqual([`${localDirectory}/golden`]);
    expect(streamLocksAt(made, at, { node: 'node3', path })).toEqual([]);
  });

  test('in one folder takes one lock', () => {
    const made = copy(sound, path, `${localDirectory}/golden/second.img`, ['node1', 'node1']);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'check-unused node1',
      'copy-image node1',
      'check-unused node1',
      'accept-copy node1',
      'unlock node1 !',
    ]);
  });

  test('a node that sees the source reads it itself', () => {
    const made = copy(withInstance(soundCluster(), 'web1'), `${sharedDirectory}/web1/sda`, free);
    const step = made.steps.find((each) => each.action.do === 'copy-image');
    expect(step?.action).toMatchObject({ from: { node: 'node2' }, to: { node: 'node2' } });
    expect(orderOf(made)).toContain('verdict node1,node2,node3');
  });

  test.each<[string, string, Snapshot, Parameters<typeof copy>[1], Parameters<typeof copy>[2]]>([
    ['no-image', 'shows no file', sound, `${localDirectory}/golden/none`, free],
    [
      'not-regular',
      'no regular file',
      changeFolder(sound, golden().path, () => ({ files: [image('debian.img', { kind: 'symlink' })] })),
      path,
      free,
    ],
    [
      'unreadable',
      'could not be read',
      changeFolder(sound, golden().path, () => ({ files: [image('debian.img', { type: null })] })),
      path,
      free,
    ],
    [
      'in-use',
      'loop0 on node1 has',
      withFacts(sound, 'node1', () => ({ open: [{ device: 50, inode: 77, by: 'loop0' }] })),
      path,
      free,
    ],
    ['exists', 'is left as it is', withFolder(sound, ['node2'], golden()), path, path],
    [
      'locked',
      'is locked',
      changeFolder(sound, golden().path, () => ({ lock: { ok: false, error: 'unreadable' } })),
      path,
      free,
    ],
    [
      'replica',
      'is a replica',
      withFolder(sound, ['node2'], golden({ replica: true, files: [] })),
      path,
      `${localDirectory}/golden/x.img`,
    ],
    [
      'no-room',
      'holds 1 GiB',
      withFacts(sound, 'node2', ({ storages }) => ({
        storages: storages.map((each) => ({ ...each, freeBytes: gib / 2 })),
      })),
      path,
      free,
    ],
    ['path', 'DIRECTORY/FOLDER/FILE', sound, path, `${localDirectory}/sda`],
    ['path', 'DIRECTORY/FOLDER/FILE', sound, path, `${localDirectory}/a/b/sda`],
    ['path', 'is a name that VBDesk itself uses', sound, path, `${localDirectory}/new/instance.json`],
    ['path', 'is a name that VBDesk itself uses', sound, path, `${localDirectory}/new/sda.partial.x`],
    ['path', 'a folder of VBDesk itself', sound, path, `${localDirectory}/.trash/sda`],
    ['path', '/etc', sound, path, '/etc/new/sda'],
  ])('is refused: %s, %s', (code, sentence, snapshot, from, to) => {
    const made = copy(snapshot, from, to);
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toContain(sentence);
  });

  test('never becomes a disk whose file is missing', () => {
    const disk = `${localDirectory}/web1/sdb`;
    const gap = changeFolder(
      withLocalInstance(sound, 'web1', 'node2'),
      `${localDirectory}/web1`,
      ({ files }) => ({ files: files.filter((each) => each.name !== 'sdb') }),
    );
    expect(textOf(copy(gap, path, disk), 'place-of-disk')).toContain(
      `${disk} is the place of disk 1 of web1, whose file is missing`,
    );
    const elsewhere = withLocalInstance(sound, 'web1', 'node2', {
      disks: [{ logical_id: ['loop', 'raw', free], vdev: 'xvda', mode: 'rw', size: gib }],
    });
    expect(
      reasonsBy(copy(changeFolder(elsewhere, `${localDirectory}/web1`, () => ({ files: [] }))), 'blocks'),
    ).toEqual(['place-of-disk']);
  });

  test('is refused while its guest runs, and while a node does not answer that has a say', () => {
    const running = withDomain(
      withLocalInstance(soundCluster(), 'web1', 'node1'),
      'node1',
      domainOf('web1', { uuid: uuidOf('web1') }),
    );
    expect(textOf(copy(running, `${localDirectory}/web1/sda`), 'running')).toContain(
      'would be missing from the copy',
    );
    for (const node of ['node1', 'node2']) expect(isOpen(copy(silent(sound, node)))).toBe(true);
  });

  test('of a linked clone says what it needs', () => {
    const file = {
      ...image('debian.img', { type: 'qcow2' }),
      backing: '/srv/base.img',
      virtualSize: 5 * gib,
    };
    const made = copy(changeFolder(sound, golden().path, () => ({ files: [file] })));
    expect(textOf(made, 'backing')).toContain('/srv/base.img');
    expect(isOpen(made)).toBe(false);
  });
});

describe('a comparison', () => {
  const compare = (snapshot: Snapshot, of: string): Plan =>
    planned(snapshot, {
      kind: 'compare-images',
      subject: of.startsWith('/') ? { of: 'path', path: of } : { of: 'instance', instance: of },
    });

  test('reads each place once, and changes nothing', () => {
    const shared = compare(withInstance(soundCluster(), 'web1'), 'web1');
    expect(orderOf(shared)).toEqual(['hash-images node1']);
    expect(shared.steps[0]?.action).toMatchObject({ alsoOn: ['node2', 'node3'] });
    expect(shared.locks).toEqual([]);
    const apart = compare(withFolder(sound, ['node2'], golden()), path);
    expect(orderOf(apart)).toEqual(['hash-images node1', 'hash-images node2']);
  });

  test('is refused where somebody writes, or nothing is there', () => {
    expect(
      textOf(
        compare(
          withFacts(sound, 'node1', () => ({ open: [{ device: 50, inode: 77, by: 'loop0' }] })),
          path,
        ),
        'in-use',
      ),
    ).toContain('loop0');
    expect(textOf(compare(sound, free), 'no-folder')).toContain('No node that answers has');
    expect(isOpen(compare(sound, 'nobody'))).toBe(true);
    expect(textOf(compare(sound, '/etc/passwd'), 'path')).toContain('/etc');
    expect(textOf(compare(silent(sound, 'node3'), path), 'silent')).toContain('node3');
  });

  test('is told from what the nodes printed', () => {
    const plan = compare(withFolder(sound, ['node2'], golden()), path);
    const run = (first: string, second: string): Run => ({
      version: 1,
      id: plan.run,
      cluster: 'test',
      title: plan.title,
      who: 'a@b',
      startedAt: 1,
      endedAt: 2,
      plan,
      direction: 'forward',
      steps: [first, second].map((output, index) => ({
        id: String(index + 1),
        title: '',
        nodes: [`node${index + 1}`],
        state: 'done',
        job: '',
        startedAt: 1,
        endedAt: 2,
        output,
        exitCode: 0,
        changed: false,
        message: '',
      })),
      undo: [],
      state: 'done',
      cancelRequested: false,
      problem: '',
      holds: [],
    });
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
    const verdict = (first: string, second: string) =>
      comparedIn(run(`${first} ${path}`, `${second} ${path}`))[0]?.verdict;
    expect(verdict(`${a} 5`, `${a} 5`)).toBe('same');
    expect(verdict(`${a} 5`, `${b} 5`)).toBe('differs');
    expect(verdict(`${a} 5`, 'missing 0')).toBe('missing');
    expect(comparedAt(run('', ''))).toBe(2);
    expect(comparedIn(run('garbage', ''))).toEqual([]);
  });
});

test('progress in words', () => {
  const told = {
    phase: 'sending',
    done: 12 << 20,
    total: 50 << 20,
    msLeft: 3100,
    way: 'straight from node1 to node2',
  } as const;
  expect(progressText(told)).toBe('12 MiB of 50 MiB sent, about 3 s left, straight from node1 to node2');
  expect(progressText({ ...told, phase: 'reading', msLeft: null })).toBe('12 MiB of 50 MiB read');
  expect(progressText({ ...told, msLeft: 5_400_000 })).toContain('about 1 h 30 min left');
});
