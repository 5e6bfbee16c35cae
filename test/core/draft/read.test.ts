/** Damaged, huge and hostile files: each gets sentences with a line and a column, and never more than a moment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newDraft } from '../../../core/draft/edit.ts';
import { readDraft } from '../../../core/draft/read.ts';
import { words } from '../../../core/draft/words.ts';

const head = 'apiVersion: vbdesk/v1\nkind: Draft\ncluster: lab\n';
const problemsOf = (text: string): string[] => {
  const read = readDraft(text);
  return read.ok ? [] : read.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
};

describe('what is wrong is told where it stands', () => {
  it.each([
    ['an empty file', '', '1:1 A draft begins with'],
    [
      'another version',
      'apiVersion: vbdesk/v2\nkind: Draft\n',
      '1:13 This VBDesk reads drafts of apiVersion vbdesk/v1, not of "vbdesk/v2".',
    ],
    ['another kind', head.replace('Draft', 'Pod'), '2:7 "kind" is Draft, not "Pod".'],
    ['no changes', head, '1:1 "changes" is missing'],
    ['changes that are no list', `${head}changes: 5\n`, '4:10 "changes" is a list'],
    ['a change that is no map', `${head}changes:\n  - startup\n`, '5:5 A change is a map'],
    ['no word', `${head}changes:\n  - instance: web1\n`, '5:5 A change says what it does'],
    [
      'an unknown word',
      `${head}changes:\n  - do: startpu\n    instance: web1\n`,
      '5:9 "startpu" is nothing that a draft can do. Did you mean startup?',
    ],
    [
      'an unknown field',
      `${head}changes:\n  - do: startup\n    instanec: web1\n    instance: web1\n`,
      '6:5 "instanec" is no field that is known here. Did you mean instance?',
    ],
    [
      'an unknown field of a disk',
      `${head}changes:\n  - do: add\n    instance: a\n    node: b\n    path: /c\n    guest: { memory: 1G }\n    disks:\n      - sise: 5G\n`,
      '11:9 "sise" is no field',
    ],
    ['a field that is missing', `${head}changes:\n  - do: startup\n`, '5:5 "instance" is missing.'],
    [
      'a number for a name',
      `${head}changes:\n  - do: startup\n    instance: 12\n`,
      '6:15 "instance" is a text, not 12. Put it in quotes.',
    ],
    [
      'a size that is none',
      `${head}changes:\n  - { do: grow, instance: web1, disk: 0, size: 5X }\n`,
      '5:48 "size": "5X" is not a size.',
    ],
    [
      'a disk that can not be',
      `${head}changes:\n  - { do: grow, instance: web1, disk: 99, size: 5G }\n`,
      '5:39 "disk" is at most 25.',
    ],
    [
      'a list for a map',
      `${head}changes:\n  - { do: startup, instance: [web1] }\n`,
      '5:30 "instance" is a text, not a list.',
    ],
    [
      'a word of few',
      `${head}changes:\n  - { do: convert, instance: web1, disk: 0, to: qcow }\n`,
      '5:49 "to" is raw or qcow2, not "qcow". Did you mean qcow2?',
    ],
    ['a time that is none', `${head}base: { at: today }\nchanges: []\n`, '4:13 "base.at" is a time'],
    [
      'one id twice',
      `${head}changes:\n- { do: startup, instance: a, id: x }\n- { do: startup, instance: b, id: x }\n`,
      '6:35 Another change is called "x" already',
    ],
    ...['"web\\e[2J"', '"a\\0"', '"a\\nb"', '"a\\x85"', '"\\ud800"'].map((name): [string, string, string] => [
      `a name with ${name}`,
      `${head}changes:\n  - do: startup\n    instance: ${name}\n`,
      '6:15 "instance": It is one line, without control characters.',
    ]),
    [
      'a node with a line end',
      `${head}changes:\n  - { do: image-remove, node: "a\\nb", path: /srv/x }\n`,
      '"node": It is one line',
    ],
    [
      'a cluster with an escape',
      'apiVersion: vbdesk/v1\nkind: Draft\ncluster: "\\e"\nchanges: []\n',
      '3:10 "cluster": It is one line',
    ],
    [
      'a remark that moves the cursor',
      `${head}changes:\n  - { do: startup, instance: a, note: "x\\e[1A" }\n`,
      '"note": It is a text without control characters.',
    ],
    [
      'a consent of two lines',
      `${head}changes:\n  - { do: startup, instance: a, accept: ["x\\ny"] }\n`,
      '"accept[0]": It is one line',
    ],
    ...['"node1: x\\ny"', '{ node1: "x\\0" }'].map((step): [string, string, string] => [
      `a step ${step}`,
      `${head}changes:\n  - { do: startup, instance: a, plan: [${step}] }\n`,
      'A step of a plan is one line',
    ]),
    ...['"abc\\n"', '"a b"', 'ABC'].map((run): [string, string, string] => [
      `a run ${run}`,
      `${head}changes:\n  - { do: startup, instance: a, applied: { run: ${run}, at: 2026-11-26T14:00:00Z, outcome: done } }\n`,
      '"applied.run" is',
    ]),
    ...['0x10', '1e3', '010', '0o20', '+5', '.5', '5.', '.inf', '.nan'].map(
      (number): [string, string, string] => [
        `a size of ${number}`,
        `${head}changes:\n  - { do: grow, instance: a, disk: 0, size: ${number} }\n`,
        `5:45 "${number}" is not written in plain digits`,
      ],
    ),
    ['one key twice', `${head}cluster: other\nchanges: []\n`, '4:1 "cluster" is said twice here'],
    ['a tab', `${head}changes:\n\t- do: startup\n`, '5:1 Lines are indented by spaces'],
    ['an alias', `${head}changes: *a\n`, '4:10 An alias'],
    ['a cyclic alias', `${head}changes: &a\n  - *a\n`, '4:10 An anchor'],
    ['a tag', `${head}changes: !!js/function 'x'\n`, '4:10 A tag'],
    ['a directive', `%YAML 1.1\n---\n${head}changes: []\n`, '1:1 A directive'],
    ['two documents', `${head}changes: []\n---\na: b\n`, '5:1 A draft is one document'],
    [
      'a key of every object',
      `${head}__proto__: { x: 1 }\nchanges: []\n`,
      '4:1 A field can not be called "__proto__".',
    ],
    ['a name of every object', `${head}constructor: 1\nchanges: []\n`, '4:1 "constructor" is no field'],
    ['a merge key', `${head}<<: { x: 1 }\nchanges: []\n`, '4:1 "<<" is no field'],
    ['a key that is no text', `${head}1: x\nchanges: []\n`, '4:1 The name of a field is a text'],
    [
      'a bracket that is not closed',
      `${head}changes: [\n`,
      '5:1 This line is not indented like those that it belongs to, or a bracket',
    ],
  ])('%s', (_what, text, first) => {
    expect(problemsOf(text)[0]).toContain(first);
  });

  it('tells all that is wrong at once', () => {
    const text = `${head}changes:\n  - do: startpu\n  - do: grow\n    instanc: web1\n    disk: x\n    size: 5X\n  - do: startup\n`;
    expect(problemsOf(text).map((each) => each.split(' ')[0])).toEqual([
      '5:9',
      '6:5',
      '8:11',
      '9:11',
      '7:5',
      '10:5',
    ]);
  });
});

const most = 2 ** 20 - 100;
const until = (part: string): string => part.repeat(Math.ceil(most / part.length)).slice(0, most);

describe('files that are made to be too much', () => {
  it.each([
    ['more than 1 MiB', 'x'.repeat(2 ** 20 + 1)],
    ...[
      '[',
      '{',
      '- ',
      '? ',
      'a: ',
      '#\n',
      '\n',
      '"',
      "'",
      '!',
      ':',
      '---\n',
      '%',
      '\r',
      '\0',
      '\t',
      ']\n',
      'a: b: c\n',
      '- a\n',
      '\\',
      '|\n a\n',
      '\uFEFF',
      '&a ',
      '*a ',
    ].map((part): [string, string] => [`only ${JSON.stringify(part)}`, until(part)]),
    ['lists in brackets', `[${until(',')}`],
    ['a text without an end', `"${until('\n')}`],
    ['many keys', Array.from({ length: 90_000 }, (_, index) => `k${index}: 1\n`).join('')],
    [
      'a bomb of aliases',
      Array.from(
        { length: 30 },
        (_, index) => `a${index}: &a${index} [*a${index - 1}, *a${index - 1}]\n`,
      ).join(''),
    ],
    ['many changes', `${head}changes:\n${'  - { do: startup, instance: web1 }\n'.repeat(201)}`],
  ])('%s', (_what, text) => {
    const read = readDraft(text);
    expect(read.ok).toBe(false);
    if (!read.ok) {
      expect(read.problems.length).toBeGreaterThan(0);
      expect(read.problems.length).toBeLessThanOrEqual(50);
    }
  });
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...words.map((word) => `  - do: ${word.do}\n`)),
        fc.constantFrom(
          '    instance: web1\n',
          '    disks: [{ size: 5G }]\n',
          '    guest: {\n',
          '  - ',
          '  - *a\n',
          '\t',
          '    ? x\n',
          ': ',
          '    size: .nan\n',
          '    plan:\n      - node1: x\n',
          '    applied: ~\n',
          '    id: c1\n',
          '  # x\n',
          '"',
          "'",
          '|\n',
          '\u2028',
          '\uD800',
        ),
      ),
      { maxLength: 20 },
    )
    .map((parts) => `${head}changes:\n${parts.join('')}`),
);

describe('whatever the text is', () => {
  it('it is a draft, or has problems that stand in it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const read = readDraft(text);
        if (read.ok) return;
        const lines = text.split('\n');
        expect(read.problems.length).toBeGreaterThan(0);
        for (const { line, column, message } of read.problems) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
          expect(message).toMatch(/[.?!…]$/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('takes numbers in plain digits', () => {
    for (const [size, bytes] of [
      ['16', 16],
      ['1.5', 1.5],
      ['"010"', 10],
    ] as const)
      expect(
        readDraft(`${head}changes:\n  - { do: grow, instance: a, disk: 0, size: ${size} }\n`),
      ).toMatchObject({ ok: true, draft: { changes: [{ intent: { size: bytes * 2 ** 20 } }] } });
  });

  it('a new draft is one', () => {
    for (const cluster of ['lab', '12', 'yes', 'a: b', '#', 'null', 'true', '~', '1e3', '0x1f', '- x', '"']) {
      const read = readDraft(newDraft(cluster));
      expect(read).toEqual({ ok: true, draft: { cluster, base: null, changes: [] } });
    }
  });
});
