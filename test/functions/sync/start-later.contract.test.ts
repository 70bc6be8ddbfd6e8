import { describe, expect } from 'vitest';
import { latestIds, type OpenedWarehouse, testWith, WAREHOUSES } from '../../support/contract.ts';
import { DAY_MINUTES, idsOf } from '../../support/history.ts';
import { createStopper, poster, postUntilDone } from '../../support/post.ts';
import { type ApiRow, minutesAgo } from '../../support/rows.ts';
import { falselyProven } from '../../support/stored.ts';
import { rowsBetween } from '../../support/worlds.ts';

/** Some rows of each of three clients, in turn. */
const ofThree = (oldestDays: number, newestDays: number, count: number, firstId: number): ApiRow[] =>
  rowsBetween(oldestDays * DAY_MINUTES, newestDays * DAY_MINUTES, count, firstId).map((row, index) => ({
    ...row,
    client_id: 1 + (index % 3),
  }));

/** Lets the runs so far have happened so many days earlier. */
async function age(warehouse: OpenedWarehouse, days: number): Promise<void> {
  const table = warehouse.fake ? `${warehouse.fake.dataset}.sync_runs` : 'sync_runs';
  const earlier = (column: string) => `${column} = ${column} - INTERVAL ${days} DAY`;
  await warehouse.run(`UPDATE ${table} SET ${earlier('started_at')}, ${earlier('finished_at')}`);
}

describe.each(WAREHOUSES)('a run into %s', (kind) => {
  const test = testWith(kind);

  describe.each([10, 100])('%i days after the one before', (days) => {
    test('goes on with a first load where that stopped', async ({ startKondado, warehouse }) => {
      const rows = ofThree(60, 20, 400, 1_000);
      rows[1] = { ...rows[1], createdAt: minutesAgo(20), updatedAt: null };
      const stopper = createStopper();
      const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault });
      const post = poster(kondado, warehouse);
      const first = await post({}, { stop: stopper.after(3) });
      await age(warehouse, days);
      kondado.sandbox.requests.length = 0;
      await postUntilDone(post, stopper);
      expect(kondado.sandbox.requests[0]?.startElementId).toBe(BigInt(first.stream.last_id ?? -1));
      expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    });

    test('does not begin anew, also if runs of others came between', async ({ startKondado, warehouse }) => {
      const rows = ofThree(60, 20, 300, 1_000);
      const kondado = await startKondado({ pipeline_logs: rows });
      const post = poster(kondado, warehouse);
      const one = { env: { KONDADO_CLIENT_IDS: '1' } };
      expect((await post({}, one)).outcome).toBe('success');
      await age(warehouse, days);
      await post({}, { env: { KONDADO_CLIENT_IDS: '2' } });
      rows.push(...ofThree(0.1, 0.01, 30, 10_000));
      kondado.sandbox.requests.length = 0;
      expect((await post({}, one)).stream).toMatchObject({ outcome: 'success', rows_inserted: 10 });
      expect(kondado.sandbox.requests[0]?.startElementId).toBeGreaterThan(1_500n);
    });

    test('reads all that others have not stored meanwhile', async ({ startKondado, warehouse }) => {
      const rows = ofThree(60, 20, 300, 1_000);
      const kondado = await startKondado({ pipeline_logs: rows });
      const post = poster(kondado, warehouse);
      expect((await post()).outcome).toBe('success');
      await age(warehouse, days);
      rows.push(...ofThree(9, 0.5, 120, 10_000));
      const two = { env: { KONDADO_CLIENT_IDS: '2' } };
      expect((await post({}, two)).stream).toMatchObject({ outcome: 'success' });
      expect((await post()).outcome).toBe('success');
      expect(await latestIds(warehouse)).toEqual(idsOf(rows));
      expect(await falselyProven(warehouse, rows)).toEqual([]);
    });

    test('reads all rows of all clients, if that was of one', async ({ startKondado, warehouse }) => {
      const rows = ofThree(60, 20, 300, 1_000);
      const post = poster(await startKondado({ pipeline_logs: rows }), warehouse);
      await post({}, { env: { KONDADO_CLIENT_IDS: '1' } });
      await age(warehouse, days);
      expect((await post()).outcome).toBe('success');
      expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    });

    test('fills what a killed run left out, which nobody has recorded since', async ({
      startKondado,
      warehouse,
    }) => {
      const rows = ofThree(60, 20, 300, 1_000);
      const stopper = createStopper();
      const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault });
      const post = poster(kondado, warehouse);
      await postUntilDone(post, stopper, { requests: 99 });
      await age(warehouse, days);
      rows.push(...ofThree(19, 0.5, 200, 10_000));
      await post({}, { stop: stopper.after(3) });
      const table = warehouse.fake ? 'kondado.sync_runs' : 'sync_runs';
      await warehouse.run(`DELETE FROM ${table} WHERE outcome = 'partial'`);
      await postUntilDone(post, stopper, { requests: 99 });
      expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    });
  });
});
