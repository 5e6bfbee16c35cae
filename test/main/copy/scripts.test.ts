/** The scripts of a stream: sound shell text, and nothing gets into them but what is meant. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  endStream,
  findWay,
  introduce,
  noteProof,
  noteSourceProof,
  preparePartial,
  receiveStream,
  sendStream,
  stateOfSource,
  streamMark,
  surveyPartial,
  surveySource,
} from '../../../main/node/copy-scripts.ts';
import { prelude } from '../../../main/node/prelude.ts';
import { copyOf } from './support.ts';

const path = "/srv/ganeti/file-storage/it's/s d'a $(x)";
const copy = { ...copyOf(4096), from: { node: 'node1', path }, to: { node: 'node2', path } };
const mark = streamMark('r1', '7');
const proved = { hash: 'a'.repeat(64), state: '4096 2049:12 1795656792.916809110 1795656792.916809110' };
const bootId = '18cbadb5-369d-4834-99ab-bf11dfd7925b';

const scripts: Record<string, string> = {
  surveySource: surveySource(mark, 'r1', copy),
  'surveySource of another type': surveySource(mark, 'r1', { ...copy, size: null, type: 'vmdk' }),
  stateOfSource: stateOfSource(copy),
  preparePartial: preparePartial('r1', copy, 4096),
  surveyPartial: surveyPartial(mark, 'r1', copy),
  receiveStream: receiveStream(mark, 'r1', copy),
  'sendStream through the workstation': sendStream(mark, 'r1', copy, { kind: 'workstation' }),
  'sendStream on the node': sendStream(mark, 'r1', copy, { kind: 'same-node' }),
  'sendStream straight': sendStream(mark, 'r1', copy, { kind: 'straight', peer: 'node2' }),
  noteProof: noteProof('r1', copy, proved),
  noteSourceProof: noteSourceProof('r1', copy, proved),
  endStream: endStream(mark),
  introduce,
  findWay: findWay(bootId, ['node2', 'fd00::2']),
};

/** What runs in the end: a marked script is one word of another one. */
const inner = (script: string): string[] => {
  const found = /^exec env VBDESK_COPY='[^']*' \/bin\/sh -c '(.*)'\n$/s.exec(script)?.[1];
  return found === undefined ? [script] : [found.replaceAll(`'\\''`, `'`)];
};

describe.each(Object.entries(scripts))('%s', (_name, script) => {
  test('pleases shellcheck, and dash', () => {
    for (const text of inner(script)) {
      const result = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2016,SC2015,SC2034,SC1003', '-'], {
        input: text.startsWith('R=') ? text : `${prelude}\n${text}`,
        encoding: 'utf8',
      });
      expect(result.stdout).toBe('');
      expect(result.status).toBe(0);
      expect(spawnSync('dash', ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
    }
  });
});

test('what no planner makes never gets near a shell', () => {
  const to = (made: string) => ({ ...copy, to: { node: 'node2', path: made } });
  for (const made of ['/etc/passwd', 'sda', '/srv/../etc/x', '/srv/a\nb/c', '/x'])
    expect(() => preparePartial('r1', to(made), 1)).toThrow();
  expect(() => streamMark('r1; rm', '7')).toThrow();
  expect(() => preparePartial('r1; rm', copy, 1)).toThrow();
  expect(() => noteProof('r1', copy, { ...proved, hash: 'x' })).toThrow();
  expect(() => noteProof('r1', copy, { ...proved, state: '$(x)' })).toThrow();
  expect(() => findWay('$(x)', [])).toThrow();
});
