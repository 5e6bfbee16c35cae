import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkedText } from '../../../core/storage/checked.ts';
import {
  generateMacAddress,
  validateBridgeName,
  validateClusterName,
  validateInstanceName,
  validateMacAddress,
  validateNodeName,
} from '../../../core/storage/names.ts';

const hostile = [
  '',
  ' ',
  'a b',
  'a;b',
  'a..b',
  '..',
  '.a',
  'a.',
  '-a',
  'a-',
  'a\nb',
  '$(id)',
  '`id`',
  'ä',
  'a/b',
  'a\0',
  'a:b',
  "a'b",
  'a,b',
  'a'.repeat(64),
  `${'a.'.repeat(130)}a`,
];

test.each(['web1', 'web1.example.org', 'instance2', 'a', 'Web_1', 'a--b', '3com', '10.0.0.1'])(
  'instance %s is allowed',
  (name) => {
    expect(validateInstanceName(name)).toEqual({ ok: true, value: name });
  },
);

test.each([
  ...hostile,
  'Domain-0',
  'domain-0',
  'web1--incoming',
  'web1--migratedaway',
  '12',
  'auto',
  'xl.conf',
])('instance %j is refused with what is allowed', (name) => {
  const outcome = validateInstanceName(name);
  expect(outcome.ok).toBe(false);
  if (!outcome.ok) expect(outcome.message).toContain('An instance is named like a host');
});

test.each(hostile)('node and cluster %j are refused', (name) => {
  expect(validateNodeName(name).ok).toBe(false);
  expect(validateClusterName(name).ok).toBe(false);
});

test('bridges are named like interfaces', () => {
  for (const name of ['xenbr0', 'br-lan', 'br0.5']) expect(validateBridgeName(name).ok).toBe(true);
  for (const name of ['', '-a', '.', 'a b', 'a/b', 'abcdefghijklmnop', 'a,b', 'a=b'])
    expect(validateBridgeName(name).ok, name).toBe(false);
});

test('MAC addresses', () => {
  expect(validateMacAddress('00:16:3E:12:AB:9f')).toEqual({ ok: true, value: '00:16:3e:12:ab:9f' });
  for (const bad of [
    '',
    '00:16:3e',
    '01:16:3e:00:00:00',
    '00:00:00:00:00:00',
    '00-16-3e-00-00-00',
    'ff:ff:ff:ff:ff:ff',
    '00:16:3e:12:ab:9g',
  ])
    expect(validateMacAddress(bad).ok, bad).toBe(false);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 3, maxLength: 6 }), (random) => {
      const mac = generateMacAddress(random);
      expect(mac.startsWith('00:16:3e:')).toBe(true);
      expect(validateMacAddress(mac)).toEqual({ ok: true, value: mac });
    }),
  );
  expect(() => generateMacAddress(new Uint8Array(2))).toThrow(RangeError);
});

test('an accepted name needs no quoting anywhere', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (name) => {
      const outcome = validateInstanceName(name);
      if (outcome.ok) expect(outcome.value).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
    }),
  );
});

test('checks make schemas that speak the same sentence', () => {
  const schema = checkedText(validateMacAddress);
  expect(schema.parse('00:16:3E:00:00:01')).toBe('00:16:3e:00:00:01');
  const failure = schema.safeParse('x');
  expect(failure.error?.issues[0]?.message).toContain('A MAC address is six pairs');
});
