import fc from 'fast-check';
import { expect, test } from 'vitest';
import { removeSetting, setSetting } from '../../../core/xen/config-edit.ts';
import { isTakenByXl } from '../../../core/xen/config-problems.ts';
import {
  type ConfigTree,
  getSetting,
  keysOf,
  parseConfig,
  printConfig,
} from '../../../core/xen/config-syntax.ts';
import { numberOf, type PlainValue, quoteText, sameValue } from '../../../core/xen/config-values.ts';

function tree(text: string): ConfigTree {
  const result = parseConfig(text);
  if (!result.ok) throw new Error(`${result.error.message} (${result.error.line}:${result.error.column})`);
  return result.tree;
}

const example = `# A guest
name = 'web1' ; memory = 512\t# after
vcpus=0x2
uuid = "18cbadb5-369d-4834-99ab-bf11dfd7925b"

disk = [ 'file:/srv/a,sda,w', # the root
    "phy:/dev/vg/b,sdb,r",   # data
]
cpus = [ [0, 1], ["2", 010], ]
extra = "root=/dev/xvda1"
extra += ' ro'
vif += ['mac=00:16:3e:00:00:01']
vif += ['']
unknown_key = "\\"it's\\" \\\\ fine"
`;

test('every part of the grammar is read', () => {
  const config = tree(example);
  expect(printConfig(config)).toBe(example);
  expect(keysOf(config)).toEqual([
    'name',
    'memory',
    'vcpus',
    'uuid',
    'disk',
    'cpus',
    'extra',
    'vif',
    'unknown_key',
  ]);
  expect(getSetting(config, 'name')).toBe('web1');
  expect(getSetting(config, 'memory')).toBe(512);
  expect(getSetting(config, 'vcpus')).toBe(2);
  expect(getSetting(config, 'disk')).toEqual(['file:/srv/a,sda,w', 'phy:/dev/vg/b,sdb,r']);
  expect(getSetting(config, 'cpus')).toEqual([
    [0, 1],
    ['2', 8],
  ]);
  expect(getSetting(config, 'extra')).toBe('root=/dev/xvda1 ro');
  expect(getSetting(config, 'vif')).toEqual(['mac=00:16:3e:00:00:01', '']);
  expect(getSetting(config, 'unknown_key')).toBe('"it\'s" \\ fine');
  expect(getSetting(config, 'absent')).toBeUndefined();
  expect(config.settings[2]).toMatchObject({ key: 'vcpus', line: 3, column: 1 });
});

test('the last assignment counts', () => {
  expect(getSetting(tree('a = 1\na += 2\na = 3\na += 4'), 'a')).toBe('34');
});

test('carriage returns are read, kept and warned of', () => {
  const text = 'name = "a"\r\nmemory = 5\r\ndisk = [\r\n  "x",\r\n]\r\n';
  const config = tree(text);
  expect(printConfig(config)).toBe(text);
  expect(config.warnings).toMatchObject([{ line: 1, column: 11 }]);
  expect(setSetting(config, 'disk', ['x', 'y']).text).toBe(
    'name = "a"\r\nmemory = 5\r\ndisk = [\r\n  "x",\r\n  "y",\r\n]\r\n',
  );
  expect(tree('a = 1 # no newline').warnings).toHaveLength(1);
});

test.each([
  ['name = "bad\nmemory = 3', 1, 8],
  ['memory = = 3', 1, 10],
  ['memory 3', 1, 8],
  ['memory =\n3', 1, 9],
  ['a = [1 2]', 1, 8],
  ['a = [,]', 1, 6],
  ['a = [1,,2]', 1, 8],
  ['a = [1', 1, 7],
  ['a = 1 b = 2', 1, 7],
  ['\n\nName = 1', 3, 1],
  ['a = -1', 1, 5],
  ['a = [1; 2]', 1, 7],
  ['a = "\\q"', 1, 6],
  ['a = "\\07"', 1, 6],
  ['"\n', 1, 1],
  ['a = "\\x41"', 1, 6],
  ['a = 1\na += [2]', 2, 1],
  ['= 1', 1, 1],
  ['5 = 1', 1, 1],
  ['a = b', 1, 5],
  ['a = 1 + 2', 1, 7],
  ['a\r= 1', 1, 2],
])('%j is a mistake at line %d column %d', (text, line, column) => {
  expect(parseConfig(text)).toMatchObject({ ok: false, error: { line, column } });
});

