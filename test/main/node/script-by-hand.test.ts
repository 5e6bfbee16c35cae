/** Plans that are run by hand, as scripts, leave what VBDesk leaves. */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Intent } from '../../../core/plan/intent.ts';
import { jobsEndedScript } from '../../../main/engine/job.ts';
import { prelude } from '../../../main/node/prelude.ts';
import { LOCAL_STORAGE, SHARED_STORAGE } from '../../../main/practice/node-root.ts';
import { localShell } from '../../support/local-shell.ts';
import { waitFor } from '../../support/wait-for.ts';
import { commandIn, type Outcome, World, webIntent } from './script-support.ts';

let desk: World;
let hand: World;
beforeAll(async () => {
  desk = await World.make();
  hand = await World.make();
});
afterAll(async () => {
  await desk?.close();
  await hand?.close();
});

const name = 'web1.example.org';
const folder = `${SHARED_STORAGE}/${name}`;

const well = (outcome: Outcome): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(0);
  return outcome;
};

const failed = (outcome: Outcome, code: number, ...said: (string | RegExp)[]): void => {
  expect(outcome.code, outcome.stdout + outcome.stderr).toBe(code);
  for (const each of said) expect(outcome.stderr).toMatch(each);
};

const bothWays = async (intent: Intent, run: string, begin: [string, string]): Promise<string[]> => {
  await desk.byEngine(intent, run);
  const { ran } = well(await hand.byHand(await hand.script(intent, run), begin)) as Outcome & {
    ran: string[];
  };
  expect(Object.fromEntries(hand.tree())).toEqual(Object.fromEntries(desk.tree()));
  expect(await hand.guests()).toEqual(await desk.guests());
  return ran;
};

describe('by hand as by VBDesk, file by file', () => {
  test('created and started, handed over, stopped, grown, removed', { timeout: 300_000 }, async () => {
    await bothWays(webIntent(), 'create0000000000', ['node1', '1']);
    expect(hand.tree().size).toBeGreaterThan(20);
    expect((await hand.guests()).join()).toContain('node1: web1.example.org');
    const ran = await bothWays(
      { kind: 'failover', instance: name, target: null, timeoutSeconds: 60 },
      'failover00000000',
      ['node1', '1'],
    );
    // there and back
    expect(ran.filter((each) => each.startsWith('node2')).length).toBeGreaterThan(1);
    expect((await hand.guests()).join()).toContain('node2: web1.example.org');
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    await bothWays({ kind: 'stop', instance: name, timeoutSeconds: 60, then: 'leave' }, 'stop000000000000', [
      'node2',
      '1',
    ]);
    await bothWays({ kind: 'grow', instance: name, disk: 0, size: 2 ** 20, by: true }, 'grow000000000000', [
      'node2',
      '1',
    ]);
    await bothWays({ kind: 'remove', instance: name, purge: false, timeoutSeconds: 60 }, 'remove0000000000', [
      'node2',
      '1',
    ]);
    expect(existsSync(hand.at('node1', folder))).toBe(false);
  });
});

