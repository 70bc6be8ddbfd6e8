import { expect } from 'vitest';
import { CHECK_NAMES } from '../../functions/check/checks.ts';
import { type ServedFunction, setEnvironment, UUID } from './server.ts';
import type { Kondado } from './test.ts';
import type { TestWarehouse } from './warehouses.ts';

/** What makes every check possible, but for the events. */
export const PLAN = { PLAN_RECORDS_PER_MONTH: '1000000', PLAN_ACTIVE_PIPELINES: '10' };

export interface Checked {
  outcome: string;
  runId: string;
  /** The outcome of each check by its name. */
  outcomes: Record<string, string>;
  /** What each said. */
  messages: Record<string, string>;
  text: string;
}

/** Asks the function for a check of what these are, and makes sure that the answer has the form of the contract. */
export async function checked(
  served: ServedFunction,
  kondado: Kondado,
  warehouse: Pick<TestWarehouse, 'env'>,
  { env = {}, body = { check: true } }: { env?: Record<string, string>; body?: object } = {},
): Promise<Checked> {
  setEnvironment({ ...kondado.env, ...warehouse.env, ...PLAN, ...env });
  const answer = await served.post(JSON.stringify(body));
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(Object.keys(answer.body)).toEqual(['run_id', 'mode', 'outcome', 'checks']);
  expect(answer.body).toMatchObject({ mode: 'check', run_id: expect.stringMatching(UUID) });
  const checks: { name: string; outcome: string; message: string }[] = answer.body.checks;
  expect(checks.map(({ name }) => name)).toEqual(CHECK_NAMES);
  for (const each of checks) {
    expect(Object.keys(each)).toEqual(['name', 'outcome', 'message']);
    expect(each.outcome).toMatch(/^(?:ok|warning|failed|skipped)$/);
    expect(each.message, each.name).toMatch(/^\S.*\.$/s);
  }
  const hasFailed = checks.some(({ outcome }) => outcome === 'failed');
  expect(answer.body.outcome).toBe(hasFailed ? 'failed' : 'success');
  for (const secret of [kondado.env.KONDADO_API_KEY, kondado.env.KONDADO_TOKEN])
    expect(answer.text + served.output()).not.toContain(secret);
  return {
    outcome: answer.body.outcome,
    runId: answer.body.run_id,
    outcomes: Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome])),
    messages: Object.fromEntries(checks.map(({ name, message }) => [name, message])),
    text: answer.text,
  };
}

/** The outcome of every check, `ok` but for those named. */
export function outcomes(others: Partial<Record<(typeof CHECK_NAMES)[number], string>> = {}) {
  return {
    ...Object.fromEntries(CHECK_NAMES.map((name) => [name, 'ok'])),
    events: 'skipped', // EVENTS_TOPIC is not set
    ...others,
  };
}

/** How many requests each stream has cost, those for its statuses included. */
export function requestsOf({ sandbox }: Kondado): { pipelines: number; models: number } {
  const count = (word: string) => sandbox.requests.filter(({ url }) => url.startsWith(`/${word}`)).length;
  return { pipelines: count('pipeline'), models: count('model') };
}