test('xl and its scanner are taken at their word', () => {
  // A character by its number is read and left out; at the very end one character may stand that xl does not see.
  expect(getSetting(tree('a = "x\\012y\\0 12z"'), 'a')).toBe('xyz');
  expect(tree('a = "x\\012"').warnings).toMatchObject([{ line: 1, column: 7, refused: false }]);
  for (const end of ['"', "'", '\\', '(', 'A', '\0', '\u001a']) {
    const config = tree(`a = 1\n${end}`);
    expect(printConfig(config)).toBe(`a = 1\n${end}`);
    expect(getSetting(config, 'a')).toBe(1);
    expect(config.warnings).toMatchObject([{ line: 2, column: 1, refused: false }]);
    expect(setSetting(config, 'a', 2).text).toBe(`a = 2\n${end}`);
    expect(getSetting(setSetting(config, 'b', 3), 'b')).toBe(3);
  }
  expect(tree('a = "\0"').warnings).toMatchObject([{ refused: true }]);
  expect(tree('a = 1 #').warnings).toEqual([]);
  expect(tree('# a comment\r\na = 1 # another\r\n').warnings).toEqual([]);
  expect(tree('a = 1\r\n').warnings).toMatchObject([{ line: 1, column: 6, refused: true }]);
});

test('an edit touches only its own tokens', () => {
  const config = tree(example);
  expect(setSetting(config, 'memory', 1024).text).toBe(example.replace('512', '1024'));
  expect(setSetting(config, 'name', 'web2').text).toBe(example.replace("'web1'", "'web2'"));
  expect(setSetting(config, 'memory', 512)).toBe(config);
  expect(setSetting(config, 'vcpus', '2')).toBe(config);
  expect(setSetting(config, 'maxmem', 2048).text).toBe(`${example}maxmem = 2048\n`);
  expect(setSetting(config, 'extra', 'x').text).toBe(
    example.replace('"root=/dev/xvda1"', '"x"').replace("extra += ' ro'\n", ''),
  );
  expect(setSetting(tree('a = 1'), 'b', 'x').text).toBe('a = 1\nb = "x"\n');
  expect(setSetting(tree("memory = '512'"), 'memory', 64).text).toBe("memory = '64'");
});

test('items of a list come and go between comments', () => {
  const config = tree(example);
  const [one, two] = ['file:/srv/a,sda,w', 'phy:/dev/vg/b,sdb,r'];
  const set = (value: PlainValue) => setSetting(config, 'disk', value).text;
  expect(set([one ?? '', 'new'])).toBe(example.replace('"phy:/dev/vg/b,sdb,r"', '"new"'));
  expect(set([one ?? ''])).toBe(example.replace('    "phy:/dev/vg/b,sdb,r",   # data', '       # data'));
  expect(set([two ?? ''])).toBe(example.replace("'file:/srv/a,sda,w', # the root", ' # the root'));
  expect(set([one ?? '', two ?? '', 'c'])).toBe(
    example.replace('sdb,r",   # data', "sdb,r\", 'c',   # data"),
  );
  const plain = tree("disk = ['a', 'b', 'c']");
  const next = (value: PlainValue) => setSetting(plain, 'disk', value).text;
  expect(next(['a'])).toBe("disk = ['a']");
  expect(next(['b', 'c'])).toBe("disk = ['b', 'c']");
  expect(next(['a', 'c'])).toBe("disk = ['a', 'c']");
  expect(next(['a', 'x', 'b', 'c'])).toBe("disk = ['a', 'x', 'b', 'c']");
  expect(next(['a', 'b', 'c', 'd'])).toBe("disk = ['a', 'b', 'c', 'd']");
  expect(next([])).toBe('disk = []');
  const noted = "disk = [ # root\n  'a', # data\n  'b' # more\n]\n";
  expect(setSetting(tree(noted), 'disk', []).text).toBe('disk = [ # root\n   # data\n   # more\n]\n');
  expect(setSetting(tree('disk = [ # none yet\n]\n'), 'disk', ['a', 'b']).text).toBe(
    'disk = [ # none yet\n    "a",\n    "b",\n]\n',
  );
});

