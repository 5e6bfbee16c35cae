import { describe, expect, test } from 'vitest';
import { decideHostKeyTrust, orderHostKeyAlgorithms } from '../../../core/ssh/host-key-policy.ts';
import type { KnownHostEntry } from '../../../core/ssh/known-hosts.ts';

const presented = { type: 'ssh-ed25519', key: 'AAAA', fingerprint: 'SHA256:abc' };
const entry = (type: string, key: string, marker?: KnownHostEntry['marker']): KnownHostEntry => ({
  hosts: 'node1',
  type,
  key,
  line: 1,
  ...(marker === undefined ? {} : { marker }),
});
const same = entry('ssh-ed25519', 'AAAA');
const other = entry('ssh-ed25519', 'BBBB');
const otherType = entry('ssh-rsa', 'CCCC');
const revoked = entry('ssh-ed25519', 'AAAA', 'revoked');
const revokedOther = entry('ssh-ed25519', 'BBBB', 'revoked');
const authority = entry('ssh-ed25519', 'AAAA', 'cert-authority');

/** `trust`, `trust+keep`, `ask`, or `refuse: reason`. */
function verdict(request: Omit<Parameters<typeof decideHostKeyTrust>[0], 'presented'>): string {
  const decision = decideHostKeyTrust({ presented, ...request });
  if (decision.decision === 'trust') return decision.persist ? 'trust+keep' : 'trust';
  return decision.decision === 'ask' ? 'ask' : `refuse: ${decision.reason}`;
}

describe('decideHostKeyTrust', () => {
  test.each([
    // known entries, strict, ask, accept-new
    ['nothing known', [], 'refuse: unknown', 'ask', 'trust+keep'],
    ['the same key', [same], 'trust', 'trust', 'trust'],
    ['the same key among others', [other, otherType, same], 'trust', 'trust', 'trust'],
    ['another key of that type', [other], 'refuse: changed', 'refuse: changed', 'refuse: changed'],
    ['a key of another type', [otherType], 'refuse: unknown', 'ask', 'ask'],
    ['revoked', [revoked], 'refuse: revoked', 'refuse: revoked', 'refuse: revoked'],
    ['revoked and known', [same, revoked], 'refuse: revoked', 'refuse: revoked', 'refuse: revoked'],
    ['another one revoked', [revokedOther, same], 'trust', 'trust', 'trust'],
    ['only another one revoked', [revokedOther], 'refuse: unknown', 'ask', 'trust+keep'],
    ['only a certificate authority', [authority], 'refuse: unknown', 'ask', 'trust+keep'],
  ] as const)('%s', (_, known, strict, ask, acceptNew) => {
    expect(verdict({ known, mode: 'strict' })).toBe(strict);
    expect(verdict({ known, mode: 'ask' })).toBe(ask);
    expect(verdict({ known, mode: 'accept-new' })).toBe(acceptNew);
  });

  test('an entry without the port vouches, and never contradicts unless it revokes', () => {
    expect(verdict({ known: [], knownWithoutPort: [same], mode: 'strict' })).toBe('trust');
    expect(verdict({ known: [], knownWithoutPort: [other], mode: 'ask' })).toBe('ask');
    expect(verdict({ known: [other], knownWithoutPort: [same], mode: 'ask' })).toBe('refuse: changed');
    expect(verdict({ known: [same], knownWithoutPort: [revoked], mode: 'ask' })).toBe('refuse: revoked');
  });

  test('tells what stands against a key', () => {
    expect(decideHostKeyTrust({ presented, known: [other, otherType], mode: 'ask' })).toMatchObject({
      reason: 'changed',
      against: [other],
    });
    expect(decideHostKeyTrust({ presented, known: [otherType], mode: 'ask' })).toEqual({
      decision: 'ask',
      fingerprint: 'SHA256:abc',
      otherTypes: ['ssh-rsa'],
    });
  });
});

test('algorithms of known keys are offered first', () => {
  const supported = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'];
  expect(orderHostKeyAlgorithms(supported, [])).toEqual(supported);
  expect(orderHostKeyAlgorithms(supported, [otherType])).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-rsa',
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
  ]);
  expect(orderHostKeyAlgorithms(supported, [entry('sk-ssh-ed25519@openssh.com', 'X'), revoked])).toEqual(
    supported,
  );
});
