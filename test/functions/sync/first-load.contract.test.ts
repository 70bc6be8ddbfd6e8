import { describe, expect } from 'vitest';
import { latestIds, testWith, WAREHOUSES } from '../../support/contract.ts';
import { dayAgo, idsOf, spread } from '../../support/history.ts';
import { createStopper, poster, postUntilDone } from '../../support/post.ts';
import { type ApiRow, minutesAgo } from '../../support/rows.ts';
import type { Environment } from '../../support/runs.ts';
import { coverage, falselyProven } from '../../support/stored.ts';
import type { KondadoOptions } from '../../support/test.ts';

const DAYS = 60;
const COUNT = 400;
const PAGES_A_RUN = 3;

/** A history of which some rows have another date. */
function misdated(dates: Record<number, string> = {}): ApiRow[] {
  return spread(COUNT, DAYS).map((row, index) => {
    const createdAt = dates[index] ?? row.createdAt;
    return { ...row, createdAt, updatedAt: createdAt };
  });
}

const EARLY_MISDATED = { 1: minutesAgo(20) };

describe.each(WAREHOUSES)('a first load into %s', (kind) => {
  const test = testWith(kind);

  test.for<{ name: string; rows: ApiRow[]; env?: Environment; options?: KondadoOptions }>([
    { name: 'as usual', rows: misdated() },
    { name: 'with an early row dated 20 minutes ago', rows: misdated(EARLY_MISDATED) },
    {
      name: 'with several rows dated wrongly',
      rows: misdated({ 1: minutesAgo(20), 2: minutesAgo(60), 100: minutesAgo(-600), 160: minutesAgo(30) }),
    },
    { name: 'with a lookback longer than a run', rows: misdated(), env: { LOOKBACK_MINUTES: '200000' } },
    {
      name: 'of a client id that the rows do not carry',
      rows: misdated().map((row) => ({ ...row, client_id: null })),
      env: { KONDADO_CLIENT_IDS: '7' },
      options: { hides: () => false },
    },
    {
      name: 'of a client whose rows carry another id',
      rows: misdated(EARLY_MISDATED),
      env: { KONDADO_CLIENT_IDS: '7' },
      options: { hides: () => false },
    },
  ])('goes on where it stopped: $name', async ({ rows, env = {}, options = {} }, {
    startKondado,
    warehouse,
  }) => {
    const stopper = createStopper();
    const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault, ...options });
    const post = poster(kondado, warehouse);
    const answers = [];
    const starts: number[] = [];
    do {
      const first = kondado.sandbox.requests.length;
      answers.push(await post({}, { env, stop: stopper.after(PAGES_A_RUN) }));
      starts.push(Number(kondado.sandbox.requests[first]?.startElementId));
      expect(answers.length).toBeLessThanOrEqual(COUNT / 50);
    } while (answers.at(-1)?.outcome !== 'success');

    const parts = answers.slice(0, -1).map(({ stream }) => stream);
    expect(parts.length).toBeGreaterThan(1);
    for (const [index, part] of parts.entries()) {
      expect(part).toMatchObject({ outcome: 'partial', progressed: true, error: null });
      // Where the next run goes on is what this one has proven, and what it said.
      expect([starts[index + 1], part.next_id]).toEqual([part.last_id, part.last_id]);
    }
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await falselyProven(warehouse, rows)).toEqual([]);
    expect(await coverage(warehouse)).toEqual([[rows[0]?.id, rows.at(-1)?.id]]);
  });

  test.for<{ name: string; body: object; pages?: number }>([
    { name: 'a verification', body: { verify: true } },
    { name: 'a part of a verification', body: { verify: true }, pages: 2 },
    { name: 'a verification of all', body: { verify: true, from: dayAgo(90) } },
    { name: 'a verification from an id', body: { verify: true, from_id: 1 } },
    { name: 'a backfill', body: { from: dayAgo(10) } },
    { name: 'a backfill of a window', body: { from: dayAgo(10), to: dayAgo(5) } },
    { name: 'a part of a backfill', body: { from: dayAgo(30) }, pages: 4 },
    { name: 'a backfill from an id', body: { from_id: 1 } },
  ])('loses no row to $name between two of its runs', async ({ body, pages = Number.POSITIVE_INFINITY }, {
    startKondado,
    warehouse,
  }) => {
    const rows = misdated(EARLY_MISDATED);
    const stopper = createStopper();
    const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault });
    const post = poster(kondado, warehouse);
    expect((await post({}, { stop: stopper.after(PAGES_A_RUN) })).outcome).toBe('partial');
    const between = await post(body, { stop: stopper.after(pages) });
    expect(between.error).toBeUndefined();
    expect(await falselyProven(warehouse, rows)).toEqual([]);
    await postUntilDone(post, stopper);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await falselyProven(warehouse, rows)).toEqual([]);
  });

  /** As if the newest runs had been killed: their rows are stored, and `sync_runs` knows nothing of them. */
  const table = kind === 'DuckDB' ? 'sync_runs' : 'kondado.sync_runs';
  const forget = (lastId: number | null | undefined) =>
    `DELETE FROM ${table} WHERE last_id > ${lastId ?? -1}`;

  test.for([
    { name: 'as usual', rows: misdated() },
    { name: 'with a row dated wrongly', rows: misdated(EARLY_MISDATED) },
  ])('whose first run was killed goes on from what is stored, and loses nothing: $name', async ({ rows }, {
    startKondado,
    warehouse,
  }) => {
    const stopper = createStopper();
    const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault });
    const post = poster(kondado, warehouse);
    await post({}, { stop: stopper.after(PAGES_A_RUN) });
    await warehouse.run(forget(null));
    kondado.sandbox.requests.length = 0;
    await postUntilDone(post, stopper, { requests: Number.POSITIVE_INFINITY });
    expect(kondado.sandbox.requests[0]?.startElementId).toBeGreaterThan(0n);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await falselyProven(warehouse, rows)).toEqual([]);
  });

  test('whose later runs were killed is one range all the same', async ({ startKondado, warehouse }) => {
    const rows = misdated(EARLY_MISDATED);
    const stopper = createStopper();
    const kondado = await startKondado({ pipeline_logs: rows.slice(0, 350), fault: stopper.fault });
    const post = poster(kondado, warehouse);
    const first = await post({}, { stop: stopper.after(2) });
    for (const _ of [1, 2]) {
      await post({}, { stop: stopper.after(PAGES_A_RUN) });
      await warehouse.run(forget(first.stream.last_id));
    }
    const done = await postUntilDone(post, stopper, { requests: Number.POSITIVE_INFINITY });
    expect(await coverage(warehouse)).toEqual([[rows[0]?.id, rows[349]?.id]]);

    // An hour later a run is killed that had begun with everything read.
    kondado.streams.pipeline_logs.push(...rows.slice(350));
    await post({}, { stop: stopper.after(2) });
    await warehouse.run(forget(done.at(-1)?.stream.last_id));
    await postUntilDone(post, stopper, { requests: Number.POSITIVE_INFINITY });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await coverage(warehouse)).toEqual([[rows[0]?.id, rows.at(-1)?.id]]);
  });
});
