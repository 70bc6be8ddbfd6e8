import { describe, expect } from 'vitest';
import type { SandboxRequest } from '../../../local/sandbox/server.ts';
import { latestIds, testWith, WAREHOUSES } from '../../support/contract.ts';
import { createdAt, idsOf } from '../../support/history.ts';
import { createStopper, type Posted, poster } from '../../support/post.ts';
import { type ApiRow, pipelineRow } from '../../support/rows.ts';
import { coverage, falselyProven } from '../../support/stored.ts';
import { rowsBetween } from '../../support/worlds.ts';

const PAGE_SIZE = 50;
const BROKEN = 180;

/** A day of 400 rows; the pages that hold the broken one can never be delivered. */
function history() {
  const rows = rowsBetween(1_440, 2, 400, 1_000);
  const brokenId = Number(rows[BROKEN]?.id);
  const fault = ({ startElementId }: SandboxRequest) => {
    const first = rows.findIndex(({ id }) => BigInt(Number(id)) >= (startElementId ?? 0n));
    const isBroken = first >= 0 && first <= BROKEN && BROKEN < first + PAGE_SIZE;
    return isBroken ? ({ kind: 'status', status: 500 } as const) : undefined;
  };
  return { rows, brokenId, fault };
}

const readable = (rows: readonly ApiRow[], { stream }: Posted) =>
  rows.filter(({ id }, index) => Number(id) <= Number(stream.last_id) || index > BROKEN);

describe.each(WAREHOUSES)('a page that Kondado can never deliver, with %s', (kind) => {
  const test = testWith(kind);

  test.concurrent('is passed by a backfill with accept_gap, and by nothing else', {
    timeout: 60_000,
  }, async ({ startKondado, warehouse }) => {
    const { rows, brokenId, fault } = history();
    const kondado = await startKondado({ pipeline_logs: rows, fault });
    const post = poster(kondado, warehouse);
    const stuck = await post();
    expect(stuck.status).toBe(502);
    expect(stuck.stream).toMatchObject({
      outcome: 'failed',
      progressed: true,
      error: { code: 'KONDADO_UNAVAILABLE' },
    });
    expect((await post()).stream).toMatchObject({ outcome: 'failed', progressed: false });
    const before = await latestIds(warehouse);

    const body = { from_id: brokenId + 1 };
    const refused = await post(body);
    expect(refused.status).toBe(400);
    expect(refused.error?.code).toBe('INVALID_REQUEST');
    expect(refused.error?.message).toMatch(/pipeline_logs/);
    expect(refused.error?.message).toMatch(/accept_gap/);
    expect(await latestIds(warehouse)).toEqual(before);

    const passed = await post({ ...body, accept_gap: true });
    expect(passed.stream).toMatchObject({ outcome: 'success', next_id: null, error: null });
    rows.push(pipelineRow(9_000));
    // And the hourly runs lead on from there.
    for (const inserted of [1, 0]) {
      const { stream } = await post();
      expect(stream).toMatchObject({ outcome: 'success', rows_inserted: inserted });
    }
    expect(await latestIds(warehouse)).toEqual(idsOf(readable(rows, stuck)));

    // The gap stays visible, and is where it is.
    const ranges = await coverage(warehouse);
    expect(ranges).toHaveLength(2);
    expect(ranges[0]?.[1]).toBeLessThan(brokenId);
    expect(ranges[1]?.[0]).toBeGreaterThan(brokenId);
    expect(ranges[1]?.[1]).toBe(9_000);
    expect(await falselyProven(warehouse, rows)).toEqual([]);
  });

  test.concurrent('is passed run by run, if the way behind it takes longer than one', {
    timeout: 60_000,
  }, async ({ startKondado, warehouse }) => {
    const { rows, brokenId, fault } = history();
    let left = Number.POSITIVE_INFINITY;
    let stop = new AbortController();
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault(request) {
        if (left-- === 0) stop.abort();
        return fault(request);
      },
    });
    const post = poster(kondado, warehouse);
    await post();
    left = 2;
    const part = await post({ from_id: brokenId + 1, accept_gap: true }, { stop: stop.signal });
    expect(part.stream).toMatchObject({ outcome: 'partial', progressed: true });
    left = Number.POSITIVE_INFINITY;
    stop = new AbortController();
    const rest = await post();
    expect(rest.stream).toMatchObject({ outcome: 'success' });
    expect(await coverage(warehouse)).toHaveLength(2);
    expect(await falselyProven(warehouse, rows)).toEqual([]);
    expect(await latestIds(warehouse)).toContain(rows.at(-1)?.id);
  });

  test('does not make accept_gap leave rows out where there is no gap', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = rowsBetween(600, 2, 120, 1_000);
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    await post({ from_id: 0, accept_gap: true });
    await post({ from_id: Number(rows[60]?.id), accept_gap: true });
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 0 });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await coverage(warehouse)).toHaveLength(1);
  });

  test.for([
    { accept_gap: true },
    { accept_gap: true, verify: true },
    { accept_gap: 'yes', from_id: 1 },
    { accept_gap: 1, from: '2026-01-01' },
  ])('is not passed by a body that makes no sense: %j', async (body, { startKondado, warehouse }) => {
    const { status, error } = await poster(await startKondado(), warehouse)(body);
    expect(status).toBe(400);
    expect(error).toEqual({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(/"accept_gap" (must|needs)/),
    });
  });
});

describe.each(WAREHOUSES)('a backfill with accept_gap, with %s', (kind) => {
  const test = testWith(kind);

  test('from a date later than what is stored leads on too, and leaves a gap that is seen', async ({
    startKondado,
    warehouse,
  }) => {
    const { rows } = history();
    const stopper = createStopper();
    const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault });
    const post = poster(kondado, warehouse);
    const first = await post({}, { stop: stopper.after(2) });
    const from = createdAt(rows[300]);
    const whole = stopper.after(Number.POSITIVE_INFINITY);
    expect((await post({ from }, { stop: whole })).status).toBe(400);
    expect((await post({ from, accept_gap: true }, { stop: whole })).stream).toMatchObject({
      outcome: 'success',
      rows_inserted: 100,
    });
    for (const _ of [1, 2]) {
      expect((await post({}, { stop: whole })).stream).toMatchObject({
        outcome: 'success',
        rows_inserted: 0,
      });
    }
    expect(await coverage(warehouse)).toEqual([
      [rows[0]?.id, first.stream.last_id],
      [rows[300]?.id, rows.at(-1)?.id],
    ]);
    // And it is filled by a backfill without it.
    expect((await post({ from_id: first.stream.last_id }, { stop: whole })).outcome).toBe('success');
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await coverage(warehouse)).toHaveLength(1);
  });
});
