import { expect, test } from 'vitest';
import type { UndoStep } from '../../../core/plan/plan.ts';
import type { RunStep } from '../../../core/plan/run.ts';
import { freshEntry, guestAfterUndo } from '../../../main/engine/entries.ts';
import { folder, uuid } from './support.ts';

const nodes = ['node1'];
const back: UndoStep = {
  nodes,
  title: 'Let web1 run again',
  action: {
    do: 'put-back',
    uuid,
    name: 'web1',
    images: [`${folder}/sda`],
    config: `${folder}/xen.cfg`,
    configSum: null,
  },
};
const unlock: UndoStep = {
  nodes,
  title: 'Give the lock back',
  action: { do: 'unlock', folder, run: 'run1' },
};

const goOn: UndoStep = {
  nodes,
  title: 'Let web1 go on',
  action: { do: 'let-go-on', uuid, name: 'web1', images: [`${folder}/sda`] },
};
const look: UndoStep = {
  nodes: ['node2'],
  title: 'Make sure',
  action: { do: 'verdict', uuid, name: 'web1', images: [`${folder}/sda`] },
};

test.each<[string, UndoStep[], RunStep['state'][], number, string]>([
  ['nothing', [unlock], ['failed'], 0, 'nothing was started'],
  ['that the guest runs again', [back, unlock], ['done', 'failed'], 1, 'was let run again'],
  [
    'that it went on if it could, and that nothing was started',
    [goOn, look, back],
    ['done', 'failed', 'waiting'],
    1,
    'nothing was started; a guest that had not ended was let go on',
  ],
  ['neither while that is not known', [back, unlock], ['unknown', 'waiting'], 0, 'has to be looked at'],
])('a run that is stuck in taking back says of the guest: %s', (_title, actions, states, index, said) => {
  const undo = states.map((state, at) => ({ ...freshEntry(`u${at}.1`, '', nodes), state }));
  expect(guestAfterUndo({ undo }, actions, index)).toContain(said);
});
