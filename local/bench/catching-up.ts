// What it costs to find a date, and how long it takes to catch up run by run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../functions/config.ts';
import { createLog } from '../../functions/log.ts';
import { remaindersOf } from '../../functions/remainder.ts';
import { parseRunRequest, type RunRequest } from '../../functions/request.ts';
import { run } from '../../functions/run.ts';
import { createRandom } from '../sandbox/random.ts';
import { SANDBOX_KEY, SANDBOX_TOKEN, startSandbox } from '../sandbox/server.ts';
import { type Knowledge, moments, ROUGH, SMOOTH, search } from './histories.ts';
import { createHistory } from './history.ts';

const SEEDS = [11, 12, 13];
const SCALE = 60;
const BUDGET_SECONDS = 1500;
const DELAY_SECONDS = 30;

/** The probes of the search for a date, over all kinds of histories. */
export async function dateSearch(): Promise<void> {
  console.log('\nRequests that finding a date among 5 million ids takes, over 60 moments in each history.');
  const table = [];
  for (const [kind, histories] of Object.entries({ even: SMOOTH, uneven: ROUGH })) {
    const knowledges: Knowledge[] = [
      'all rows',
      'rows up to a week before',
      'rows from a week after on',
      'nothing',
    ];
    const probes = new Map<Knowledge, number[]>(knowledges.map((knowledge) => [knowledge, []]));
    for (const make of Object.values(histories)) {
      for (const seed of SEEDS) {
        const made = make(createRandom(seed));
        for (const moment of moments(createRandom(seed, 7))) {
          for (const [knowledge, counts] of probes)
            counts.push((await search(made, moment, knowledge)).probes);
        }
      }
    }
    for (const [knowledge, counts] of probes) {
      const sorted = counts.sort((one, other) => one - other);
      const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
      table.push({
        histories: kind,
        'stored already': knowledge,
        median: at(0.5),
        '95 %': at(0.95),
        most: at(1),
      });
    }
  }
  console.table(table);
}

/** A first load that its time budget ends again and again, each run started half a minute after the one before. */
export async function firstLoad(): Promise<void> {
  const rows = 50_000;
  console.log(
    `\nA first load of ${rows} rows with Cloud Tasks, everything ${SCALE} times as fast: ${20 * SCALE} requests a minute, a time budget of ${BUDGET_SECONDS / SCALE} s, ${DELAY_SECONDS / SCALE} s between two runs.`,
  );
  // Spread over the minute: a minute is not shorter for the limits.
  const limits = { perSecond: (20 * SCALE) / 60, perMinute: 20 * SCALE };
  const sandbox = await startSandbox({ source: createHistory(rows, Date.now()), limits });
  const folder = mkdtempSync(path.join(tmpdir(), 'kondado-bench-'));
  const env = {
    KONDADO_BASE_URL: sandbox.url,
    KONDADO_API_KEY: SANDBOX_KEY,
    KONDADO_TOKEN: SANDBOX_TOKEN,
    KONDADO_REQUESTS_PER_SECOND: String(limits.perSecond),
    KONDADO_REQUESTS_PER_MINUTE: String(limits.perMinute),
    TIME_BUDGET_SECONDS: String(BUDGET_SECONDS / SCALE),
    WAREHOUSE: 'duckdb',
    DUCKDB_PATH: path.join(folder, 'bench.duckdb'),
  };
  const log = createLog({ level: 'error', isReadable: true, write: (line) => process.stderr.write(line) });
  const startedAtMs = performance.now();
  let inserted = 0;
  let runs = 0;
  const first = parseRunRequest('{"streams":["pipeline_logs"]}');
  for (let next: RunRequest | undefined = first; next; runs++) {
    if (runs > 0) await sleep((DELAY_SECONDS / SCALE) * 1000);
    const report = await run(next, { readConfig: () => readConfig(env), log });
    inserted += report.streams[0]?.rows_inserted ?? 0;
    next = remaindersOf(next, report).find(({ hasProgressed }) => hasProgressed)?.request;
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  const { length: requests } = sandbox.requests;
  const leastSeconds = (requests / limits.perMinute) * 60;
  const requestsFor200k = Math.ceil(200_000 / 49);
  await sandbox.close();
  rmSync(folder, { recursive: true });
  console.table([
    {
      rows: inserted,
      runs,
      requests,
      seconds: seconds.toFixed(1),
      'least seconds at the limit': leastSeconds.toFixed(1),
      'minutes for 200,000 rows at the limit': Math.round(requestsFor200k / 20),
      '... at this pace': Math.round(((requestsFor200k / 20) * seconds) / leastSeconds),
    },
  ]);
}
