import { describe, expect, test } from 'vitest';
import { DAY_MS } from '../../../functions/timestamps.ts';
import { createCompany } from '../../../local/sandbox/company.ts';
import type { StatusFields } from '../../../local/sandbox/statuses.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);

/** The pipelines that the logs of 90 days name, the moment of their last execution, and their statuses. */
function pipelinesAt(
  nowMs: number,
): { id: number; lastMs: number; fields: StatusFields | null | undefined }[] {
  const company = createCompany({ now: () => nowMs });
  const { rows } = company.page('pipeline_logs', 0n, Number.POSITIVE_INFINITY, null);
  const last = new Map<number, number>();
  for (const { pipeline_id, createdAt } of rows as { pipeline_id: number; createdAt: string }[]) {
    last.set(pipeline_id, Math.max(last.get(pipeline_id) ?? 0, Date.parse(createdAt)));
  }
  return [...last].map(([id, lastMs]) => ({
    id,
    lastMs,
    fields: company.status?.({ kind: 'pipelines', id }),
  }));
}

describe.each([0, 1.3, 2.6, 3.9, 11, 30])('%d days on', (days) => {
  const nowMs = NOON_MS + days * DAY_MS;
  const pipelines = pipelinesAt(nowMs);

  test('whatever has been silent for a day or more says why, and the last launch is switched off', () => {
    const launches = pipelines.filter(({ id }) => id >= 900 && id < 1_000);
    for (const { lastMs, fields } of launches) {
      expect(fields?.is_active === false).toBe(nowMs - lastMs > DAY_MS);
    }
    expect(launches.some(({ fields }) => fields?.status === 'not_active')).toBe(true);
  });

  test('one has failed too often, with a message, and another mostly fails', () => {
    const failed = pipelines.filter(({ fields }) => fields?.status === 'too_many_consecutive_failed_builds');
    expect(failed.length).toBeGreaterThanOrEqual(1);
    for (const { lastMs, fields } of failed) {
      expect(fields?.raw_msg).toMatch(/expired/);
      expect(nowMs - lastMs).toBeLessThan(5 * DAY_MS);
    }
    expect(pipelines.filter(({ fields }) => fields?.status === 'error_building_tables')).toHaveLength(1);
  });
});

test('one is blocked from the third of a month until the next month begins', () => {
  const blockedOn = (day: string) => {
    const company = createCompany({ now: () => Date.parse(day) });
    return company.status?.({ kind: 'pipelines', id: 811 })?.is_blocked === true;
  };
  expect(['2026-11-01T12:00Z', '2026-11-03T12:00Z', '2026-11-30T12:00Z'].map(blockedOn)).toEqual([
    false,
    true,
    true,
  ]);
});

test('what the company does not have is not there', () => {
  const { status } = createCompany({ now: () => NOON_MS });
  expect(status?.({ kind: 'models', id: 162 })).toEqual({});
  expect(status?.({ kind: 'models', id: 702 })).toBeNull();
  expect(status?.({ kind: 'pipelines', id: 1 })).toBeNull();
  expect(status?.({ kind: 'pipelines', id: 999 })).toBeNull();
});