describe('run otherwise than it says', () => {
  const other = 'web2.example.org';
  const start = async (run: string, change = {}): Promise<string> =>
    hand.script(webIntent({ name: other, ...change }), run);

  test('on another node, twice, without its word or with another one, it does nothing', {
    timeout: 300_000,
  }, async () => {
    const before = hand.tree();
    const file = await start('first00000000000');
    failed(await hand.sh('node2', file, ['node1', '1']), 2, 'This is node2, and part 1 is for node1');
    failed(await hand.sh('node1', file, []), 2, `sh ${file} node1 1`);
    failed(await hand.sh('node1', file, ['node1', '9']), 2, 'run part by part');
    expect(Object.fromEntries(hand.tree())).toEqual(Object.fromEntries(before));
    const last = well(await hand.byHand(file, ['node1', '1']));
    expect(last.stdout).toContain('All of it is done.');
    const after = hand.tree();
    // a second time: what was done is known, and the rest is refused by what is there
    await hand.sh('node1', file, ['node1', '1']);
    expect(Object.fromEntries(hand.tree())).toEqual(Object.fromEntries(after));

    const over = await hand.script(
      { kind: 'failover', instance: other, target: null, timeoutSeconds: 60 },
      'over000000000000',
    );
    failed(await hand.sh('node2', over, ['node2', '2']), 2, 'needs the word');
    failed(await hand.sh('node2', over, ['node2', '2', '1.1.-.0000000000']), 2, 'no word of this script');
    const first = well(await hand.sh('node1', over, ['node1', '1']));
    const next = commandIn(first.stdout, over) ?? [];
    expect(next.slice(0, 2)).toEqual(['node2', '2']);
    failed(await hand.sh('node1', over, ['node1', '3', next[2] ?? '']), 2, 'follows part 2');
    // whoever waits too long looks again
    hand.put('node2', 'bin/date', '#!/bin/sh\necho 4102444800\n');
    hand.executable('node2', 'bin/date');
    failed(await hand.sh('node2', over, next), 3, 'minutes ago', 'Repeat part 1');
    hand.remove('node2', 'bin/date');
    const again = well(await hand.sh('node1', over, ['node1', '1']));
    expect(again.stdout).toContain('done before');
    const { ran } = well(
      await hand.byHand(over, (commandIn(again.stdout, over) ?? ['']) as [string]),
    ) as Outcome & {
      ran: string[];
    };
    expect(ran.length).toBeGreaterThan(2);
    expect((await hand.guests()).join()).toContain(`node2: ${other}`);
  });

  test('cut off in the middle of a step, it waits for it, and then does nothing twice', {
    timeout: 300_000,
  }, async () => {
    const third = 'web3.example.org';
    const file = await hand.script(webIntent({ name: third }), 'killed0000000000');
    hand.shim(
      'node1',
      'xl',
      `case "$1 \${2:-}" in
  'create -n') ;;
  'create '*)
    echo >>"$VBDESK_ROOT/begun"
    while [ ! -e "$VBDESK_ROOT/go" ]; do sleep 0.1; done
    ;;
esac
exec "$0.real" "$@"`,
    );
    const parts = readFileSync(file, 'utf8').match(/^# Part \d+ of/gm)?.length ?? 0;
    let words = ['node1', '1'];
    while (words[1] !== String(parts))
      words = commandIn(well(await hand.sh(words[0] ?? '', file, words)).stdout, file) ?? [];
    const child = hand.spawn('node1', file, words);
    await waitFor('the guest is being started', () => existsSync(hand.at('node1', 'begun')));
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGKILL');
    await ended;
    // a VBDesk that is to break the lock sees that it is at work
    const look = await localShell(hand.root('node1')).run(`${prelude}${jobsEndedScript('killed0000000000')}`);
    expect(look.code).toBe(10);
    failed(await hand.sh('node1', file, words), 75, 'still at work here');
    hand.put('node1', 'go', '');
    const again = await waitFor('the step has ended', async () => {
      const outcome = await hand.sh('node1', file, words);
      return outcome.code !== 75 && outcome;
    });
    hand.unshim('node1', 'xl');
    expect(well(again).stdout).toContain('All of it is done.');
    expect(readFileSync(hand.at('node1', 'begun'), 'utf8')).toBe('\n');
    expect((await hand.guests()).filter((each) => each.includes(third))).toHaveLength(1);
    expect(existsSync(hand.at('node1', `var/lib/vbdesk/jobs/killed0000000000`))).toBe(false);
  });

  test('a step that fails says where, what is so now and what to do; taken back, all is as before', {
    timeout: 300_000,
  }, async () => {
    const before = hand.tree();
    const guests = await hand.guests();
    const file = await hand.script(
      { kind: 'failover', instance: other, target: 'node1', timeoutSeconds: 60 },
      'back000000000000',
    );
    // its toolstack starts nothing
    hand.shim(
      'node1',
      'xl',
      `case "$1 \${2:-}" in
  'create -n') ;;
  'create '*) echo 'no memory' >&2; exit 1 ;;
esac
exec "$0.real" "$@"`,
    );
    const stopped = await hand.byHand(file, ['node2', '1']);
    hand.unshim('node1', 'xl');
    failed(
      stopped,
      1,
      'Step 8 failed on node1',
      'no memory',
      'State now:',
      `${other} is down since step`,
      'What to do:',
      /Or take back all that was done: on node[0-9]/,
    );
    const back = commandIn(stopped.stderr, file) ?? [];
    // the parts that came first are not gone on with
    const { stdout } = well(await hand.byHand(file, back as [string]));
    expect(stdout).toContain('All that was done is taken back.');
    expect(await hand.guests()).toEqual(guests);
    expect(Object.fromEntries(hand.tree())).toEqual(Object.fromEntries(before));
    failed(await hand.sh('node2', file, ['node2', '1']), 73, 'being taken back');
  });
});

test('a draft of changes that build on each other is one script, and leaves the same', {
  timeout: 300_000,
}, async () => {
  const fourth = 'web4.example.org';
  const changes: [Intent, string][] = [
    [webIntent({ name: fourth, start: false }), 'draft10000000000'],
    [{ kind: 'grow', instance: fourth, disk: 0, size: 2 ** 20, by: true }, 'draft20000000000'],
    [{ kind: 'start', instance: fourth }, 'draft30000000000'],
    [{ kind: 'failover', instance: fourth, target: null, timeoutSeconds: 60 }, 'draft40000000000'],
  ];
  const [left, right] = [await World.make(), await World.make()];
  try {
    for (const [intent, run] of changes) await left.byEngine(intent, run);
    const file = await right.draft(changes);
    const { ran } = well(await right.byHand(file, ['node1', '1'])) as Outcome & { ran: string[] };
    // what is done on one node without a break is one part
    expect(ran[0]).toBe('node1 1');
    expect(Object.fromEntries(right.tree())).toEqual(Object.fromEntries(left.tree()));
    expect(await right.guests()).toEqual(await left.guests());
    expect((await right.guests()).join()).toContain(`node2: ${fourth}`);
  } finally {
    await left.close();
    await right.close();
  }
});

test('secrets of an OS script are asked for, and are in no file afterwards', {
  timeout: 300_000,
}, async () => {
  const sixth = 'web6.example.org';
  const secret = `it's "$(quoted)" \\ and more`;
  const intent = webIntent({
    name: sixth,
    start: false,
    os: 'practice+greeting',
    osSecrets: { greeting: secret },
  });
  const [left, right] = [await World.make(), await World.make()];
  try {
    await left.byEngine(intent, 'secret0000000000');
    const file = await right.script(intent, 'secret0000000000');
    expect(readFileSync(file, 'utf8')).not.toContain('quoted)');
    // nobody is at a terminal to be asked
    const unasked = await right.byHand(file, ['node1', '1']);
    failed(unasked, 2, 'The value of OSP_GREETING is needed');
    const outcome = await right.byHand(file, ['node1', '1'], undefined, { OSP_GREETING: secret });
    well(outcome);
    expect(Object.fromEntries(right.tree())).toEqual(Object.fromEntries(left.tree()));
    const image = readFileSync(right.at('node1', `${SHARED_STORAGE}/${sixth}/sda`));
    expect(image.toString('latin1')).toContain(secret);
    expect(readdirSync(right.at('node1', 'run')).filter((each) => each.includes('secret'))).toEqual([]);
  } finally {
    await left.close();
    await right.close();
  }
});

describe('an image that goes from node to node', () => {
  const fifth = 'web5.example.org';
  const create: Intent = webIntent({
    name: fifth,
    start: false,
    secondary: null,
    storageDirectory: LOCAL_STORAGE,
  });
  const move: Intent = {
    kind: 'move',
    instance: fifth,
    node: 'node2',
    storageDirectory: null,
    removeSource: true,
    timeoutSeconds: 60,
  };
  const image = `${LOCAL_STORAGE}/${fifth}/sda`;

  const moved = async (
    prepare: (world: World) => void,
    between: (world: World, words: readonly string[]) => void,
  ): Promise<{ world: World; outcome: Outcome }> => {
    const world = await World.make();
    await world.byEngine(create, 'local00000000000');
    const bytes = Buffer.alloc(2 ** 26);
    bytes.write('at the beginning', 0);
    bytes.write('in the middle, beside a block', 5 * 2 ** 20 + 4097);
    bytes.write('at the end', 2 ** 26 - 10);
    writeFileSync(world.at('node1', image), bytes);
    prepare(world);
    const outcome = await world.byHand(
      await world.script(move, 'move000000000000'),
      ['node1', '1'],
      (words) => between(world, words),
    );
    const there = existsSync(world.at('node2', image)) ? readFileSync(world.at('node2', image)) : null;
    if (outcome.code === 0) expect(there?.equals(bytes)).toBe(true);
    else expect(there).toBe(null);
    return { world, outcome };
  };

  test('is sent by the ssh of the nodes, or brought by hand, and is proved either way', {
    timeout: 300_000,
  }, async () => {
    const byssh = await moved(
      (world) => {
        world.put(
          'node1',
          'bin/ssh',
          `#!/bin/sh
while :; do
  case $1 in
    -o) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
root=${world.directory}/$1
shift
exec env "VBDESK_ROOT=$root" sh -c "$*"
`,
        );
        world.executable('node1', 'bin/ssh');
      },
      () => undefined,
    );
    const byhand = await moved(
      () => undefined,
      (world, [node, part]) => {
        const folder = path.dirname(world.at('node2', image));
        if (node !== 'node2' || part === '1' || !existsSync(folder) || existsSync(world.at('node2', image)))
          return;
        const partial = path.join(folder, 'sda.partial.move000000000000');
        if (!existsSync(partial)) copyFileSync(world.at('node1', image), partial);
      },
    );
    try {
      well(byssh.outcome);
      well(byhand.outcome);
      expect(Object.fromEntries(byhand.world.tree())).toEqual(Object.fromEntries(byssh.world.tree()));
    } finally {
      await byssh.world.close();
      await byhand.world.close();
    }
  });

  test('is not accepted when it is another one', { timeout: 300_000 }, async () => {
    const { world, outcome } = await moved(
      () => undefined,
      (between, [node, part]) => {
        const folder = path.dirname(between.at('node2', image));
        if (node !== 'node2' || part === '1' || !existsSync(folder)) return;
        const bytes = readFileSync(between.at('node1', image));
        bytes.write('x', 2 ** 25);
        writeFileSync(path.join(folder, 'sda.partial.move000000000000'), bytes);
      },
    );
    try {
      failed(outcome, 1, 'is not equal to what was sent', 'State now:');
      expect(existsSync(world.at('node1', image))).toBe(true);
    } finally {
      await world.close();
    }
  });
});