test('a removed key takes its line along, but no comment and no neighbour', () => {
  const config = tree(example);
  expect(removeSetting(config, 'vcpus').text).toBe(example.replace('vcpus=0x2\n', ''));
  expect(removeSetting(config, 'memory').text).toBe(example.replace('memory = 512\t', ''));
  expect(removeSetting(config, 'name').text).toBe(example.replace("name = 'web1' ; ", ''));
  expect(removeSetting(config, 'vif').text).not.toContain('vif');
  expect(removeSetting(config, 'absent')).toBe(config);
});

test('nothing breaks out of quotes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme-composite', maxLength: 30 }),
      fc.constantFrom<'"' | "'">('"', "'"),
      (text, quote) => {
        let quoted: string;
        try {
          quoted = quoteText(text, quote);
        } catch {
          return;
        }
        expect(getSetting(tree(`a = ${quoted}\nb = 1\n`), 'a')).toBe(text);
      },
    ),
  );
  expect(() => quoteText('a\nb')).toThrow(RangeError);
});

test('numbers as xl sees them', () => {
  expect(['0', '10', '010', '0x1f', '08', '12ab', '0x', '99999999999999999999', ''].map(numberOf)).toEqual([
    0,
    10,
    8,
    31,
    null,
    null,
    null,
    null,
    null,
  ]);
});

const key = fc.constantFrom('name', 'memory', 'disk', 'a', 'b_1', 'vif');
const space = fc.constantFrom('', ' ', '\t', '  ');
const lines = fc.constantFrom('', '\n', ' # note\n', '\r\n  ', '\n\n');
const atom = fc.oneof(
  fc.constantFrom("'x'", '"it\'s"', "'a \\\\ \\' b'", '5', '0x1f', '010', "''", '"#;[]"'),
  fc
    .string({ unit: fc.constantFrom('a', 'Z', ' ', '#', ';', '[', ',', 'é'), maxLength: 8 })
    .map((text) => `"${text}"`),
);
const { value: validValue } = fc.letrec<{ value: string; list: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, atom, tie('list')),
  list: fc
    .tuple(lines, fc.array(fc.tuple(lines, tie('value'), lines), { maxLength: 4 }), fc.boolean())
    .map(([before, items, comma]) => {
      const inner = items.map((parts) => parts.join('')).join(',');
      return `[${before}${inner}${comma && items.length > 0 ? ',' : ''}]`;
    }),
}));
const statement = fc.oneof(
  fc.tuple(key, space, fc.constant('='), space, validValue, space).map((parts) => parts.join('')),
  fc.constantFrom('', ' ', '# a comment'),
);
const ending = fc.constantFrom('\n', '\r\n', ';', '\n# c\n');
const validText = fc
  .array(fc.tuple(statement, ending), { maxLength: 8 })
  .map((parts) => parts.map(([line, end]) => (line === '# a comment' ? `${line}\n` : line + end)).join(''));

const plain: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.nat(5000),
  fc.string({ unit: fc.constantFrom('a', ' ', '"', "'", '\\', '#', ';', ']', ','), maxLength: 6 }),
  fc.array(fc.oneof(fc.nat(9), fc.constantFrom('x', 'y', "it's"), fc.array(fc.nat(3), { maxLength: 2 })), {
    maxLength: 5,
  }),
);

