import { describe, expect } from 'vitest';
import type { SandboxRequest } from '../../../local/sandbox/server.ts';
import { latestIds, runsOf, testWith, WAREHOUSES } from '../../support/contract.ts';
import { createdAt, dayAgo, idsOf, spread } from '../../support/history.ts';
import { createStopper, type Posted, poster } from '../../support/post.ts';
import type { ApiRow } from '../../support/rows.ts';
import { FEW_WORLDS, OTHER_CLIENT, rowsBetween, worldHistory } from '../../support/worlds.ts';

/** Takes rows out of what the API shows. */
function remove(rows: ApiRow[], isRemoved: (row: ApiRow, index: number) => boolean): ApiRow[] {
  const removed = rows.filter(isRemoved);
  rows.splice(0, rows.length, ...rows.filter((row) => !removed.includes(row)));
  return removed;
}

const warnings = ({ lines }: Posted) => lines.filter(({ event }) => event === 'rows_vanished');

describe.each(WAREHOUSES)('rows that the API no longer shows, with %s,', (kind) => {
  const test = testWith(kind);

  test.for(FEW_WORLDS)('are counted by a verification, and kept: $name', async (world, {
    startKondado,
    warehouse,
  }) => {
    const rows = worldHistory();
    const kondado = await startKondado({ pipeline_logs: rows, ...world.options });
    const post = poster(kondado, warehouse, { STREAMS: 'pipeline_logs', ...world.env });
    await post();
    const before = await latestIds(warehouse);
    const vanished = remove(rows, (row, index) => world.shows(row) && index % 5 === 2);

    const run = await post({ verify: true });
    expect(run.stream).toMatchObject({
      outcome: 'success',
      rows_vanished: vanished.length,
      rows_repaired: 0,
      rows_inserted: 0,
    });
    expect(warnings(run)).toMatchObject([
      {
        severity: 'WARNING',
        stream: 'pipeline_logs',
        rows_vanished: vanished.length,
        first_id: vanished[0]?.id,
        last_id: vanished.at(-1)?.id,
      },
    ]);
    const [message] = warnings(run).map((line) => line.message);
    for (const part of [vanished.length, vanished[0]?.id, vanished.at(-1)?.id]) {
      expect(message).toContain(String(part));
    }
    expect(await latestIds(warehouse)).toEqual(before);
    expect((await runsOf(warehouse, 'verify'))[0]).toMatchObject({ rows_vanished: BigInt(vanished.length) });
  });

  test('are counted at both ends of a window, and not outside of it', async ({ startKondado, warehouse }) => {
    const rows = spread(300, 10);
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    await post();
    const [from, to] = [createdAt(rows[100]), createdAt(rows[200])];
    const ends = [99, 100, 199, 200].map((index) => rows[index]);
    remove(rows, (row) => ends.includes(row));
    const { stream } = await post({ verify: true, from, to });
    expect(stream).toMatchObject({ outcome: 'success', rows_read: 98, rows_vanished: 2 });
    // All four lie in the last nine days, two of them from the third's id on.
    expect((await post({ verify: true, from: dayAgo(9) })).stream.rows_vanished).toBe(4);
    const fromId = Number(ends[2]?.id);
    expect((await post({ verify: true, from_id: fromId })).stream.rows_vanished).toBe(2);
  });

  test('are counted at the end of the log too', async ({ startKondado, warehouse }) => {
    const rows = spread(200, 5);
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    await post();
    remove(rows, (_row, index) => index >= 180);
    expect((await post({ verify: true })).stream).toMatchObject({ outcome: 'success', rows_vanished: 20 });
    expect((await post()).stream).toMatchObject({ outcome: 'failed' });
  });

  test('are none when they are so old that Kondado may have forgotten them', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = rowsBetween(100 * 1_440, 5, 300, 1_000).map((row) => ({ ...row, client_id: 1 }));
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    await post();
    const vanished = remove(rows, (row, index) => createdAt(row) < dayAgo(81) || index % 50 === 0);
    const young = vanished.filter((row) => createdAt(row) > dayAgo(80));
    expect(young.length).toBeGreaterThan(2);
    expect((await post({ verify: true, from: dayAgo(120) })).stream).toMatchObject({
      outcome: 'success',
      rows_vanished: young.length,
    });
  });

  test('are none of another client, and none that a part of a verification did not come to', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = spread(300, 5).map((row, index) => ({
      ...row,
      client_id: index % 2 === 0 ? 1 : OTHER_CLIENT,
    }));
    const stopper = createStopper();
    const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault });
    const post = poster(kondado, warehouse);
    await post();
    const vanished = remove(rows, (_row, index) => index % 7 === 3);
    const env = { KONDADO_CLIENT_IDS: String(OTHER_CLIENT) };
    await post({}, { env });
    const own = vanished.filter(({ client_id }) => client_id === OTHER_CLIENT);
    expect((await post({ verify: true }, { env })).stream.rows_vanished).toBe(own.length);

    const part = (await post({ verify: true }, { stop: stopper.after(5) })).stream;
    expect(part.outcome).toBe('partial');
    const proven = idsOf(vanished).filter((id) => id >= Number(part.first_id) && id <= Number(part.last_id));
    expect(proven.length).toBeGreaterThan(0);
    expect(part.rows_vanished).toBe(proven.length);
  });

  test('are 0 where nothing has vanished, and in other modes', async ({ startKondado, warehouse }) => {
    const rows = spread(120, 5);
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    await post();
    const run = await post({ verify: true });
    expect([run.stream.rows_vanished, warnings(run)]).toEqual([0, []]);
    remove(rows, (_row, index) => index === 60);
    for (const body of [{}, { from: dayAgo(4) }]) {
      const other = await post(body);
      expect([other.stream.rows_vanished, warnings(other)]).toEqual([0, []]);
    }
  });
});

