import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SANDBOX_KEY, SANDBOX_TOKEN } from '../../local/sandbox/server.ts';

const PAGE_SIZE = 50;

interface Load {
  outcome: string;
  rows: number;
  duplicates: number;
  requests: number;
  rateLimitHits: number;
  seconds: number;
  peakMegabytes: number;
}

async function message<T>(child: ChildProcess): Promise<T> {
  const [value] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${child.spawnfile} ended without an answer`))),
  ]);
  return value as T;
}

/** Syncs a history of so many rows into a new DuckDB file, `runs` times in a row. */
async function load(rows: number, limits: { perSecond: number; perMinute: number } | null, runs = 1) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kondado-bench-'));
  const source = fork(new URL('source.ts', import.meta.url), [JSON.stringify({ rows, ...limits })]);
  const { url } = await message<{ url: string }>(source);
  const env = {
    PATH: process.env.PATH,
    KONDADO_BASE_URL: url,
    KONDADO_API_KEY: SANDBOX_KEY,
    KONDADO_TOKEN: SANDBOX_TOKEN,
    KONDADO_REQUESTS_PER_SECOND: String(limits?.perSecond ?? 1e6),
    KONDADO_REQUESTS_PER_MINUTE: String(limits?.perMinute ?? 1e8),
    WAREHOUSE: 'duckdb',
    DUCKDB_PATH: path.join(folder, 'bench.duckdb'),
  };
  const results: Load[] = [];
  for (let index = 0; index < runs; index++) {
    results.push(
      await message<Load>(
        fork(new URL('load.ts', import.meta.url), { env, execArgv: ['--optimize-for-size'] }),
      ),
    );
  }
  source.send('end');
  const { violations } = await message<{ violations: number }>(source);
  source.kill();
  rmSync(folder, { recursive: true });
  return { results, violations };
}

async function throughput(): Promise<void> {
  console.log(
    '\nFirst load into DuckDB, limits lifted. Least requests: an inclusive cursor brings 49 new rows a page.',
  );
  const table = [];
  for (const rows of [50_000, 200_000, 1_000_000]) {
    const { results } = await load(rows, null, 2);
    const [first, second] = results;
    if (!first || !second) throw new Error('a run is missing');
    table.push({
      rows: first.rows,
      seconds: first.seconds.toFixed(1),
      'rows a second': Math.round(first.rows / first.seconds),
      'peak MB': Math.round(first.peakMegabytes),
      requests: first.requests,
      'least requests': 1 + Math.ceil((rows - PAGE_SIZE) / (PAGE_SIZE - 1)),
      'second run: rows': second.rows,
      requests2: second.requests,
      seconds2: second.seconds.toFixed(2),
    });
  }
  console.table(table);
}

async function rateLimit(): Promise<void> {
  const limits = { perSecond: 20, perMinute: 400 };
  const requests = 1200;
  console.log(
    `\nA long run at limits of ${limits.perSecond} a second and ${limits.perMinute} a minute (twenty times Kondado's).`,
  );
  const { results, violations } = await load(PAGE_SIZE + (requests - 1) * (PAGE_SIZE - 1), limits);
  const [result] = results;
  if (!result) throw new Error('the run is missing');
  // No client could be faster: each full minute takes its share at once, the last one at the pace per second.
  const fullMinutes = Math.ceil(result.requests / limits.perMinute) - 1;
  const leastSeconds =
    fullMinutes * 60 + (result.requests - fullMinutes * limits.perMinute - 1) / limits.perSecond;
  console.table([
    {
      requests: result.requests,
      seconds: result.seconds.toFixed(1),
      'least seconds': leastSeconds.toFixed(1),
      'share of the allowed rate': `${((100 * leastSeconds) / result.seconds).toFixed(1)} %`,
      RATE_LIMIT_EXCEEDED: violations,
    },
  ]);
}

function bigQueryCost(): void {
  console.log(
    '\nBytes that an hourly run scans in BigQuery, by arithmetic: 8 bytes a value, whole day partitions.',
  );
  const columns = { position: 16, 'stored versions': 24 }; // id, createdat; id, updatedat, createdat
  const table = [1_000, 10_000, 100_000].map((rowsPerDay) => {
    const scanned = {
      position: 8 * rowsPerDay * columns.position,
      versions: 3 * rowsPerDay * columns['stored versions'],
    };
    const billed = 2 * 10 * 2 ** 20; // at least 10 MB for each query
    const billedBytes = Math.max(scanned.position, billed / 2) + Math.max(scanned.versions, billed / 2);
    return {
      'rows a day': rowsPerDay,
      'MB scanned a run and stream': ((scanned.position + scanned.versions) / 1e6).toFixed(2),
      'GB billed a month (730 runs, 2 streams)': ((billedBytes * 2 * 730) / 1e9).toFixed(1),
      'of the free TB': `${((billedBytes * 2 * 730) / 1.0995e10).toFixed(1)} %`,
    };
  });
  console.table(table);
}

/** What a sync takes: time, memory, requests, and bytes that BigQuery scans. */
export async function run(): Promise<void> {
  bigQueryCost();
  await throughput();
  await rateLimit();
}
