/** Drafts written and edited: what is written is read again, and comments and whatever an edit does not name stay. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Change, type Draft, type DraftEdit, draftEdit } from '../../../core/draft/draft.ts';
import { editDraft, newDraft } from '../../../core/draft/edit.ts';
import { readDraft } from '../../../core/draft/read.ts';
import { wordsOf } from '../../../core/draft/words.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { createIntent } from '../plan/support.ts';
import { anyIntent, draftable } from './arbitrary-intent.ts';

const start = (instance: string): Intent => ({ kind: 'start', instance });

const edited = (text: string, edit: DraftEdit, known: Parameters<typeof editDraft>[2] = null): string => {
  const made = editDraft(text, edit, known);
  if (!made.ok) throw new Error(made.message);
  return made.text;
};
const draftOf = (text: string): Draft => {
  const read = readDraft(text);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.draft;
};
const idsOf = (text: string): string[] => draftOf(text).changes.map(({ id }) => id);

describe('every intent that has words', () => {
  it.each(Object.entries(draftable))('%s: is read as it was written', (kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (intent) => {
        const text = edited(newDraft('lab'), { edit: 'add', intent });
        expect(draftOf(text).changes).toEqual([
          { id: 'c1', intent, accept: [], note: null, reviewed: null, applied: null },
        ]);
        expect(kind).toBe(intent.kind);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what a draft never holds', () => {
  it.each([
    ['secret parameters', createIntent({ os: 'debootstrap', osSecrets: { root_password: 'geheim99' } })],
    [
      'a password in a configuration',
      { kind: 'configure', instance: 'web1', text: "vncpasswd = 'geheim99'\n", from: null },
    ],
    [
      'one in the old configuration',
      { kind: 'configure', instance: 'web1', text: '', from: "vfb = ['vncpasswd=geheim99']\n" },
    ],
    ['a lock that is broken', { kind: 'unlock', path: '/srv/x', run: 'abc' }],
    ['a size that its words can not say', { kind: 'grow', instance: 'web1', disk: 0, size: 513, by: false }],
  ] satisfies [string, Intent][])('%s', (_what, intent) => {
    const written = wordsOf(intent);
    expect(written.ok).toBe(false);
    expect(JSON.stringify(written)).not.toContain('geheim99');
    expect(editDraft(newDraft('lab'), { edit: 'add', intent }).ok).toBe(false);
  });
});

const byHand = `# of the whole file
apiVersion: vbdesk/v1
kind: Draft
cluster: lab # ours
# of the list

# of the first change
changes:
  # all of them on Friday

  # Anna wants this
  - do: startup # really
    instance: web1
  # after that
  - { do: shutdown, instance: web2, timeout: 60 }
  - do: add
    id: new
    # a large one
    instance: web3
    node: node1
    path: /srv
    disks:
      - size: 5G # root
    guest: { memory: 1G }
    accept: [ x ] # agreed by Ben
# at the end
`;
const comments = [...byHand.matchAll(/#.*$/gm)].map(([comment]) => comment);

const editArbitrary = (ids: readonly string[]): fc.Arbitrary<DraftEdit> => {
  const id = fc.constantFrom(...ids);
  return fc.oneof(
    fc.record({ edit: fc.constant('add' as const), intent: anyIntent }),
    fc.record({ edit: fc.constant('add' as const), intent: anyIntent, before: id }),
    fc.record({ edit: fc.constant('move' as const), id, before: fc.option(id) }),
    fc.record({ edit: fc.constant('duplicate' as const), id }),
    fc.record({
      edit: fc.constant('set-accept' as const),
      id,
      accept: fc.array(fc.constantFrom('a', 'purge:x'), { maxLength: 2 }),
    }),
    fc.record({
      edit: fc.constant('set-note' as const),
      id,
      note: fc.constantFrom('one', 'two\nlines', '# three'),
    }),
    fc.record({
      edit: fc.constant('set-reviewed' as const),
      changes: fc.tuple(
        fc.record({
          id,
          steps: fc.array(fc.constantFrom('node1: Create it', 'node1, node2: Look: twice', ' odd', 'x: 5'), {
            maxLength: 3,
          }),
        }),
      ),
    }),
    fc.record({
      edit: fc.constant('set-applied' as const),
      id,
      applied: fc.record({
        run: fc.constant('abc'),
        at: fc.constant(1e12),
        outcome: fc.constantFrom('done' as const, 'failed' as const),
      }),
    }),
  );
};

/** What the draft has to be after an edit, without any YAML. */
const expected = ({ changes }: Draft, edit: DraftEdit, newId: string): Change[] => {
  const list = [...changes];
  const at = (id: string): number => list.findIndex((each) => each.id === id);
  const update = (id: string, change: Partial<Change>): Change[] =>
    list.map((each) => (each.id === id ? { ...each, ...change } : each));
  switch (edit.edit) {
    case 'add':
      list.splice(edit.before === undefined ? list.length : at(edit.before), 0, {
        ...{ id: newId, intent: edit.intent, accept: [], note: null, reviewed: null, applied: null },
      });
      return list;
    case 'move': {
      if (edit.before === edit.id) return list;
      const [moved] = list.splice(at(edit.id), 1);
      if (moved) list.splice(edit.before === null ? list.length : at(edit.before), 0, moved);
      return list;
    }
    case 'duplicate': {
      const found = list[at(edit.id)];
      if (found)
        list.splice(at(edit.id) + 1, 0, { ...found, id: newId, accept: [], reviewed: null, applied: null });
      return list;
    }
    case 'remove':
      return list.filter((each) => each.id !== edit.id);
    case 'replace':
      return update(edit.id, { intent: edit.intent, accept: [], reviewed: null, applied: null });
    case 'set-accept':
      return update(edit.id, { accept: edit.accept });
    case 'set-note':
      return update(edit.id, { note: edit.note });
    case 'set-applied':
      return update(edit.id, { applied: edit.applied });
    case 'set-reviewed':
      return edit.changes.reduce(
        (now, { id, steps }) => now.map((each) => (each.id === id ? { ...each, reviewed: steps } : each)),
        list,
      );
  }
};

