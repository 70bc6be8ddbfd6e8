import { describe, expect } from 'vitest';
import type { FakeCall } from '../../fakes/bigquery.ts';
import { latestIds } from '../../support/contract.ts';
import { dayAgo, idsOf, spread, within } from '../../support/history.ts';
import { createStopper, type Posted, poster } from '../../support/post.ts';
import { type ApiRow, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { coverage, falselyProven, stored } from '../../support/stored.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse } from '../../support/warehouses.ts';
import { rowsBetween } from '../../support/worlds.ts';

/** Something that another instance does, once, when it is waited for; with a key of its own, or they would wait for each other. */
function meanwhile() {
  let work: (() => Promise<unknown>) | undefined;
  return {
    does(next: () => Promise<unknown>) {
      work = next;
    },
    async happens() {
      const now = work;
      work = undefined;
      await now?.();
    },
  };
}

const repairs = ({ lines }: Posted) => lines.filter(({ event }) => event === 'rows_repaired');
const history = (): ApiRow[] => [...spread(200, 6).slice(0, 190), ...rowsBetween(55, 5, 40, 50_000)];

describe('two instances at once', () => {
  test.for([
    { name: 'both to the end', pages: [99, 99] },
    { name: 'one of which stops early', pages: [3, 99] },
    { name: 'both of which stop', pages: [2, 5] },
  ])('of a first load lose no row: $name', async ({ pages }, { startKondado, startBigQuery }) => {
    const rows = history();
    rows[1] = pipelineRow(Number(rows[1]?.id), { createdAt: minutesAgo(15) });
    const warehouse = bigQueryWarehouse(await startBigQuery());
    const instances = [];
    for (const count of pages) {
      const stopper = createStopper();
      const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault, latencyMs: 5 });
      instances.push({ post: poster(kondado, warehouse), stopper, count });
    }
    const answers = await Promise.all(
      instances.map(({ post, stopper, count }) => post({}, { stop: stopper.after(count) })),
    );
    for (const { error, stream } of answers) expect([error, stream.error]).toEqual([undefined, null]);
    expect(await falselyProven(warehouse, rows)).toEqual([]);

    for (const { post, stopper } of instances) {
      expect((await post({}, { stop: stopper.after(99) })).outcome).toBe('success');
    }
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await coverage(warehouse)).toEqual([[rows[0]?.id, rows.at(-1)?.id]]);
  });

  test('of an hourly run store each row so that it is seen once', async ({ startKondado, startBigQuery }) => {
    const rows = history();
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, bigQueryWarehouse(await startBigQuery()));
    await post();
    rows.push(...rowsBetween(4, 1, 70, 60_000));
    const answers = await Promise.all([post(), post()]);
    for (const { stream } of answers) expect(stream).toMatchObject({ outcome: 'success', error: null });
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 0 });
  });
});

describe('an hourly run beside', () => {
  test('a backfill leaves nothing out, and nothing is called repaired', async ({
    startKondado,
    startBigQuery,
  }) => {
    const other = meanwhile();
    const rows = history();
    const stopper = createStopper();
    const kondado = await startKondado({
      pipeline_logs: rows,
      async fault(request) {
        stopper.fault(request);
        if (request.index > 4) await other.happens();
        return undefined;
      },
    });
    const warehouse = bigQueryWarehouse(await startBigQuery());
    const post = poster(kondado, warehouse);
    const otherPost = poster(await startKondado({ pipeline_logs: rows }), warehouse);
    // A first load that is not done: the hourly run goes on with it while the backfill reads.
    expect((await post({}, { stop: stopper.after(2) })).outcome).toBe('partial');
    const whole = stopper.after(Number.POSITIVE_INFINITY);
    other.does(async () => {
      rows.push(...rowsBetween(4, 1, 30, 60_000));
      expect((await otherPost()).outcome).toBe('success');
    });
    const backfill = await post({ from_id: 0 }, { stop: whole });
    expect(backfill.stream).toMatchObject({ outcome: 'success', rows_repaired: 0 });
    expect(repairs(backfill)).toEqual([]);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await falselyProven(warehouse, rows)).toEqual([]);
    expect(await coverage(warehouse)).toHaveLength(1);
    expect((await post({}, { stop: whole })).stream).toMatchObject({ outcome: 'success', rows_inserted: 0 });
  });

  test.for([
    { moment: 'before it reads them', kind: undefined },
    { moment: 'before it looks what is stored', kind: 'query' },
    { moment: 'before it stores them too', kind: 'insertAll' },
  ] as const)('a verification does not let it repair the rows stored meanwhile, $moment', async ({ kind }, {
    startKondado,
    startBigQuery,
  }) => {
    const other = meanwhile();
    let isReading = false;
    const rows = history();
    const kondado = await startKondado({
      pipeline_logs: rows,
      async fault() {
        isReading = true;
        if (kind === undefined) await other.happens();
        return undefined;
      },
    });
    const fake = await startBigQuery({
      async fault(call: FakeCall) {
        const isAbout = call.table === 'pipeline_logs' || call.query?.includes('.pipeline_logs`');
        if (isReading && isAbout && call.kind === kind) await other.happens();
        return undefined;
      },
    });
    const warehouse = bigQueryWarehouse(fake);
    const post = poster(kondado, warehouse);
    const otherPost = poster(await startKondado({ pipeline_logs: rows }), warehouse);
    await post();

    // Two rows that come late, below the watermark, and that both of them find.
    const late = [
      pipelineRow(50_001, { createdAt: minutesAgo(54) }),
      pipelineRow(50_061, { createdAt: minutesAgo(29) }),
    ];
    rows.push(...late);
    isReading = false;
    let hourly: Posted | undefined;
    other.does(async () => {
      hourly = await otherPost();
    });
    const verification = await post({ verify: true });
    expect(hourly?.stream).toMatchObject({ outcome: 'success', rows_inserted: 2 });
    expect(verification.stream).toMatchObject({ outcome: 'success', rows_repaired: 0 });
    expect(repairs(verification)).toEqual([]);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows).sort((one, next) => one - next));
  });

  test('a verification still lets it repair what nobody else has stored', async ({
    startKondado,
    startBigQuery,
  }) => {
    const other = meanwhile();
    const rows = history();
    const kondado = await startKondado({
      pipeline_logs: rows,
      async fault() {
        await other.happens();
        return undefined;
      },
    });
    const warehouse = bigQueryWarehouse(await startBigQuery());
    const post = poster(kondado, warehouse);
    await post();
    const before = await stored(warehouse);
    const missing = idsOf(within(rows, dayAgo(4), dayAgo(2)));
    await warehouse.run(`DELETE FROM kondado.pipeline_logs WHERE id IN (${missing.join(', ')})`);
    const otherPost = poster(await startKondado({ pipeline_logs: rows }), warehouse);
    other.does(() => otherPost());
    const verification = await post({ verify: true });
    expect(verification.stream).toMatchObject({ outcome: 'success', rows_repaired: missing.length });
    expect(repairs(verification)).toHaveLength(1);
    expect(await stored(warehouse)).toEqual(before);
  });
});
