/** What is known of a node before it has answered: nothing, and nothing is guessed. */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ClusterSession } from '../../../main/desk/cluster-session.ts';
import { emptyRoot, inside, run, shim } from '../node/support.ts';

const list = `cat <<'E'
Name                                        ID   Mem VCPUs      State   Time(s)
Domain-0                                     0  1024     4     r-----     131.5
E`;
const long = `cat <<'E'
(domain
    (domid 0)
    (name Domain-0)
    (state r-----)
    (uuid 00000000-0000-0000-0000-000000000000)
)
E`;

describe('the toolstack of a node', () => {
  test('that has never answered is asked for, and never taken to be xl', async () => {
    const root = emptyRoot();
    shim(root, 'xm', `case "$*" in 'list -l') ${long}\n;; list*) ${list}\n;; esac`);
    let isThere = false;
    let asked = 0;
    const session = new ClusterSession({
      cluster: {
        version: 1,
        name: 'c',
        uuid: '18cbadb5-369d-4834-99ab-bf11dfd7925b',
        kind: 'real',
        nodes: [{ name: 'node1', target: { host: 'node1' } }],
        storageDirectories: ['/srv/vm'],
        hostKeys: 'strict',
      },
      connect: () => ({
        state: 'ready',
        onState: () => () => undefined,
        run: async (script) => {
          asked += 1;
          if (!isThere) throw new Error('no way there');
          const { code, stdout, err } = await run(root, script);
          return { code, stdout, stderr: Buffer.from(err), truncated: false };
        },
        stream: () => {
          throw new Error('not asked for here');
        },
        close: async () => undefined,
      }),
      remembered: null,
      onSnapshot: () => undefined,
      onMembers: () => undefined,
    });
    expect(() => session.toolstack('node1')).toThrow(/not known whether it has xl or xm/);
    await session.ask(['node1']);
    expect(() => session.toolstack('node1')).toThrow(/no way there/);
    isThere = true;
    await session.ask(['node1']);
    expect(session.toolstack('node1')).toBe('xm');
    // one that is known is not asked again, also when it is gone
    rmSync(inside(root, '/bin/xm'));
    await session.ask(['node1']);
    expect([session.toolstack('node1'), asked]).toEqual(['xm', 2]);
    await session.close();
  });
});
