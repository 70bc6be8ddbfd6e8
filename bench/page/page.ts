import { type PageOptions, renderPage } from '../../functions/page/page.ts';
import { createOverview } from '../../test/fixtures/overview.ts';
import { readViewsOfLongHistory } from './views.ts';

const RUNS = 7;
const OPTIONS: PageOptions = {
  billing: { timeZone: 'America/Sao_Paulo', planRecords: null, planPipelines: null },
  language: 'en',
  muted: { pipelines: [], models: [] },
  isMadeUp: false,
};
const LEAST_BILLED_MB = 10;

/** What the page takes: time, size, the time of each view, and the bytes that it and the check after each run scan in BigQuery. */
export async function run(): Promise<void> {
  rendering();
  await readViewsOfLongHistory();
  bigQueryCost();
}

function rendering(): void {
  console.log(
    `\nThe page of 90 days, rendered in this process: the first time, and the median of ${RUNS} more.`,
  );
  const table = [40, 500].map((pipelines) => {
    const overview = createOverview({
      pipelines,
      models: pipelines / 5,
      nameOf: (index) => `Pipeline ${index}`,
    });
    const times: number[] = [];
    let page = '';
    for (let index = 0; index <= RUNS; index++) {
      const startedMs = performance.now();
      page = renderPage(overview, OPTIONS);
      times.push(performance.now() - startedMs);
    }
    const [first = 0, ...others] = times;
    return {
      pipelines,
      'first ms': Math.round(first),
      'median ms': Math.round(others.sort((one, other) => one - other)[Math.floor(RUNS / 2)] ?? 0),
      KB: Math.round(Buffer.byteLength(page) / 1000),
    };
  });
  console.table(table);
}

/** Bytes per row in the columns that a view needs (8 a value, 27 for a name), and the days that it reads. */
const SCANS = {
  pipeline_status: { bytes: 91, days: 400 },
  plan_forecast: { bytes: 57, days: 120 },
  monthly_usage: { bytes: 84, days: 435 },
  daily_usage: { bytes: 108, days: 91 },
  execution_anomalies: { bytes: 91, days: 90 },
};

function bigQueryCost(): void {
  console.log(
    `\nWhat BigQuery bills, by arithmetic: the columns needed, whole days, at least ${LEAST_BILLED_MB} MB for each of the queries.`,
  );
  const table = [1_000, 10_000].map((rowsPerDay) => {
    const megabytes = (views: (keyof typeof SCANS)[], others: number) =>
      views
        .map((view) => (SCANS[view].bytes * SCANS[view].days * rowsPerDay) / 1e6)
        .reduce((sum, scanned) => sum + Math.max(scanned, LEAST_BILLED_MB), others * LEAST_BILLED_MB);
    const look = megabytes(['pipeline_status', 'plan_forecast'], 2);
    return {
      'rows a day': rowsPerDay,
      'MB after each run': Math.round(look),
      'GB a month (730 runs)': Math.round((look * 730) / 1000),
      'MB each time the page is opened': Math.round(
        megabytes(Object.keys(SCANS) as (keyof typeof SCANS)[], 4),
      ),
    };
  });
  console.table(table);
}
