import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DAY_MS } from '../../../functions/timestamps.ts';
import {
  createCompany,
  PLAN_ACTIVE_PIPELINES,
  PLAN_RECORDS_PER_MONTH,
} from '../../../local/sandbox/company.ts';
import type { LogSource } from '../../../local/sandbox/source.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);

/** What the tests need of a company's rows, of both streams. */
interface Row {
  id: number;
  client_id: number;
  pipeline_id: number;
  createdAt: string;
  updatedAt: string;
  row_count: string | number;
  is_billable: boolean;
}

function listAll(source: LogSource, stream: 'pipeline_logs' | 'model_logs' = 'pipeline_logs'): Row[] {
  return source.page(stream, 0n, Number.POSITIVE_INFINITY, null).rows as Row[];
}

/** Compared instead of the rows, which are too many to compare one by one or to print. */
function fingerprint(list: Row[]): string {
  const text = list.map(({ id, updatedAt, row_count }) => `${id} ${updatedAt} ${row_count}`).join('\n');
  return createHash('sha256').update(text).digest('hex');
}

function companyAt(nowMs: number): LogSource {
  return createCompany({ now: () => nowMs });
}

describe('the company', () => {
  const source = companyAt(NOON_MS);
  const logs = listAll(source);

  test('has some 30,000 pipeline logs and 4,000 model logs of 90 days', () => {
    expect(logs.length).toBeGreaterThan(28_000);
    expect(logs.length).toBeLessThan(40_000);
    expect(listAll(source, 'model_logs').length).toBeGreaterThan(3_600);
    expect(listAll(source, 'model_logs').length).toBeLessThan(4_400);
    const createdAts = logs.map(({ createdAt }) => Date.parse(createdAt));
    expect(Math.min(...createdAts)).toBeGreaterThanOrEqual(NOON_MS - 90 * DAY_MS);
    expect(Math.max(...createdAts)).toBeLessThanOrEqual(NOON_MS);
  });

  test.each([
    '2026-02',
    '2026-09',
    '2026-10',
    '2027-01',
  ])('uses about four fifths of its plan in %s', (month) => {
    const monthEndMs = Date.parse(`${month}-01T00:00:00Z`) + 32 * DAY_MS;
    const billable = listAll(companyAt(monthEndMs)).filter(
      (row) => row.is_billable && row.createdAt.startsWith(month),
    );
    const records = billable.reduce((sum, row) => sum + Number(row.row_count), 0);
    expect(records / PLAN_RECORDS_PER_MONTH).toBeGreaterThan(0.7);
    expect(records / PLAN_RECORDS_PER_MONTH).toBeLessThan(0.9);
    const active = new Set(billable.map((row) => row.pipeline_id)).size;
    expect(active / PLAN_ACTIVE_PIPELINES).toBeGreaterThan(0.7);
    expect(active / PLAN_ACTIVE_PIPELINES).toBeLessThan(0.9);
  });

  test.each([0, 1.3, 2.6, 3.9, 11])('has a pipeline silent for one to four days, %d days on', (days) => {
    const nowMs = NOON_MS + days * DAY_MS;
    const recent = listAll(companyAt(nowMs)).filter((row) => Date.parse(row.createdAt) > nowMs - 30 * DAY_MS);
    const byPipeline = Map.groupBy(recent, (row) => row.pipeline_id);
    const silent = [...byPipeline.values()].filter((executions) => {
      const silenceDays = (nowMs - Date.parse(executions.at(-1)?.createdAt ?? '')) / DAY_MS;
      return executions.length > 80 && executions.length < 1_000 && silenceDays > 1 && silenceDays < 4.5;
    });
    expect(silent.length).toBeGreaterThanOrEqual(1);
  });

  test('is the same at the same instant, whoever asks', () => {
    expect(fingerprint(listAll(companyAt(NOON_MS)))).toBe(fingerprint(logs));
    const other = createCompany({ seed: 2, now: () => NOON_MS });
    expect(fingerprint(listAll(other))).not.toBe(fingerprint(logs));
  });

  test('only adds rows, and forgets those older than 90 days, as the clock moves on', () => {
    let nowMs = NOON_MS;
    const moving = createCompany({ now: () => nowMs });
    expect(fingerprint(listAll(moving))).toBe(fingerprint(logs));
    nowMs += 2.3 * DAY_MS;
    const later = listAll(moving);
    expect(fingerprint(later)).toBe(fingerprint(listAll(companyAt(nowMs))));

    const laterIds = new Map(later.map((row) => [row.id, row.createdAt]));
    const kept = logs.filter((row) => Date.parse(row.createdAt) >= nowMs - 90 * DAY_MS);
    expect(kept.length).toBeLessThan(logs.length);
    expect(kept.filter((row) => laterIds.get(row.id) !== row.createdAt)).toEqual([]);
    expect(later.length).toBeGreaterThan(kept.length);
  });

  test('has rows that appear late, after larger ids, and rows that are updated', () => {
    let nowMs = NOON_MS;
    const moving = createCompany({ now: () => nowMs });
    const seen = new Map(listAll(moving).map((row) => [row.id, row.updatedAt]));
    let largestId = Math.max(...seen.keys());
    let late = 0;
    let updated = 0;
    for (let minute = 5; minute <= 24 * 60; minute += 5) {
      nowMs = NOON_MS + minute * 60_000;
      const start = BigInt(largestId - 10_000);
      const recent = moving.page('pipeline_logs', start, 1_000, null).rows as Row[];
      for (const row of recent) {
        const updatedAt = seen.get(row.id);
        if (updatedAt === undefined && row.id < largestId) late++;
        if (updatedAt !== undefined && updatedAt < row.updatedAt) updated++;
        seen.set(row.id, row.updatedAt);
      }
      largestId = Math.max(largestId, ...recent.map((row) => row.id));
    }
    expect(late).toBeGreaterThan(0);
    expect(updated).toBeGreaterThan(3);
    expect(logs.some((row, index) => row.createdAt < (logs[index - 1]?.createdAt ?? ''))).toBe(true);
  });

  test('lists ids once and ascending, page by page, and one client when asked', () => {
    const { rows: first } = source.page('pipeline_logs', 0n, 50, null) as { rows: Row[] };
    const { rows: second } = source.page('pipeline_logs', BigInt((first.at(-1)?.id ?? 0) + 1), 50, null);
    expect([...first, ...second]).toEqual(logs.slice(0, 100));
    const ids = logs.map(({ id }) => id);
    expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0))).toBe(true);
    const { rows: ofOne } = source.page('pipeline_logs', 0n, 200, '2') as { rows: Row[] };
    expect(ofOne).toEqual(logs.filter((row) => row.client_id === 2).slice(0, 200));
  });
});
