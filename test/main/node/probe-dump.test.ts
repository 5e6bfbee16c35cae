import { describe, expect, test } from 'vitest';
import { readDump } from '../../../main/node/probe-dump.ts';

describe('readDump', () => {
  const lengths: Record<string, number> = { a: 3, b: 2, c: 0, d: 4 };
  const read = (text: string) => readDump(Buffer.from(text), (path) => lengths[path] ?? null);
  const texts = (contents: Map<string, Buffer>) =>
    Object.fromEntries([...contents].map(([name, bytes]) => [name, bytes.toString()]));

  test('reads files of all sizes, from several calls of head', () => {
    const { contents, changed } = read(
      '==> ./a <==\nx\n=\n==> ./b <==\nyy==> ./c <==\n\n==> ./d <==\n\n\n\n\n',
    );
    expect(texts(contents)).toEqual({ a: 'x\n=', b: 'yy', c: '', d: '\n\n\n\n' });
    expect(changed).toEqual([]);
  });

  test('finds out a file that grew, shrank or came', () => {
    expect(texts(read('==> ./a <==\nxxxxx\n==> ./b <==\nyy').contents)).toEqual({ b: 'yy' });
    expect(read('==> ./a <==\nxxxxx\n==> ./b <==\nyy').changed).toEqual(['a']);
    expect(texts(read('==> ./a <==\n\n==> ./b <==\nyy').contents)).toEqual({ b: 'yy' });
    expect(texts(read('==> ./a <==\nxxx\n==> ./new <==\nzzz\n==> ./b <==\nyy').contents)).toEqual({
      a: 'xxx',
      b: 'yy',
    });
    expect(texts(read('==> ./a <==\nx').contents)).toEqual({});
  });
});
