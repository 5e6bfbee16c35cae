import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FILE_TYPES, FOREIGN_FILE_TYPES } from '../../../core/storage/file-types.ts';
import { keptName, parseKeptName } from '../../../core/storage/kept-names.ts';

test('a kept file tells what it was, of which type, and by which run', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/),
      fc.constantFrom('before' as const, 'removed' as const),
      fc.stringMatching(/^[a-z0-9]{1,16}$/),
      fc.constantFrom(...FILE_TYPES, ...FOREIGN_FILE_TYPES),
      (image, why, run, type) => {
        expect(parseKeptName(keptName(image, why, run, type))).toEqual({ image, why, run, type });
      },
    ),
  );
});

test('a name that an older VBDesk gave tells no type; what is only like one is no kept file', () => {
  expect(parseKeptName('sda.before-r1')).toEqual({ image: 'sda', why: 'before', run: 'r1', type: null });
  for (const name of [
    'sda',
    'sda.before-',
    'sda.before-r1.',
    'sda.before-r1.iso',
    'sda.removed-R1',
    '.removed-r1',
  ])
    expect(parseKeptName(name), name).toBeNull();
});
