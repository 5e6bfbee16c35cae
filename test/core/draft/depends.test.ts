import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dependencies, type KnownInstance } from '../../../core/draft/depends.ts';
import { type Intent, intent } from '../../../core/plan/intent.ts';

const storage = '/srv/ganeti/file-storage';
const uuid = '6f0f6a9e-6a0f-4b39-9a55-0d5a2f9f4f01';
const known: KnownInstance[] = [
  { name: 'web1', uuid, folders: [`${storage}/web1`] },
  { name: 'db1', uuid: '6f0f6a9e-6a0f-4b39-9a55-0d5a2f9f4f02', folders: [`${storage}/db1`] },
];

const create = (name: string, more: { os?: string; import?: string; base?: string } = {}): Intent =>
  intent.parse({
    ...{ kind: 'create', name, primary: 'node1', secondary: null, storageDirectory: storage },
    ...{ driver: 'loop', reuse: false, nics: [], os: more.os ?? 'none', start: false },
    disks: [
      {
        ...{ size: 1 << 20, type: 'raw', mode: 'rw' },
        ...(more.import === undefined ? {} : { import: more.import }),
        ...(more.base === undefined ? {} : { base: more.base }),
      },
    ],
    guest: { type: 'pv', memoryMib: 128, vcpus: 1, kernel: '/boot/vmlinuz' },
  });
const start = (instance: string): Intent => ({ kind: 'start', instance });
// biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
const stop = (instance: string): Intent => ({ kind: 'stop', instance, timeoutSeconds: 60, then: 'leave' });
const remove = (instance: string): Intent => ({ kind: 'remove', instance, purge: false, timeoutSeconds: 60 });
const clone = (instance: string, name: string): Intent => ({
  kind: 'clone',
  instance,
  name,
  node: null,
  storageDirectory: null,
});
const rename = (instance: string, name: string): Intent => ({ kind: 'rename', instance, name });
const copy = (from: string, to: string): Intent => ({
  kind: 'copy-image',
  from: { node: 'node1', path: from },
  to: { node: 'node2', path: to },
});

/** On what the last of these changes rests, by the others' places. */
const restsOn = (...intents: Intent[]): number[] => {
  const found = dependencies(
    intents.map((each, index) => ({ id: `c${index}`, intent: each })),
    known,
  );
  return [...(found.get(`c${intents.length - 1}`) ?? [])].map((id) => Number(id.slice(1))).toSorted();
};

describe('dependencies', () => {
  it('holds for changes of one instance, however it is named', () => {
    expect(restsOn(stop('web1'), start('web1'))).toEqual([0]);
    expect(restsOn(stop('WEB1'), start(uuid))).toEqual([0]);
    expect(restsOn(stop('web1'), start('db1'))).toEqual([]);
  });

  it('holds for what an earlier change makes, under its new name as well', () => {
    expect(restsOn(create('web2'), start('web2'))).toEqual([0]);
    expect(restsOn(rename('web1', 'www'), start('www'))).toEqual([0]);
    expect(restsOn(clone('web1', 'web3'), start('web3'))).toEqual([0]);
    // the name has to come free first
    expect(restsOn(remove('web1'), create('web1'))).toEqual([0]);
  });

  it('goes through those between', () => {
    expect(
      restsOn(stop('web1'), clone('web1', 'web3'), start('db1'), rename('web3', 'www'), start('www')),
    ).toEqual([0, 1, 3]);
  });

  it('holds for bases, sources and templates that an earlier change makes, in an instance as well', () => {
    const image = `${storage}/images/base.qcow2`;
    expect(restsOn(copy('/srv/other/a.img', image), create('web2', { import: image }))).toEqual([0]);
    expect(restsOn(create('web2'), create('web3', { base: `${storage}/web2/sda` }))).toEqual([0]);
    expect(restsOn(stop('web1'), create('web2', { import: `${storage}/web1/sda` }))).toEqual([0]);
    expect(
      restsOn(
        copy('/srv/other/a.img', `${storage}/.templates/debian.img`),
        create('web2', { os: 'template:debian.img' }),
      ),
    ).toEqual([0]);
  });

  it('holds for what is taken away after it should have been read', () => {
    const image = `${storage}/images/base.img`;
    expect(
      restsOn(copy(image, '/srv/other/a.img'), { kind: 'remove-image', node: 'node1', path: image }),
    ).toEqual([0]);
    expect(
      restsOn(copy(image, '/srv/other/a.img'), {
        kind: 'remove-image',
        node: 'node1',
        path: `${storage}/images`,
      }),
    ).toEqual([0]);
    expect(restsOn(clone('web1', 'web3'), remove('web1'))).toEqual([0]);
  });

  it('does not hold for two that only read the same', () => {
    const os = 'template:debian.img';
    expect(restsOn(create('web2', { os }), create('web3', { os }))).toEqual([]);
    expect(restsOn(clone('web1', 'web3'), clone('web1', 'web4'))).toEqual([]);
  });

  it('holds for a removal and what is done with its name in the trash', () => {
    const trashName = 'web1.6f0f6a9e.20261126T140000Z';
    expect(
      restsOn(remove('db1'), remove('web1'), { kind: 'restore', storageDirectory: storage, trashName }),
    ).toEqual([1]);
  });

  it('holds for all that follows the settings of the cluster', () => {
    expect(restsOn({ kind: 'cluster-modify', templateDirectory: '/srv/templates' }, start('web1'))).toEqual([
      0,
    ]);
  });

  it('only ever looks back, and whoever rests on a change rests on what that rests on', () => {
    const name = fc.constantFrom('web1', 'db1', 'web2', 'web3');
    const any = fc.oneof(
      name.map(start),
      name.map(stop),
      name.map(remove),
      name.map((each) => create(each)),
      fc.tuple(name, name).map(([a, b]) => clone(a, b)),
      fc.tuple(name, name).map(([a, b]) => rename(a, b)),
    );
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), (intents) => {
        const ids = intents.map((_, index) => `c${index}`);
        const found = dependencies(
          intents.map((each, index) => ({ id: `c${index}`, intent: each })),
          known,
        );
        expect([...found.keys()]).toEqual(ids);
        for (const [id, on] of found)
          for (const each of on) {
            expect(ids.indexOf(each)).toBeLessThan(ids.indexOf(id));
            for (const further of found.get(each) ?? []) expect(on).toContain(further);
          }
        // two that name one instance always are in this order
        for (const [index, each] of intents.entries())
          for (const [earlier, other] of intents.slice(0, index).entries())
            if (
              'instance' in each &&
              'instance' in other &&
              each.instance === other.instance &&
              !(each.kind === 'clone' && other.kind === 'clone')
            )
              expect(found.get(`c${index}`)).toContain(`c${earlier}`);
      }),
    );
  });
});