const commented = `${[
  'apiVersion: vbdesk/v1',
  'kind: Draft',
  'cluster: lab',
  'changes: # beside the list',
  '  # above c1',
  '  - do: startup # beside c1',
  '    instance: web1',
  '    # under c1',
  '',
  '  # above c2',
  '',
  '  # right above c2',
  '  - do: disk-add',
  '    instance: web2',
  '    size: 5G',
  '    # under c2',
  '  # above c3',
  '  - do: add',
  '    instance: web3',
  '    node: node1',
  '    path: /srv',
  '    guest: { memory: 1G }',
  '    disks:',
  '      - size: 5G',
  '        # under its disk',
  '      # under its disks',
  '    # under c3',
  '  # above c4',
  '  - do: startup',
  '    instance: web4',
  '    accept: [x, # why x',
  '      y, # why y',
  '      z]',
  '    # under c4',
  '  # at the end of the list',
  '# at the end of the file',
].join('\n')}\n`;
const saidOf = (text: string): string[] => [...text.matchAll(/# (.*)$/gm)].map(([, said = '']) => said);
const isOf = (id: string) => (said: string) =>
  said.endsWith(id) || (id === 'c3' && said.includes('its disk'));

describe('a comment', () => {
  it.each(['c1', 'c2', 'c3'])('above %s or in it goes with it, and those around it stay', (id) => {
    expect(saidOf(edited(commented, { edit: 'remove', id }))).toEqual(
      saidOf(commented).filter((said) => !isOf(id)(said)),
    );
    const moved = saidOf(edited(commented, { edit: 'move', id, before: null }));
    const rest = saidOf(commented).filter((said) => !isOf(id)(said));
    expect(moved).toEqual([...rest.slice(0, -2), ...saidOf(commented).filter(isOf(id)), ...rest.slice(-2)]);
  });

  it('of the list stays above the list, however often something is removed', () => {
    for (const above of [
      'changes: # beside\n',
      'changes: # beside\n  # of all\n\n',
      'changes:\n  # of all\n\n',
    ]) {
      let text = commented
        .replace('changes: # beside the list\n', above)
        // at the top, what an empty line parts from the first change is the list's
        .replace('  # above c2\n\n', '');
      for (const id of ['c1', 'c2', 'c3']) text = edited(text, { edit: 'remove', id });
      expect(saidOf(text)).toEqual([...saidOf(above), ...saidOf(commented).slice(-6)]);
      expect(text.split('\n')).toContain(above.split('\n')[0]);
    }
  });

  it('of a consent stays as long as that one', () => {
    const text = edited(commented, { edit: 'set-accept', id: 'c4', accept: ['z', 'y', 'new'] });
    expect(draftOf(text).changes[3]?.accept).toEqual(['z', 'y', 'new']);
    expect(saidOf(text)).toEqual(saidOf(commented).filter((said) => said !== 'why x'));
  });
});

describe('the form of a file', () => {
  const windows = (text: string): string => text.replaceAll('\n', '\r\n');

  it('stays: its line ends, and the mark at its beginning', () => {
    fc.assert(
      fc.property(anyIntent, fc.boolean(), (intent, isMarked) => {
        const mark = isMarked ? '\uFEFF' : '';
        const edit: DraftEdit = { edit: 'add', intent };
        const made = edited(commented, edit);
        const text = edited(mark + windows(commented), edit);
        expect(text).toBe(mark + windows(made));
        expect(draftOf(text)).toEqual(draftOf(made));
        expect(edited(mark + commented, edit)).toBe(mark + made);
      }),
      { numRuns: 100 },
    );
  });

  it('is that of most lines where it is mixed', () => {
    const added = (text: string): string => edited(text, { edit: 'add', intent: start('web9') });
    expect(added(windows(commented).replace('\r\n', '\n'))).toBe(windows(added(commented)));
    expect(added(commented.replace('\n', '\r\n'))).toBe(added(commented));
  });
});

describe('edits of a file that was written by hand', () => {
  it('do what they say and nothing else, one after the other, and keep every comment', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), fc.integer({ min: 1, max: 5 }), (seeds, count) => {
        let text = byHand;
        for (let index = 0; index < count; index += 1) {
          const before = draftOf(text);
          const seed = seeds.next().value ?? 0;
          const [edit] = fc.sample(editArbitrary(before.changes.map(({ id }) => id)), { seed, numRuns: 1 });
          if (!edit) throw new Error('no edit was made');
          text = edited(text, edit);
          const after = draftOf(text);
          const newId =
            after.changes.find(({ id }) => !before.changes.some((each) => each.id === id))?.id ?? '';
          expect(after.changes).toEqual(expected(before, edit, newId));
          for (const comment of comments.filter(
            (each) => !/agreed by Ben/.test(each) || edit.edit !== 'set-accept',
          ))
            if (!/agreed by Ben/.test(comment)) expect(text).toContain(comment);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('write down the ids first, so that nothing is called otherwise afterwards', () => {
    expect(idsOf(byHand)).toEqual(['c1', 'c2', 'new']);
    const text = edited(byHand, { edit: 'remove', id: 'c1' });
    expect(idsOf(text)).toEqual(['c2', 'new']);
    expect(text).toContain('# all of them on Friday');
    expect(text).not.toContain('# Anna wants this');
    expect(idsOf(edited(text, { edit: 'add', intent: start('web9') }))).toEqual(['c2', 'new', 'c3']);
  });

  it('take what was said of a change along with it', () => {
    const lines = edited(byHand, { edit: 'move', id: 'c1', before: null })
      .split('\n')
      .map((each) => each.trim());
    expect(lines.indexOf('# Anna wants this')).toBe(lines.indexOf('- do: startup # really') - 1);
    expect(lines.indexOf('- do: startup # really')).toBeGreaterThan(lines.indexOf('- do: add'));
  });

  it('put another intent into the place of one, with the comments that still fit, and without its consents', () => {
    const text = edited(byHand, {
      edit: 'replace',
      id: 'new',
      intent: createIntent({ name: 'web3', primary: 'node2', storageDirectory: '/srv' }),
    });
    expect(text).toContain('# a large one');
    expect(text).toContain('node: node2');
    expect(draftOf(text).changes[2]).toMatchObject({ id: 'new', accept: [], intent: { primary: 'node2' } });
  });

  it('leave alone what is being applied', () => {
    const text = edited(byHand, {
      edit: 'set-applied',
      id: 'c1',
      applied: { run: 'abc', at: 1e12, outcome: 'started' },
    });
    for (const edit of [
      { edit: 'remove', id: 'c1' },
      { edit: 'replace', id: 'c1', intent: start('x') },
    ] satisfies DraftEdit[])
      expect(editDraft(text, edit)).toEqual({ ok: false, message: expect.stringContaining('abc') });
  });

  it('keep what was known of an instance when it was first touched, until it is reviewed again', () => {
    const known = (serial: string, at: number) => ({
      at,
      instances: { web1: { uuid: 'u', generation: 1, serial } },
    });
    let text = edited(newDraft('lab'), { edit: 'add', intent: start('web1') }, known('old', 1e12));
    text = edited(text, { edit: 'add', intent: start('web1') }, known('new', 2e12));
    expect(draftOf(text).base).toEqual(known('old', 2e12));
    text = edited(text, { edit: 'set-reviewed', changes: [], base: known('new', 2e12) });
    expect(draftOf(text).base).toEqual(known('new', 2e12));
  });

  it('keep a plan reviewed when a consent that it asked for is given or withdrawn, and only then', () => {
    const steps = [
      'node1: Start web1',
      'consent: overcommit, not given',
      'words of this change: 0123456789ab',
    ];
    let text = edited(newDraft('lab'), { edit: 'add', intent: start('web1') });
    text = edited(text, { edit: 'set-reviewed', changes: [{ id: 'c1', steps }] });
    text = edited(text, { edit: 'set-accept', id: 'c1', accept: ['overcommit', 'other'] });
    expect(draftOf(text).changes[0]).toMatchObject({
      accept: ['overcommit', 'other'],
      reviewed: [steps[0], 'consent: overcommit, given', steps[2]],
    });
    text = edited(text, { edit: 'set-accept', id: 'c1', accept: [] });
    expect(draftOf(text).changes[0]?.reviewed).toEqual(steps);
  });

  it('refuse what no file may say, and write nothing', () => {
    const text = edited(newDraft('lab'), { edit: 'add', intent: start('web1') });
    for (const edit of [
      { edit: 'add', intent: start('\u001b[2J') },
      { edit: 'add', intent: start('a\0') },
      { edit: 'set-note', id: 'c1', note: 'half \ud800' },
      { edit: 'set-note', id: 'c1', note: 'x\u001b[1A' },
      { edit: 'set-reviewed', changes: [{ id: 'c1', steps: ['node1: x\ny'] }] },
      { edit: 'set-applied', id: 'c1', applied: { run: 'a\nb', at: 1, outcome: 'done' } },
    ] satisfies DraftEdit[])
      expect(editDraft(text, edit)).toMatchObject({ ok: false });
  });

  it('come with times as far as there are any', () => {
    const applied = (at: number) => ({ run: 'abc', at, outcome: 'done' as const });
    for (const at of [1e18, -1e18, 253_402_300_800_000, Number.NaN])
      expect(draftEdit.safeParse({ edit: 'set-applied', id: 'c1', applied: applied(at) }).success).toBe(
        false,
      );
    for (const at of [253_402_300_799_999, -62_167_219_200_000]) {
      const edit: DraftEdit = { edit: 'set-applied', id: 'c1', applied: applied(at) };
      expect(draftEdit.safeParse(edit).success).toBe(true);
      const text = edited(newDraft('lab'), { edit: 'add', intent: start('web1') });
      expect(draftOf(edited(text, edit)).changes[0]?.applied).toEqual(applied(at));
    }
  });

  it('give the next id that is free, whatever ids there are', () => {
    let text = `apiVersion: vbdesk/v1\nkind: Draft\ncluster: lab\nchanges:\n  - { do: startup, id: c999999999, instance: web1 }\n`;
    for (let count = 0; count < 3; count += 1) text = edited(text, { edit: 'add', intent: start('web2') });
    expect(idsOf(text)).toEqual(['c999999999', 'c1', 'c2', 'c3']);
  });

  it('refuse a file that has to be mended first, with the place', () => {
    expect(editDraft('x: [', { edit: 'remove', id: 'c1' })).toEqual({
      ok: false,
      message: expect.stringMatching(/line 1, column \d/),
    });
  });
});
