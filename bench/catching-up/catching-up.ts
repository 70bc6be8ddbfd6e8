// What it costs to find a date, and how long it takes to catch up run by run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../functions/config.ts';
import { createLog } from '../../functions/log.ts';
import { run as sync } from '../../functions/run.ts';
import { parseRunRequest, type RunRequest } from '../../functions/sync/request.ts';
import { unfinishedOf } from '../../functions/sync/unfinished.ts';
import { createRandom } from '../../local/sandbox/random.ts';
import { SANDBOX_KEY, SANDBOX_TOKEN, startSandbox } from '../../local/sandbox/server.ts';
import { type Knowledge, moments, ROUGH, SMOOTH, search } from '../../test/fixtures/histories.ts';
import { createHistory } from '../sync/history.ts';

const SEEDS = [11, 12, 13];
const SCALE = 60;
const BUDGET_SECONDS = 1500;
const DELAY_SECONDS = 30;
/** At the end of its budget a run reads no more. */
const RESERVE_SECONDS = 10;
const PER_MINUTE = 20;

export async function run(): Promise<void> {
  await dateSearch();
  await firstLoad();
}

/** How many requests the search for a date takes, over all kinds of histories. */
async function dateSearch(): Promise<void> {
  console.log(
    '\nRequests that it takes to find a date among 5 million ids, over 60 moments in each history.',
  );
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

/** A first load that the time budget ends again and again; each run starts half a minute after the one before. */
async function firstLoad(): Promise<void> {
  const rows = 50_000;
  const [perMinute, budgetSeconds, delaySeconds] = [
    PER_MINUTE * SCALE,
    BUDGET_SECONDS / SCALE,
    DELAY_SECONDS / SCALE,
  ];
  console.log(`
A first load of ${rows} rows with Cloud Tasks, everything ${SCALE} times as fast: ${perMinute} requests a minute,
a time budget of ${budgetSeconds.toFixed(1)} s, ${delaySeconds.toFixed(1)} s between two runs.`);
  // Spread over the minute, because the limiter's minute is no shorter.
  const limits = { perSecond: perMinute / 60, perMinute };
  const sandbox = await startSandbox({ source: createHistory(rows, Date.now()), limits });
  const folder = mkdtempSync(path.join(tmpdir(), 'kondado-bench-'));
  const env = {
    KONDADO_BASE_URL: sandbox.url,
    KONDADO_API_KEY: SANDBOX_KEY,
    KONDADO_TOKEN: SANDBOX_TOKEN,
    KONDADO_REQUESTS_PER_SECOND: String(limits.perSecond),
    KONDADO_REQUESTS_PER_MINUTE: String(limits.perMinute),
    TIME_BUDGET_SECONDS: String(budgetSeconds),
    WAREHOUSE: 'duckdb',
    DUCKDB_PATH: path.join(folder, 'bench.duckdb'),
  };
  const log = createLog({ level: 'error', isReadable: true, write: (line) => process.stderr.write(line) });
  let inserted = 0;
  let runs = 0;
  const first = parseRunRequest('{"streams":["pipeline_logs"]}');
  for (let next: RunRequest | undefined = first; next; runs++) {
    if (runs > 0) await sleep(delaySeconds * 1000);
    const { report } = await sync(next, { readConfig: () => readConfig(env), log });
    inserted += report.streams[0]?.rows_inserted ?? 0;
    next = unfinishedOf(next, report).find(({ hasProgressed }) => hasProgressed)?.request;
  }
  const { length: requests } = sandbox.requests;
  const requestsAtOnce = (rowCount: number) => 1 + Math.ceil((rowCount - 50) / 49);
  await sandbox.close();
  rmSync(folder, { recursive: true });
  console.table([{ rows: inserted, runs, requests, 'in one run': requestsAtOnce(rows) }]);

  const wanted = requestsAtOnce(200_000);
  const requestsARun = ((BUDGET_SECONDS - RESERVE_SECONDS) / 60) * PER_MINUTE;
  const pauses = Math.ceil(wanted / requestsARun) - 1;
  const atLimit = wanted / PER_MINUTE;
  console.log("By arithmetic, 200,000 rows at Kondado's limit:");
  console.table([
    {
      requests: wanted,
      'minutes at the limit': Math.round(atLimit),
      'with Cloud Tasks': Math.round(atLimit + (pauses * (DELAY_SECONDS + RESERVE_SECONDS)) / 60),
      'with an hourly schedule': Math.round(pauses * 60 + (wanted - pauses * requestsARun) / PER_MINUTE),
    },
  ]);
}
