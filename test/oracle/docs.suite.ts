import { afterAll, beforeAll, expect, test } from 'vitest';
import { TABLES } from '../../functions/schema/tables.ts';
import { readViews } from '../../functions/views/templates.ts';
import { blocksIn, found } from '../docs/markdown.ts';
import { type Oracle, type OracleTable, startOracle } from './oracle.ts';

let oracle: Oracle;
const relations = new Map<string, OracleTable>();

/** A table of the reader's, see docs/events.md. */
const HANDLED: OracleTable = {
  name: 'staging.handled',
  columns: [
    { name: 'event_id', type: 'STRING' },
    { name: 'handled_at', type: 'TIMESTAMP' },
  ],
  rows: [],
};

/** Every table and view, without rows: what a query of the docs may name. */
beforeAll(async () => {
  oracle = await startOracle();
  for (const [name, { schema }] of Object.entries(TABLES)) {
    relations.set(name, { name: `p.d.${name}`, columns: schema, rows: [] });
  }
  const views = readViews({
    dataset: 'p.d',
    now: 'CURRENT_TIMESTAMP()',
    time_zone: 'America/Sao_Paulo',
    plan_records: 'NULL',
    plan_pipelines: 'NULL',
  });
  const makeView = async (name: string): Promise<OracleTable> => {
    const known = relations.get(name);
    if (known) return known;
    const sql = views.get(name) ?? '';
    const reads = await Promise.all(found(sql, /`p\.d\.(\w+)`/g).map(makeView));
    const { columns } = await oracle.evaluate(sql, reads);
    const view = { name: `p.d.${name}`, columns, rows: [] };
    relations.set(name, view);
    return view;
  };
  for (const name of views.keys()) await makeView(name);
});
afterAll(() => oracle.stop());

test('every query of the docs that is not for DuckDB alone is one that BigQuery can run', async () => {
  const commands = blocksIn('sh')
    .map(({ text }) => text)
    .join('\n');
  const queries = [
    ...blocksIn('sql').map(({ text }) => text),
    ...found(commands, /npm run query -- "([^"]+)"/g),
    ...found(commands, /^bq query --use_legacy_sql=false '(.+)'$/gm),
  ].filter((text) => !text.startsWith('-- DuckDB\n'));
  expect(queries.length).toBeGreaterThan(8);
  for (const sql of queries) {
    const text = sql
      .replaceAll(/`kondado\.(\w+)`/g, '$1')
      .replaceAll(/\b(FROM|JOIN) (\w+)\b/g, (all, word, name) =>
        relations.has(name) ? `${word} \`p.d.${name}\`` : all,
      );
    if (text.includes('MERGE ')) {
      await oracle.analyze(text.replace('staging.handled', '`staging.handled` AS handled'), [HANDLED]);
      continue;
    }
    const { columns } = await oracle.evaluate(text, [...relations.values()]);
    expect(columns, sql).not.toEqual([]);
  }
});
