import { expect } from 'vitest';
import type { RunReport } from '../../../functions/sync/report.ts';
import { parseTimestamp } from '../../../functions/timestamps.ts';
import { mergeReports, runUntilDone } from '../../../local/until-done.ts';
import { type ApiRow, load, minutesAgo } from '../../support/rows.ts';
import { runSync } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

test.for([
  'backfill',
  'verify',
] as const)('a %s of several clients goes on for each where it stopped, and ends', async (mode, {
  folder,
  startKondado,
}) => {
  let left = Number.POSITIVE_INFINITY;
  let stop = new AbortController();
  const rows: ApiRow[] = [
    ...load('pipeline_logs', 60, { firstId: 1_000, endMinutesAgo: 300 }).map((row) => ({
      ...row,
      client_id: 1,
    })),
    ...load('pipeline_logs', 700, { firstId: 5_000 }).map((row) => ({ ...row, client_id: 22 })),
  ];
  const kondado = await startKondado({
    pipeline_logs: rows,
    fault: () => {
      if (left-- === 0) stop.abort();
      return undefined;
    },
  });
  const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
  const env = { ...kondado.env, ...warehouse.env, STREAMS: 'pipeline_logs', KONDADO_CLIENT_IDS: '1,22' };
  await runSync(env);
  await warehouse.run('DELETE FROM pipeline_logs WHERE id % 5 = 0 AND id < 7000');
  const request = {
    mode,
    streams: undefined,
    from: parseTimestamp(minutesAgo(400)),
    to: undefined,
    fromId: undefined,
    dryRun: false,
    acceptGap: false,
    publish: false,
  };
  const results = await runUntilDone(
    request,
    async (rest) => {
      left = 4;
      stop = new AbortController();
      return { report: (await runSync(env, rest, stop.signal)).report, config: null };
    },
    new AbortController().signal,
  );
  const reports: RunReport[] = results.map(({ report }) => report);
  expect(reports.length).toBeGreaterThan(3);
  expect(reports.flatMap(({ error }) => error ?? [])).toEqual([]);
  const merged = mergeReports(results);
  expect(merged).toMatchObject({
    outcome: 'success',
    streams: [
      { client_id: 1n, outcome: 'success', first_id: 1_000n, next_id: null },
      { client_id: 22n, outcome: 'success', first_id: 5_000n, next_id: null },
    ],
  });
  expect((await warehouse.latest('pipeline_logs')).map(({ id }) => Number(id))).toEqual(
    rows.map(({ id }) => id),
  );
  // Who is done is not read again.
  const small = kondado.sandbox.requests.filter(({ clientId }) => clientId === '1');
  expect(small.length).toBeLessThan(12);
});