test('an edit gives the key its value and no other key another', () => {
  fc.assert(
    fc.property(validText, key, plain, (text, edited, value) => {
      const before = tree(text);
      const after = setSetting(before, edited, value);
      expect(sameValue(getSetting(after, edited) ?? 'absent', value)).toBe(true);
      const removed = removeSetting(before, edited);
      expect(getSetting(removed, edited)).toBeUndefined();
      for (const other of keysOf(before)) {
        if (other === edited) continue;
        expect(getSetting(after, other)).toEqual(getSetting(before, other));
        expect(getSetting(removed, other)).toEqual(getSetting(before, other));
      }
      const comments = (config: ConfigTree) =>
        config.tokens.filter((token) => token.kind === 'comment').length;
      // a list within a list is a value, and goes as one; so does a list that becomes a text, or that += went on with
      const own = before.settings.filter((setting) => setting.key === edited);
      const whole = own.some(({ value: node }) =>
        node.kind === 'list' ? node.items.some((item) => item.kind === 'list') : false,
      );
      const isList = own.some(({ value: node }) => node.kind === 'list');
      if (!isList || (Array.isArray(value) && !whole && own.length === 1))
        expect(comments(after)).toBe(comments(before));
    }),
    { numRuns: 1500 },
  );
});

test('what xl takes it takes after an edit, whatever ends the lines', () => {
  const crlf = '# by hand\r\nname = "a" # mine\r\nkernel = "/k"\ndisk = [ # none\r\n]\n';
  expect(isTakenByXl(crlf)).toBe(true);
  expect(setSetting(tree(crlf), 'memory', 5).text).toBe(`${crlf}memory = 5\n`);
  const text = fc
    .tuple(validText, fc.constantFrom('', '#', 'x_y = 1 #', '\0', '(', '# c\r\n', 'x_y = [ # c\r\n ]\n'))
    .map((parts) => `name = "a"\nkernel = "/k"\n${parts.join('')}`);
  let edits = 0;
  fc.assert(
    fc.property(text, fc.constantFrom('x_y', 'x_z', 'root'), plain, (before, edited, value) => {
      if (!parseConfig(before).ok || !isTakenByXl(before)) return;
      edits += 1;
      expect(isTakenByXl(setSetting(tree(before), edited, value).text)).toBe(true);
    }),
    { numRuns: 2000 },
  );
  expect(edits).toBeGreaterThan(100);
});

/** Text cut, doubled or with something foreign in it, once or several times. */
const damaged = fc
  .tuple(
    validText,
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(4),
        fc.constantFrom(
          ...['', '"', "'", '[', ']', '\\', '=', ',', ';', '\0', '\r', '\n', '-', 'A', '+=', '\u2028'],
        ),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([text, wounds]) =>
    wounds.reduce((before, [start, length, junk]) => {
      const at = start % (before.length + 1);
      return before.slice(0, at) + junk + before.slice(at + length);
    }, text),
  );
const noise = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'ab=[],;#\'"\\\n\r\t +05xé\0'), maxLength: 60, size: 'max' }),
  fc.string({ unit: 'binary', maxLength: 40, size: 'max' }),
);

/** Text is read and comes back byte for byte, or the mistake has a sentence and a place within the text. */
const holds = (text: string): boolean => {
  const result = parseConfig(text);
  if (result.ok) return printConfig(result.tree) === text;
  const { offset, line, column, message } = result.error;
  const lines = text.slice(0, offset).split('\n');
  return (
    offset <= text.length &&
    line === lines.length &&
    column === (lines.at(-1)?.length ?? 0) + 1 &&
    /^\S.*\.$/su.test(message)
  );
};

// Together 100,000 inputs.
test('generated text is read and comes back byte for byte', () => {
  fc.assert(
    fc.property(validText, (text) => printConfig(tree(text)) === text),
    { numRuns: 20_000 },
  );
});

test.each([
  ['damaged text', damaged, 40_000],
  ['noise', noise, 40_000],
])('%s comes back byte for byte or is refused at its place, without a crash', (_, arbitrary, numRuns) => {
  fc.assert(fc.property(arbitrary, holds), { numRuns });
});

test('text made to cost time or stack does not', () => {
  const started = performance.now();
  expect(parseConfig(`a = ${'['.repeat(100_000)}`).ok).toBe(false);
  expect(parseConfig('a = 1\n'.repeat(20_000)).ok).toBe(true);
  expect(parseConfig(`a = "${'\\'.repeat(100_001)}`).ok).toBe(false);
  expect(parseConfig(`a = [${'1,'.repeat(50_000)}]`).ok).toBe(true);
  expect(performance.now() - started).toBeLessThan(5000);
});