describe.each(WAREHOUSES)('a token that sees less than before, with %s,', (kind) => {
  const test = testWith(kind);
  const EMPTY = {
    kind: 'json',
    value: { success: true, data: { success: true, data: [], pagination: {} } },
  } as const;

  test.for<{ name: string; body: object }>([
    { name: 'an hourly run', body: {} },
    { name: 'a verification', body: { verify: true } },
    { name: 'a verification of a window', body: { verify: true, from: dayAgo(4), to: dayAgo(2) } },
    { name: 'a backfill from a date', body: { from: dayAgo(4), to: dayAgo(2) } },
    { name: 'a backfill from an id', body: { from_id: 0 } },
  ])('fails $name, which says so', async ({ body }, { startKondado, warehouse }) => {
    let isBlind = false;
    const rows = spread(100, 6);
    const kondado = await startKondado({ pipeline_logs: rows, fault: () => (isBlind ? EMPTY : undefined) });
    const post = poster(kondado, warehouse);
    await post();
    isBlind = true;
    for (const _ of [1, 2]) {
      const { status, stream } = await post(body);
      expect(status).toBe(502);
      expect(stream).toMatchObject({
        outcome: 'failed',
        progressed: false,
        rows_read: 0,
        error: { code: 'KONDADO_UNEXPECTED_RESPONSE', message: expect.stringMatching(/key|token/i) },
      });
    }
    isBlind = false;
    expect((await post()).outcome).toBe('success');
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
  });

  test('is not one whose rows are all older than 80 days', async ({ startKondado, warehouse }) => {
    let isBlind = false;
    const rows = rowsBetween(95 * 1_440, 81 * 1_440, 60, 1_000);
    const kondado = await startKondado({ pipeline_logs: rows, fault: () => (isBlind ? EMPTY : undefined) });
    const post = poster(kondado, warehouse);
    await post();
    isBlind = true;
    for (const body of [{}, { verify: true }, { from_id: 0 }])
      expect((await post(body)).outcome).toBe('success');
  });

  test('is told for the source whose rows are missing, and for no other', async ({
    startKondado,
    warehouse,
  }) => {
    let blind = '';
    const rows = spread(100, 6).map((row, index) => ({ ...row, client_id: index % 2 === 0 ? 1 : 2 }));
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: ({ clientId }: SandboxRequest) => (clientId === blind ? EMPTY : undefined),
    });
    const post = poster(kondado, warehouse, { STREAMS: 'pipeline_logs', KONDADO_CLIENT_IDS: '1,2,3' });
    await post();
    blind = '2';
    const { outcome, streams } = await post();
    expect(outcome).toBe('failed');
    expect(streams.map((stream) => stream.outcome)).toEqual(['success', 'failed', 'success']);
  });
});
