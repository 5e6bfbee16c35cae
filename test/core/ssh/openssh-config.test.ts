import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  expandSshPath,
  isHostName,
  isUserName,
  parseHostSpecification,
  parseOpensshConfig,
} from '../../../core/ssh/openssh-config.ts';

test('reads what ssh -G prints', () => {
  const text = [
    'host web',
    'user root',
    'hostname 10.0.0.7',
    'port 2222',
    'addressfamily inet',
    'identitiesonly yes',
    'stricthostkeychecking ask',
    'identityagent none',
    'hostkeyalias web-alias',
    'identityfile ~/.ssh/one key',
    'identityfile ~/.ssh/two',
    'globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2',
    'userknownhostsfile none',
    'connecttimeout 5',
    'proxyjump admin@gate:2200,inner',
    'proxycommand none',
    'somethingnew yes',
    '',
  ].join('\n');
  expect(parseOpensshConfig(text)).toEqual({
    hostName: '10.0.0.7',
    port: 2222,
    user: 'root',
    addressFamily: 'inet',
    identitiesOnly: true,
    forwardAgent: false,
    identityAgent: 'none',
    identityFiles: ['~/.ssh/one key', '~/.ssh/two'],
    hostKeyAlias: 'web-alias',
    strictHostKeyChecking: 'ask',
    connectTimeout: 5,
    proxyJump: ['admin@gate:2200', 'inner'],
    userKnownHostsFiles: [],
    globalKnownHostsFiles: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
  });
});

test.each([
  ['gate', { host: 'gate' }],
  ['gate:2200', { host: 'gate', port: 2200 }],
  ['admin@gate:2200', { host: 'gate', port: 2200, user: 'admin' }],
  ['admin@[fe80::1%eth0]:22', { host: 'fe80::1%eth0', port: 22, user: 'admin' }],
  ['[::1]', { host: '::1' }],
  ['::1', { host: '::1' }],
  ['ssh://admin@gate:2200', { host: 'gate', port: 2200, user: 'admin' }],
  ['DOMAIN\\admin@gate', { host: 'gate', user: 'DOMAIN\\admin' }],
  ['-oProxyCommand=x', undefined],
  ['admin@-x', undefined],
  ['-x@gate', undefined],
  ['gate:0', undefined],
  ['gate:70000', undefined],
  ['gate;reboot', undefined],
  ['', undefined],
])('%s', (text, expected) => {
  expect(parseHostSpecification(text)).toEqual(expected);
});

test('names that pass are harmless as arguments', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 12 }), (text) => {
      if (isHostName(text) || isUserName(text)) expect(text).toMatch(/^[A-Za-z0-9_.:%@+\\$-]+$/);
      if (isHostName(text) || isUserName(text)) expect(text.startsWith('-')).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test('expands names of files as OpenSSH does', () => {
  const tokens = {
    home: '/home/me',
    host: '10.0.0.7',
    port: 22,
    alias: 'web',
    remoteUser: 'root',
    localUser: 'me',
    environment: { KEYS: '/keys' },
  };
  expect(expandSshPath('~/.ssh/%h-%n-%p-%r-%u-%%-%d-%Z', tokens)).toBe(
    '/home/me/.ssh/10.0.0.7-web-22-root-me-%-/home/me-%Z',
  );
  expect(expandSshPath('${KEYS}/a ${NONE}', tokens)).toBe('/keys/a ${NONE}');
  expect(expandSshPath('/a/~/b', tokens)).toBe('/a/~/b');
});
