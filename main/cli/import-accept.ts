/** Which consents are given to which of several instances: one word never agrees to what nobody looked at. */
import { isGiven, openReasons, type Plan } from '../../core/plan/plan.ts';
import type { Reason } from '../../core/plan/reason.ts';

/** `named`: NAME:CODE; `all`: of --accept-all; `bare`: only a code, which counts where one instance alone asks for it. */
type Accepted = {
  named: ReadonlyMap<string, readonly string[]>;
  all: readonly string[];
  bare: readonly string[];
};

/**
 * @param words of --accept, as given
 * @param names of the instances that are meant; a word that begins with none of them is a code, which may hold colons itself
 */
export const readAccepted = (
  words: readonly string[],
  all: readonly string[],
  names: readonly string[],
): Accepted => {
  const named = new Map<string, string[]>();
  const bare: string[] = [];
  for (const word of words) {
    const at = word.indexOf(':');
    const name = names.find((each) => each === word.slice(0, Math.max(0, at)));
    if (name === undefined) bare.push(word);
    else named.set(name, [...(named.get(name) ?? []), word.slice(at + 1)]);
  }
  return { named, all, bare };
};

type Asking = Pick<Plan, 'reasons'>;

const asksFor = (plan: Asking, code: string): boolean =>
  plan.reasons.some((each) => each.severity === 'consent' && each.code === code);

/** A bare code that several ask for: it agrees to none of them. */
export type Unclear = { code: string; names: string[] };

/** What is agreed to for each, once every plan is known by what it asks for. */
export const consentsFor = (
  accepted: Accepted,
  plans: readonly { name: string; plan: Asking }[],
): { given: ReadonlyMap<string, string[]>; unclear: Unclear[]; needless: string[] } => {
  const unclear: Unclear[] = [];
  const given = new Map(
    plans.map(({ name }) => [name, [...accepted.all, ...(accepted.named.get(name) ?? [])]]),
  );
  const needless = accepted.all
    .filter((code) => !plans.some(({ plan }) => asksFor(plan, code)))
    .map((code) => `--accept-all ${code}`);
  for (const { name, plan } of plans)
    for (const code of accepted.named.get(name) ?? [])
      if (!asksFor(plan, code)) needless.push(`--accept ${name}:${code}`);
  for (const code of new Set(accepted.bare)) {
    const [first, ...more] = plans.filter(({ plan }) => asksFor(plan, code));
    if (!first) needless.push(`--accept ${code}`);
    else if (more.length === 0) given.get(first.name)?.push(code);
    else {
      const names = [first, ...more]
        .map(({ name }) => name)
        .filter((name) => !isGiven({ accept: given.get(name) ?? [], vouched: [] }, code));
      if (names.length > 0) unclear.push({ code, names });
    }
  }
  return { given, unclear, needless };
};

/** The option that agrees to one reason of one of several instances; null where --confirm-down does, for all of them. */
export const acceptOptionFor = (name: string, { code }: Reason): string | null =>
  code.startsWith('vouch-down:') ? null : `--accept ${name}:${code}`;

export const unclearText = ({ code, names }: Unclear): string =>
  `--accept ${code} agrees to one instance, and ${names.length} ask for it (${names.join(', ')}). Say for which, as in --accept ${names[0] ?? 'NAME'}:${code}, once for each that you have looked at; or --accept-all ${code} for all of them.`;

/** What all of the open consents of these plans could be given by. */
export const asksTogether = (plans: readonly Plan[]): { code: string; count: number }[] => {
  const codes = plans.flatMap((plan) => [
    ...new Set(
      openReasons(plan).flatMap((each) =>
        each.severity === 'consent' && !each.code.startsWith('vouch-down:') ? [each.code] : [],
      ),
    ),
  ]);
  return [...Map.groupBy(codes, (code) => code)].flatMap(([code, same]) =>
    same.length > 1 ? [{ code, count: same.length }] : [],
  );
};
