import { BudgetUsedUp, toSyncError } from '../errors.ts';

/** Every check, in the order in which they are told. */
export const CHECK_NAMES = [
  'configuration',
  'credentials',
  'kondado.pipeline_logs',
  'kondado.model_logs',
  'paging.pipeline_logs',
  'paging.model_logs',
  'status.pipelines',
  'status.models',
  'clock',
  'warehouse',
  'tables',
  'views',
  'writing',
  'events',
  'plan',
] as const;

export type CheckName = (typeof CHECK_NAMES)[number];

export interface Check {
  name: CheckName;
  outcome: 'ok' | 'warning' | 'failed' | 'skipped';
  /** What was found in one sentence, and then what to do about it. */
  message: string;
}

/** What a check has found, and what the checks after it need of it. */
export interface Finding<T = undefined> extends Omit<Check, 'name'> {
  value?: T;
}

/** The check without which another one is not possible, and what it has found; undefined if nothing of use. */
export type Need<V> = readonly [CheckName, V | undefined];

export type Checks = ReturnType<typeof createChecks>;

/** Collects what checks have found. */
export function createChecks() {
  const findings = new Map<CheckName, Finding<unknown>>();
  let isEnded = false;

  function findingOf(error: unknown): Finding<never> {
    if (!(error instanceof BudgetUsedUp)) return failed(toSyncError(error).message);
    isEnded = true;
    return failed(
      'The check was ended before this was known. Start it again, and raise TIME_BUDGET_SECONDS if that was over.',
    );
  }

  return {
    /**
     * Looks at one thing, if what it needs was found and the time is not over.
     *
     * @returns what the checks after it may need; undefined if there is nothing of use to them.
     */
    async run<V, T>(
      name: CheckName,
      [need, found]: Need<V>,
      look: (found: V) => Promise<Finding<T>>,
    ): Promise<T | undefined> {
      let finding: Finding<T>;
      if (isEnded) finding = skipped('The check was ended before.');
      else if (found === undefined) finding = skipped(`Not possible without ${need}.`);
      else finding = await look(found).catch(findingOf);
      findings.set(name, finding);
      return finding.value;
    },
    skip(name: CheckName, message: string): void {
      findings.set(name, skipped(message));
    },
    outcomeOf: (name: CheckName) => findings.get(name)?.outcome ?? 'skipped',
    /** All checks in their order. */
    list(): Check[] {
      return CHECK_NAMES.map((name) => {
        const { outcome, message } = findings.get(name) ?? skipped('Nothing was looked at.');
        return { name, outcome, message };
      });
    },
  };
}

export function ok<T = undefined>(message: string, value?: T): Finding<T> {
  return { outcome: 'ok', message, ...(value === undefined ? {} : { value }) };
}

export function warning<T = undefined>(message: string, value?: T): Finding<T> {
  return { ...ok(message, value), outcome: 'warning' };
}

export function skipped(message: string): Finding<never> {
  return { outcome: 'skipped', message };
}

export function failed<T = undefined>(message: string, value?: T): Finding<T> {
  return { ...ok(message, value), outcome: 'failed' };
}
