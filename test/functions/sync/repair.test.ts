import { expect } from 'vitest';
import type { RunRequest } from '../../../functions/sync/request.ts';
import { parseTimestamp } from '../../../functions/timestamps.ts';
import { createRandom, type Random } from '../../../local/sandbox/random.ts';
import type { Fault } from '../../../local/sandbox/server.ts';
import { type ApiRow, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { runSync } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { duckDbWarehouse, type TestWarehouse } from '../../support/warehouses.ts';

const ID_SPAN = 5_000_000;
const ROWS = 6_000;
const DAYS = 90;
const DISORDER_MINUTES = 15;

/** 90 days of five million ids, few of which are ours, in the order of arrival: some minutes out of that of the dates. */
function history(random: Random): ApiRow[] {
  let id = 391_000_000;
  return Array.from({ length: ROWS }, (_, index) => {
    id += 1 + Math.floor((random.unit() * 2 * ID_SPAN) / ROWS);
    const age = (DAYS * 1_440 * (ROWS - index)) / ROWS + random.between(0, DISORDER_MINUTES);
    return pipelineRow(id, { createdAt: minutesAgo(age), row_count: String(index) });
  });
}

/** What a bad network and a busy Kondado do, to every fiftieth request or so. */
function anyFault(random: Random): Fault | undefined {
  if (random.chance(0.015)) return { kind: 'rateLimit' };
  if (random.chance(0.002)) return { kind: 'reset' };
  if (random.chance(0.002)) return { kind: 'cutOff' };
  return random.chance(0.002) ? { kind: 'status', status: 503 } : undefined;
}

/** Some rows alone, some next to each other, some whole weeks. */
function anyHoles(rows: readonly ApiRow[], random: Random): number[] {
  const ids = new Set<number>();
  for (let hole = 0; hole < 30; hole++) {
    const first = Math.floor(random.between(0, rows.length));
    const length = Math.ceil(random.logNormal(4, 2));
    for (const { id } of rows.slice(first, first + length)) ids.add(Number(id));
  }
  ids.delete(
    Number(rows.reduce((one, other) => (String(one.createdAt) > String(other.createdAt) ? one : other)).id),
  );
  return [...ids];
}

/** What the source has and what the warehouse shows, to compare. */
async function contents(warehouse: TestWarehouse, rows: readonly ApiRow[]) {
  const stored = await warehouse.latest('pipeline_logs');
  return {
    source: rows.map(({ id, row_count, createdAt }) => [id, row_count, createdAt]),
    warehouse: stored.map(({ id, row_count, createdat }) => [
      Number(id),
      String(row_count),
      String(createdat).replace('000Z', 'Z'),
    ]),
  };
}

test.for([1, 2])(
  'any holes in 90 days are found and repaired to the last row, whatever the network does (%i)',
  {
    timeout: 120_000,
  },
  async (seed, { folder, startKondado }) => {
    const random = createRandom(seed);
    const rows = history(random);
    let stopAfter = Number.POSITIVE_INFINITY;
    let stop = new AbortController();
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: () => {
        if (stopAfter-- === 0) stop.abort();
        return anyFault(random);
      },
    });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    const env = { ...kondado.env, ...warehouse.env, STREAMS: 'pipeline_logs' };
    async function sync(request: Partial<RunRequest> = {}, requests = Number.POSITIVE_INFINITY) {
      stopAfter = requests;
      stop = new AbortController();
      const { report } = await runSync(env, request, stop.signal);
      expect(report.error).toBeUndefined();
      return report.streams[0];
    }

    // Three runs, of which the second leaves no trace: its rows are lost, and so is what it had to say.
    await sync({}, 40);
    const lost = await sync({}, 30);
    await sync();
    await warehouse.run(`DELETE FROM sync_runs WHERE last_id = ${lost?.last_id}`);
    const [before, behind] = await warehouse.run('SELECT * FROM coverage ORDER BY first_id');
    expect(behind).toBeDefined();
    await warehouse.run(
      `DELETE FROM pipeline_logs WHERE id > ${before?.last_id} AND id < ${behind?.first_id}`,
    );

    // As docs/history.md says: from the end of one range to a little after the beginning of the next.
    const [end] = await warehouse.run(
      `SELECT createdat + INTERVAL 1 HOUR AS createdat FROM pipeline_logs_latest WHERE id = ${behind?.first_id}`,
    );
    const fromId = BigInt(String(before?.last_id));
    const filled = await sync({ mode: 'backfill', fromId, to: parseTimestamp(String(end?.createdat)) });
    expect(filled?.outcome).toBe('success');
    expect(filled?.rows_inserted).toBeGreaterThan(1_000);
    expect(await warehouse.run('SELECT * FROM coverage')).toHaveLength(1);

    // What was deleted behind the back of the sync, nobody has noted: a verification finds it.
    const missing = anyHoles(rows, random);
    await warehouse.run(`DELETE FROM pipeline_logs WHERE id IN (${missing.join(', ')})`);
    const verified = await sync({ mode: 'verify', from: parseTimestamp(minutesAgo(100 * 1_440)) });
    expect(verified).toMatchObject({ outcome: 'success', rows_repaired: missing.length });
    const after = await contents(warehouse, rows);
    expect(after.warehouse).toEqual(after.source);
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(rows.length);
  },
);
