import { afterAll, beforeAll, expect, test } from 'vitest';
import { readReadingConfig } from '../../functions/config.ts';
import { logAlerts } from '../../functions/insights/alerts.ts';
import { loadOverview } from '../../functions/insights/overview.ts';
import { STREAM_NAMES } from '../../functions/streams.ts';
import { startStreamReport } from '../../functions/sync/report.ts';
import { timestampOf } from '../../functions/timestamps.ts';
import { parseRow, selectJson, VIEWS, type ViewName } from '../../functions/views/columns.ts';
import { startFakeBigQuery } from '../fakes/bigquery.ts';
import { bigQueryWarehouse } from '../support/warehouses.ts';
import { type Oracle, type OracleTable, startOracle } from './oracle.ts';

const TYPES: Record<string, string> = {
  id: 'INT64',
  text: 'STRING',
  number: 'FLOAT64',
  moment: 'TIMESTAMP',
  day: 'DATE',
};

/** A value of each kind, as the oracle takes it and as it is read. */
const VALUES: Record<string, [stored: unknown, read: unknown]> = {
  id: [9_223_372_036_854_775_807n, '9223372036854775807'],
  text: ['"é\\ 😀\u2028</script>', '"é\\ 😀\u2028</script>'],
  number: [1e-7, 1e-7],
  moment: ['2026-11-24T02:30:00.123456Z', new Date('2026-11-24T02:30:00.123Z')],
  day: ['2026-02-28', '2026-02-28'],
};

let oracle: Oracle;
beforeAll(async () => {
  oracle = await startOracle();
});
afterAll(() => oracle.stop());

const columnsOf = (view: ViewName) => Object.entries<string>(VIEWS[view]);

function tableOf(view: ViewName, name: string): OracleTable {
  const columns = columnsOf(view).map(([column, kind]) => ({
    name: column,
    type: TYPES[kind.replace('?', '')] ?? '',
  }));
  const row = (value: (kind: string) => unknown) =>
    Object.fromEntries(columnsOf(view).map(([column, kind]) => [column, value(kind)]));
  const full = row((kind) => VALUES[kind.replace('?', '')]?.[0]);
  const sparse = row((kind) => (kind.endsWith('?') ? null : VALUES[kind]?.[0]));
  return { name, columns, rows: [full, sparse] };
}

test.each(Object.keys(VIEWS) as ViewName[])('what is read of %s comes out as it was', async (view) => {
  const sql = selectJson(view, `\`p.d.${view}\``, 'TRUE');
  const { rows } = await oracle.evaluate(sql, [tableOf(view, `p.d.${view}`)]);
  const read = rows.map(({ content }) => parseRow(view, String(content)));
  const expected = (isNull: (kind: string) => boolean) =>
    Object.fromEntries(
      columnsOf(view).map(([column, kind]) => [
        column,
        isNull(kind) ? null : VALUES[kind.replace('?', '')]?.[1],
      ]),
    );
  expect(read).toHaveLength(2);
  expect(read).toEqual(
    expect.arrayContaining([expected(() => false), expected((kind) => kind.endsWith('?'))]),
  );
});

test('every statement with which the page and the look after a run read is one to BigQuery', async () => {
  const fake = await startFakeBigQuery();
  const config = readReadingConfig(bigQueryWarehouse(fake).env);
  await loadOverview(config);
  const streams = STREAM_NAMES.map((stream) => ({
    ...startStreamReport({ stream, clientId: null }),
    outcome: 'success' as const,
  }));
  const moment = timestampOf(Date.now());
  const run = { run_id: 'r', finished_at: moment, streams } as const;
  const log = { write: () => {} };
  await logAlerts(
    { ...run, mode: 'incremental', dry_run: false },
    null,
    config,
    new AbortController().signal,
    log,
  );
  await fake.close();

  const queries = fake.calls.flatMap(({ kind, query }) => (kind === 'query' && query ? [query] : []));
  expect(queries).toHaveLength(Object.keys(VIEWS).length + 3);
  for (const query of queries) {
    const [, name = '', view] = /FROM `(.*?(\w+))`/.exec(query) ?? [];
    const { columns } = await oracle.evaluate(query, [tableOf(view as ViewName, name)]);
    expect(columns, query).toEqual([expect.objectContaining({ name: 'content', type: 'STRING' })]);
  }
});
