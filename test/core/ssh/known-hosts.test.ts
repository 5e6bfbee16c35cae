import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findKnownHosts,
  formatKnownHost,
  knownHostName,
  matchesHostField,
  parseKnownHosts,
} from '../../../core/ssh/known-hosts.ts';

const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIEhOIGLFV7gnP4zX7bED1WTE2+HWbymwX6TOyYbedUOo';
const never = () => false;

describe('parseKnownHosts', () => {
  test('reads markers, hashed names, ports and comments, and keeps line numbers', () => {
    const text = [
      '# comment',
      '',
      `node1,10.0.0.1 ssh-ed25519 ${KEY} root@node1 of rack 2`,
      `\t[node1]:2222\tssh-ed25519\t${KEY}\r`,
      `@revoked * ssh-ed25519 ${KEY}`,
      `@cert-authority *.example.org ssh-ed25519 ${KEY}`,
      `|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 ${KEY}`,
    ].join('\n');
    const { entries, problems } = parseKnownHosts(text, 'known_hosts');
    expect(problems).toEqual([]);
    expect(entries.map(({ line, marker, hosts }) => [line, marker, hosts])).toEqual([
      [3, undefined, 'node1,10.0.0.1'],
      [4, undefined, '[node1]:2222'],
      [5, 'revoked', '*'],
      [6, 'cert-authority', '*.example.org'],
      [7, undefined, '|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg='],
    ]);
    expect(entries[0]?.comment).toBe('root@node1 of rack 2');
    expect(entries[0]?.file).toBe('known_hosts');
  });

  test('reports lines that it does not understand, and takes nothing from them', () => {
    const text = [
      'node1',
      'node1 ssh-ed25519',
      'node1 1024 35 1234567890',
      `@other node1 ssh-ed25519 ${KEY}`,
      'node1 ssh-ed25519 not*base64',
      `|2|abc|def ssh-ed25519 ${KEY}`,
      `node1 SSH! ${KEY}`,
    ].join('\n');
    const { entries, problems } = parseKnownHosts(text);
    expect(entries).toEqual([]);
    expect(problems.map((problem) => problem.line)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('takes any text without failing, and each line is an entry, a problem or nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const { entries, problems } = parseKnownHosts(text);
        const lines = [...entries, ...problems].map(({ line }) => line);
        expect(new Set(lines).size).toBe(lines.length);
        expect(lines.every((line) => line >= 1 && line <= text.split('\n').length)).toBe(true);
      }),
    );
  });

  test('reads back what it writes', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const hosts = fc.array(
      fc.oneof(
        word,
        word.map((host) => `*.${host}`),
        word.map((host) => `!${host}`),
        fc.tuple(word, fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => knownHostName(host, port)),
      ),
      { minLength: 1, maxLength: 4 },
    );
    const entry = fc.record(
      {
        marker: fc.constantFrom('revoked' as const, 'cert-authority' as const),
        hosts: hosts.map((names) => names.join(',')),
        type: fc.constantFrom('ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa', 'sk-ssh-ed25519@openssh.com'),
        key: fc
          .uint8Array({ minLength: 3, maxLength: 60 })
          .map((bytes) => Buffer.from(bytes).toString('base64')),
        comment: fc.stringMatching(/^[a-z@.]{1,9}( [a-z]{1,5})?$/),
      },
      { requiredKeys: ['hosts', 'type', 'key'] },
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        const parsed = parseKnownHosts(entries.map(formatKnownHost).join('\n'));
        expect(parsed.problems).toEqual([]);
        expect(parsed.entries).toEqual(entries.map((one, index) => ({ ...one, line: index + 1 })));
      }),
    );
  });
});

describe('matchesHostField', () => {
  test.each([
    ['node1', 'node1', true],
    ['NODE1', 'node1', true],
    ['node1', 'node10', false],
    ['node1,node2', 'node2', true],
    ['node?', 'node7', true],
    ['node?', 'node', false],
    ['*.example.org', 'a.example.org', true],
    ['*.example.org', 'example.org', false],
    ['*.example.org,!bad.example.org', 'bad.example.org', false],
    ['!bad.example.org,*.example.org', 'bad.example.org', false],
    ['!bad.example.org', 'good.example.org', false],
    ['*', '[node1]:2222', true],
    ['[node1]:2222', '[node1]:2222', true],
    ['node1', '[node1]:2222', false],
    ['[*]:2222', '[node1]:2222', true],
    ['n.de1', 'node1', false],
    ['', 'node1', false],
  ])('%s against %s: %s', (hosts, name, expected) => {
    expect(matchesHostField(hosts, name, never)).toBe(expected);
  });

  test('the wildcards agree with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (hosts, name) => {
        const expression = hosts.replaceAll('.', '\\.').replaceAll('?', '.').replaceAll('*', '.*');
        expect(matchesHostField(hosts, name, never)).toBe(new RegExp(`^${expression}$`).test(name));
      }),
      { numRuns: 1000 },
    );
  });

  test('a hashed name is left to the function that can hash', () => {
    const { entries } = parseKnownHosts(`|1|c2FsdA==|aGFzaA== ssh-ed25519 ${KEY}`);
    const asked: string[][] = [];
    const found = findKnownHosts(entries, '[node1]:2222', (...question) => asked.push(question) > 0);
    expect(found).toHaveLength(1);
    expect(asked).toEqual([['c2FsdA==', 'aGFzaA==', '[node1]:2222']]);
  });
});
