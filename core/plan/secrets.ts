/** Secret parameters of an OS script: in the intent while a plan is made, and in nothing that is shown or kept. */
import { parameterVariable } from '../ganeti/os-name.ts';
import { HIDDEN } from '../xen/secrets.ts';
import type { Intent } from './intent.ts';
import type { Plan } from './plan.ts';

/** The values of an intent's secret parameters, by the variables that a script gets; none for other intents. */
export const secretsOf = (intent: Intent): Record<string, string> =>
  intent.kind === 'create'
    ? Object.fromEntries(
        Object.entries(intent.osSecrets ?? {}).map(([name, value]) => [parameterVariable(name), value]),
      )
    : {};

/** The plan as it is shown and kept: its steps never hold a secret, and its intent holds none here. */
export const planWithoutSecrets = (plan: Plan): Plan => {
  const { intent } = plan;
  if (intent.kind !== 'create' || intent.osSecrets === undefined) return plan;
  const osSecrets = Object.fromEntries(Object.keys(intent.osSecrets).map((name) => [name, HIDDEN]));
  return { ...plan, intent: { ...intent, osSecrets } };
};
