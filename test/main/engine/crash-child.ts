/**
 * A VBDesk that is about to die: starts many runs, each of which stops for ever at its own step, says "stalled" when all do, and
 * waits to be killed. Run by node with the file of its words as the only argument.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { approval, intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons } from '../../../core/plan/plan.ts';
import { seededRandom } from '../../../core/plan/random.ts';
import { Clusters } from '../../../main/desk/clusters.ts';
import { Connections } from '../../../main/desk/connections.ts';
import { Prompts } from '../../../main/desk/prompts.ts';
import { Engine } from '../../../main/engine/engine.ts';
import { Journal } from '../../../main/engine/journal.ts';
import { Library } from '../../../main/library/library.ts';

const words = z.strictObject({
  configDirectory: z.string(),
  cluster: z.string(),
  bootFiles: z.array(z.string()),
  /** runs that are worked on at the same time until they stall */
  atOnce: z.number(),
  works: z.array(
    z.strictObject({
      run: z.string(),
      intent,
      /** index of the step at which it stalls, forward */
      step: z.number(),
      /** nothing is sent for that step; or it is sent, and its answer never comes */
      mode: z.enum(['before', 'during']),
    }),
  ),
});
export type CrashWords = z.infer<typeof words>;

const given = words.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
const library = new Library(given.configDirectory);
const connections = new Connections(library, new Prompts(() => undefined), { binary: null, environment: {} });
const clusters = new Clusters({ library, connections, onSnapshot: () => undefined, onList: () => undefined });
const session = await clusters.session(given.cluster);
const snapshot = await session.refresh(given.bootFiles);

const stalled = new Map<string, () => void>();
const stall = (run: string): Promise<never> => {
  stalled.get(run)?.();
  return new Promise(() => undefined);
};
const engine = new Engine({
  journal: new Journal(library.file('runs')),
  access: async (run) => {
    const work = given.works.find((each) => each.run === run.id);
    const isCopy = run.plan.steps[work?.step ?? -1]?.action.do === 'copy-image';
    let streams = 0;
    const isHere = (): boolean => run.steps.findIndex((entry) => entry.state === 'running') === work?.step;
    return {
      toolstack: session.toolstack,
      shells: (node) => ({
        run: async (script, options) => {
          const here = isHere();
          if (here && work?.mode === 'before') return stall(run.id);
          const answer = await session.shells(node).run(script, options);
          return here && !isCopy ? stall(run.id) : answer;
        },
        stream: async (script, options) => {
          const shell = session.shells(node);
          if (!shell.stream) throw new Error(`the connection to ${node} carries no streams`);
          const answer = await shell.stream(script, options);
          streams += 1;
          // what was read is on its way then, or has arrived without a proof
          return isHere() && streams >= 3 ? stall(run.id) : answer;
        },
      }),
    };
  },
  onChange: (run) => {
    if (run.state === 'running') return;
    console.error(`run ${run.id} did not stall: ${run.state} ${run.problem}`);
    process.exit(1);
  },
});

const none = approval.parse({ accept: [], vouched: [] });
const waiting = [...given.works];
const worker = async (): Promise<void> => {
  for (let work = waiting.shift(); work; work = waiting.shift()) {
    const { run } = work;
    const plan = makePlan(snapshot, work.intent, none, {
      now: Date.now(),
      who: 'ann@desk',
      run,
      random: seededRandom(run),
    });
    const open = openReasons(plan);
    if (open.length > 0 || !plan.steps[work.step]) {
      console.error(`${plan.title}: ${JSON.stringify(open)}, ${plan.steps.length} steps`);
      process.exit(1);
    }
    const reached = new Promise<void>((resolve) => stalled.set(run, resolve));
    await engine.start(plan, 'ann@desk');
    await reached;
  }
};
await Promise.all([...Array(given.atOnce).keys()].map(worker));
console.log('stalled');
// until it is killed
setInterval(() => undefined, 1000);
