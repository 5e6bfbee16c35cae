/** Scripts of what the planners make: clean, in order, and only of what may run. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Approval, Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan } from '../../../core/plan/plan.ts';
import { type Piece, partsOf, piecesOf } from '../../../main/node/script/pieces.ts';
import { planScript } from '../../../main/node/script/plan-script.ts';
import { ScriptError } from '../../../main/node/script/writer.ts';
import { qcow2, running, stopped } from '../../core/plan/disk-world.ts';
import * as migrating from '../../core/plan/migrate-world.ts';
import { createIntent } from '../../core/plan/support.ts';
import {
  gib,
  localDirectory,
  nobody,
  sharedDirectory,
  silent,
  soundCluster,
  testContext,
  withFacts,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';

type Sample = [name: string, snapshot: Snapshot, intent: Intent, approval?: Approval];
const instance = 'web1';
const local = withLocalInstance(soundCluster(), 'web1', 'node1');
const vouched: Approval = { accept: ['replica-age'], vouched: [{ node: 'node1', how: "it's fenced" }] };

const samples: Sample[] = [
  ['create', soundCluster(), createIntent()],
  [
    'create on its own storage',
    soundCluster(),
    createIntent({ storageDirectory: localDirectory, secondary: null }),
  ],
  ['start', stopped, { kind: 'start', instance }],
  // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
  ['stop', running, { kind: 'stop', instance, timeoutSeconds: 60, then: 'force' }],
  ['reboot', running, { kind: 'reboot', instance, timeoutSeconds: 60 }],
  ['remove', running, { kind: 'remove', instance, purge: false, timeoutSeconds: 60 }],
  [
    'purge',
    stopped,
    { kind: 'remove', instance, purge: true, timeoutSeconds: 60 },
    { accept: ['purge:web1'], vouched: [] },
  ],
  ['failover', running, { kind: 'failover', instance, target: null, timeoutSeconds: 60 }],
  [
    'failover from a silent node',
    silent(running, 'node1'),
    { kind: 'failover', instance, target: 'node2', timeoutSeconds: 60 },
    vouched,
  ],
  ['grow', stopped, { kind: 'grow', instance, disk: 0, size: gib, by: true }],
  ['convert', qcow2, { kind: 'convert', instance, disk: 0, to: 'raw' }],
  ['snapshot', qcow2, { kind: 'snapshot', instance, disk: 0, change: 'create', tag: 'before' }],
  [
    'disk-add',
    stopped,
    {
      kind: 'disk-add',
      instance,
      source: { from: 'new', size: gib, type: 'raw', allocation: 'full', base: null },
      vdev: 'xvdq',
      mode: 'rw',
      driver: 'loop',
    },
  ],
  ['disk-remove', stopped, { kind: 'disk-remove', instance, disk: 1, purge: false }],
  ['clone', stopped, { kind: 'clone', instance, name: 'web2', node: null, storageDirectory: null }],
  ['rename', stopped, { kind: 'rename', instance, name: 'web2' }],
  [
    'move to another node',
    local,
    { kind: 'move', instance, node: 'node2', storageDirectory: null, removeSource: true, timeoutSeconds: 60 },
  ],
  ['replicate', local, { kind: 'replicate', instance, node: 'node2' }],
  ['compare', stopped, { kind: 'compare-images', subject: { of: 'instance', instance } }],
];

const made = ([, snapshot, intent, approval = nobody]: Sample): Plan =>
  makePlan(snapshot, intent, approval, testContext());

const clean = (text: string): void => {
  const result = spawnSync('shellcheck', ['-'], { input: text, encoding: 'utf8' });
  expect(result.error, 'shellcheck is missing: apt-get install shellcheck').toBeUndefined();
  expect(result.stdout.slice(0, 4000)).toBe('');
  expect(spawnSync('dash', ['-n'], { input: text, encoding: 'utf8' }).stderr).toBe('');
};

describe('the script of a plan', () => {
  test.each(samples)('of %s finds shellcheck content', { timeout: 120_000 }, (...sample) => {
    const plan = made(sample);
    expect(openReasons(plan)).toEqual([]);
    const text = planScript([plan], sample[1], 0);
    clean(text);
    // the same facts and the same chance, the same script
    expect(planScript([plan], sample[1], 0)).toBe(text);
    for (const step of plan.steps) expect(text).toContain(step.title.split('\n')[0]);
  });

  test('of a live migration as well', { timeout: 120_000 }, () => {
    const snapshot = migrating.snapshotOf({});
    clean(planScript([migrating.planOf({})], snapshot, 0));
  });

  test('asks everything in the order of the plan: no change before the looks before it', () => {
    for (const sample of samples) {
      const plan = made(sample);
      const pieces = piecesOf([plan], (...mark) => mark.join('-'));
      const at = (wanted: (piece: Piece) => boolean) =>
        pieces.flatMap((piece, index) => (wanted(piece) ? [index] : []));
      for (const [index, step] of plan.steps.entries()) {
        const own = at((piece) => piece.index === index);
        expect(new Set(own.map((each) => pieces[each]?.node))).toEqual(
          new Set(
            step.action.do === 'copy-image' ? [step.action.from.node, step.action.to.node] : step.nodes,
          ),
        );
        // whatever stands between two changes stays between them
        const isChange = pieces[own[0] ?? -1]?.work.kind === 'change';
        if (isChange) {
          expect(Math.max(...at((piece) => piece.index < index), -1)).toBeLessThan(own[0] ?? -1);
          expect(Math.min(...at((piece) => piece.index > index), pieces.length)).toBeGreaterThan(
            own[0] ?? -1,
          );
        }
      }
      expect(partsOf(pieces).flat()).toEqual(pieces);
    }
  });

  test('a file that proves shared storage is written on each node and read on every other', () => {
    const pieces = piecesOf(
      [made(['f', running, { kind: 'failover', instance, target: null, timeoutSeconds: 60 }])],
      (...mark) => mark.join('-'),
    );
    const log: string[] = [];
    const written = new Set<string>();
    for (const { node, work } of pieces) {
      if (work.kind === 'write-proof') written.add(work.token);
      if (work.kind === 'read-proof')
        for (const { node: writer, token } of work.tokens) {
          expect(written).toContain(token);
          log.push(`${writer}>${node}`);
        }
    }
    expect(log.toSorted()).toEqual(['node1>node2', 'node2>node1']);
  });

  test('is not made of what must not run, and says why', () => {
    const plan = made(['x', soundCluster(), { kind: 'start', instance: 'nobody' }]);
    expect(() => planScript([plan], soundCluster(), 0)).toThrow(ScriptError);
    expect(() => planScript([plan], soundCluster(), 0)).toThrow(/does not run as it stands.*nobody/);
    const unknown = withFacts(running, 'node2', () => ({}));
    const lost = { ...unknown, nodes: unknown.nodes.map((node) => ({ ...node, facts: null })) };
    expect(() =>
      planScript(
        [made(['f', running, { kind: 'failover', instance, target: null, timeoutSeconds: 60 }])],
        lost,
        0,
      ),
    ).toThrow(/did not answer when the plan was made/);
  });

  test('rests on a word for a silent node only when it is given again', () => {
    const sample = samples.find(([name]) => name === 'failover from a silent node');
    if (!sample) throw new Error('no sample');
    const text = planScript([made(sample)], sample[1], 0);
    expect(text).toContain("script_down 'node1' 'it'\\''s fenced'");
    expect(text.replaceAll(/\n# +/g, ' ')).toContain('STILL_DOWN=node1 sh THIS-FILE');
  });

  test('holds no secret, but asks for it', { timeout: 120_000 }, () => {
    const secret = 's3cret-and-more';
    const intent = createIntent({
      os: 'debootstrap',
      disks: [{ size: gib, type: 'raw', mode: 'rw' }],
      osSecrets: { password: secret },
    });
    const plan = made(['os', soundCluster(), intent]);
    const folder = `${sharedDirectory}/web2.example.org`;
    const withOs: Plan = {
      ...plan,
      reasons: [],
      steps: [
        ...made(samples[0] as Sample).steps.slice(0, 1),
        {
          id: '2',
          nodes: ['node1'],
          title: 'Run the OS script',
          action: {
            do: 'run-os-create',
            folder,
            images: [{ path: `${folder}/sda`, size: gib }],
            definition: '/srv/os/debian',
            api: 20,
            verify: false,
            environment: { OS_NAME: 'debian' },
            secret: ['OSP_PASSWORD'],
          },
          undo: [],
          commit: false,
          guest: null,
        },
      ],
    };
    const text = planScript([withOs], soundCluster(), 0);
    expect(text).not.toContain(secret);
    expect(text).toContain("script_secret 2 'OSP_PASSWORD'");
    clean(text);
  });

  test('several plans are one script, each behind the one before', { timeout: 120_000 }, () => {
    const first = makePlan(stopped, { kind: 'start', instance }, nobody, testContext('run1000000000000'));
    const second = makePlan(
      running,
      { kind: 'failover', instance, target: null, timeoutSeconds: 60 },
      nobody,
      testContext('run2000000000000'),
    );
    const text = planScript([first, second], running, 0);
    clean(text);
    expect(text.indexOf("'1-1'")).toBeLessThan(text.indexOf("'2-1'"));
    expect(text).toContain('# 1. Start web1');
    expect(text).toContain('# 2. Fail over web1');
  });
});
