/** Consents that are given to one of several instances. */
import { expect, test } from 'vitest';
import type { Plan } from '../../core/plan/plan.ts';
import { consentsFor, readAccepted } from '../../main/cli/import-accept.ts';

const asking = (name: string, ...codes: string[]): { name: string; plan: Pick<Plan, 'reasons'> } => ({
  name,
  plan: { reasons: codes.map((code) => ({ code, severity: 'consent', title: code, text: code })) },
});
const plans = [asking('web1', 'starts', 'purge:web1'), asking('web2', 'starts'), asking('web3')];
const names = plans.map((each) => each.name);
const given = (words: string[], all: string[] = []) => {
  const made = consentsFor(readAccepted(words, all, names), plans);
  return { ...made, given: Object.fromEntries(made.given) };
};

test('a code alone counts where one alone asks for it, and for none where several do', () => {
  expect(given(['purge:web1'])).toEqual({
    given: { web1: ['purge:web1'], web2: [], web3: [] },
    unclear: [],
    needless: [],
  });
  expect(given(['starts'])).toEqual({
    given: { web1: [], web2: [], web3: [] },
    unclear: [{ code: 'starts', names: ['web1', 'web2'] }],
    needless: [],
  });
});

test('a named one counts for that one; a code alone beside it is no word for the other', () => {
  expect(given(['web1:starts', 'web1:purge:web1'])).toMatchObject({
    given: { web1: ['starts', 'purge:web1'], web2: [] },
    unclear: [],
  });
  expect(given(['web1:starts', 'starts'])).toMatchObject({
    given: { web1: ['starts'], web2: [] },
    unclear: [{ code: 'starts', names: ['web2'] }],
  });
});

test('for all is said as such; what nobody asks for is told', () => {
  expect(given(['web3:starts', 'web9:starts', 'other'], ['starts', 'nothing'])).toEqual({
    given: {
      web1: ['starts', 'nothing'],
      web2: ['starts', 'nothing'],
      web3: ['starts', 'nothing', 'starts'],
    },
    unclear: [],
    needless: ['--accept-all nothing', '--accept web3:starts', '--accept web9:starts', '--accept other'],
  });
});
