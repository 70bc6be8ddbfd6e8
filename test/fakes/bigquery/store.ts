import { type DuckDBConnection, DuckDBInstance, type DuckDBValue, StatementType } from '@duckdb/node-api';
import type { Config } from '../../../functions/config.ts';
import { VIEWS, type ViewName } from '../../../functions/views/columns.ts';
import { billingPlaceholders } from '../../../functions/views/templates.ts';
import { readDuckDbViews } from '../../../functions/warehouse/duckdb/schema.ts';
import { refusal } from './answers.ts';
import { type FakeCall, queryConfiguration, type Route } from './calls.ts';
import { isoText, plain, type ResultField, resultField, resultValue } from './results.ts';
import {
  type CheckedRow,
  COLUMN_TYPES,
  checkRow,
  type InsertErrors,
  type InsertRow,
  readTables,
  rowError,
  type Table,
} from './rows.ts';
import { quoted, SESSION_STATEMENTS, type Translated, translate } from './translate.ts';

export interface StoreOptions {
  project: string;
  dataset: string;
  missingTables: readonly string[];
  isJudged: boolean;
  billing: Config['billing'];
  isDeduping: boolean;
  now: () => number;
  /** Whether the views look at `now` too, and not at the real clock. */
  isClockFixed: boolean;
}

export interface QueryResult {
  fields: ResultField[];
  rows: { f: { v: unknown }[] }[];
}

/** The rows, in an in-memory DuckDB with the tables of `functions/schema/`. */
export interface Store {
  /** Stores what BigQuery would store. */
  insertAll(call: FakeCall, route: Route): Promise<InsertErrors>;
  /** What is known of a table, or of the dataset. */
  metadata(route: Route): object;
  /** Answers a query of BigQuery's SQL. */
  query(call: FakeCall): Promise<QueryResult>;
  /** DuckDB's SQL. */
  run(sql: string): Promise<Record<string, unknown>[]>;
  rows(table: string): Promise<Record<string, unknown>[]>;
  clear(table: string): Promise<void>;
  close(): Promise<void>;
}

/** What the REST API calls the types whose names in SQL are others. */
const LEGACY_TYPES: Record<string, string> = { INT64: 'INTEGER', FLOAT64: 'FLOAT', BOOL: 'BOOLEAN' };
/** What every run looks at. */
const JUDGEMENTS = ['plan_forecast', 'pipeline_status', 'model_status'] as const;
const LOCATION = 'US';
const ROWS_PER_REQUEST_LIMIT = 50_000;
const INSERT_ID_LIMIT_CHARACTERS = 128;

export async function openStore(options: StoreOptions): Promise<Store> {
  const { project, dataset, missingTables, now } = options;
  const tables = readTables().filter(({ name }) => !missingTables.includes(name));
  const storedInsertIds = new Map(tables.map(({ name }) => [name, new Set<string>()]));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  for (const statement of [...SESSION_STATEMENTS, ...tablesStatements(dataset, tables)])
    await connection.run(statement);
  const views = missingTables.length > 0 ? new Map<string, string>() : readViews(options);
  for (const [name, sql] of views)
    await connection.run(`CREATE VIEW ${quoted(dataset)}.${quoted(name)} AS ${sql}`);
  const exclusively = queue();

  function findTable(tableProject: string, tableDataset: string, name: string): Table {
    const table = tables.find((candidate) => candidate.name === name);
    if (table && tableProject === project && tableDataset === dataset) return table;
    const whole = `${tableProject}:${tableDataset}`;
    throw tableDataset === dataset && tableProject === project
      ? refusal(404, 'notFound', `Not found: Table ${whole}.${name}`)
      : refusal(404, 'notFound', `Not found: Dataset ${whole}`);
  }

  async function append(
    table: Table,
    rows: readonly { insertId: string | undefined; cells: DuckDBValue[] }[],
  ): Promise<void> {
    const seen = storedInsertIds.get(table.name);
    const appender = await connection.createAppender(table.name, dataset);
    for (const { insertId, cells } of rows) {
      if (options.isDeduping && insertId && seen?.has(insertId)) continue;
      if (insertId) seen?.add(insertId);
      for (const [column, cell] of cells.entries()) {
        const type = COLUMN_TYPES[table.fields[column]?.type ?? '']?.type;
        if (cell === null) appender.appendNull();
        else appender.appendValue(cell, type);
      }
      appender.endRow();
    }
    appender.closeSync();
  }

  async function run(sql: string): Promise<Record<string, unknown>[]> {
    const reader = await exclusively(() => connection.runAndReadAll(sql));
    const names = reader.columnNames();
    return reader
      .getRows()
      .map((row) => Object.fromEntries(row.map((value, index) => [names[index] ?? '', plain(value)])));
  }

  return {
    async insertAll({ body }, route) {
      const table = findTable(route.project, route.dataset ?? '', route.table ?? '');
      const rows: InsertRow[] = body?.rows ?? [];
      checkRequest(rows);
      const checkOptions = {
        ignoreUnknownValues: body.ignoreUnknownValues === true,
        ...{ now, project, dataset },
      };
      const checked = rows.map(({ json }) => checkRow(table, json, checkOptions));
      const isAllOrNothing = !body.skipInvalidRows && checked.some(({ errors }) => errors.length > 0);
      const storable = checked
        .map(({ cells, errors }, index) => ({ insertId: rows[index]?.insertId, cells, errors }))
        .filter(({ errors }) => !isAllOrNothing && errors.length === 0);
      await exclusively(() => append(table, storable));
      return insertErrors(checked, isAllOrNothing);
    },
    metadata(route) {
      const { project: ofProject, dataset: ofDataset = '', table: name } = route;
      if (name !== undefined) return tableMetadata(findTable(ofProject, ofDataset, name));
      if (ofProject !== project || ofDataset !== dataset)
        throw refusal(404, 'notFound', `Not found: Dataset ${ofProject}:${ofDataset}`);
      return {
        kind: 'bigquery#dataset',
        datasetReference: { projectId: project, datasetId: dataset },
        location: LOCATION,
      };
    },
    query({ query = '', body }) {
      const { parameterMode, queryParameters = [] } = queryConfiguration(body);
      if (parameterMode === 'POSITIONAL')
        throw refusal(400, 'invalidQuery', 'The fake takes named parameters only.');
      const nameOf = (tableProject: string, tableDataset: string, name: string) =>
        views.has(name) && tableDataset === dataset ? name : findTable(tableProject, tableDataset, name).name;
      const translated = translate(query, queryParameters, { nameOf, project, now });
      return exclusively(() => runQuery(connection, translated));
    },
    run,
    rows: (table) => run(`SELECT * FROM ${quoted(dataset)}.${quoted(table)}`),
    async clear(table) {
      await run(`DELETE FROM ${quoted(dataset)}.${quoted(table)}`);
      storedInsertIds.get(table)?.clear();
    },
    close: () =>
      exclusively(async () => {
        connection.closeSync();
        instance.closeSync();
      }),
  };
}

function tableMetadata({ name, fields, partitionField, clustering }: Table): object {
  return {
    kind: 'bigquery#table',
    tableReference: { tableId: name },
    schema: { fields: fields.map(({ type, ...field }) => ({ ...field, type: LEGACY_TYPES[type] ?? type })) },
    timePartitioning: { type: 'DAY', field: partitionField },
    ...(clustering.length > 0 ? { clustering: { fields: clustering } } : {}),
  };
}

function checkRequest(rows: readonly InsertRow[]): void {
  if (rows.length === 0) throw refusal(400, 'invalid', 'No rows present in the request.');
  if (rows.length > ROWS_PER_REQUEST_LIMIT) {
    throw refusal(400, 'invalid', `Too many rows present in the request, limit: ${ROWS_PER_REQUEST_LIMIT}.`);
  }
  if (rows.some((row) => (row.insertId?.length ?? 0) > INSERT_ID_LIMIT_CHARACTERS)) {
    throw refusal(400, 'invalid', `insertId is longer than ${INSERT_ID_LIMIT_CHARACTERS} characters.`);
  }
}

/** If one row stops all, the good ones say so too. */
function insertErrors(checked: readonly CheckedRow[], isAllOrNothing: boolean): InsertErrors {
  return checked
    .map(({ errors }, index) => ({
      index,
      errors: errors.length > 0 || !isAllOrNothing ? errors : [rowError('stopped', '', '')],
    }))
    .filter(({ errors }) => errors.length > 0);
}

function tablesStatements(dataset: string, tables: readonly Table[]): string[] {
  const statements = tables.map(({ name, fields }) => {
    const columns = fields.map(
      (field) => `${quoted(field.name)} ${COLUMN_TYPES[field.type]?.duckdb ?? field.type}`,
    );
    return `CREATE TABLE ${quoted(dataset)}.${quoted(name)} (${columns.join(', ')})`;
  });
  return [`CREATE SCHEMA IF NOT EXISTS ${quoted(dataset)}`, ...statements];
}

/** The views in DuckDB's SQL: it is DuckDB that answers. */
function readViews({ dataset, billing, now, isClockFixed, isJudged }: StoreOptions): Map<string, string> {
  const moment = isClockFixed ? `TIMESTAMPTZ '${isoText(BigInt(now()) * 1000n)}'` : 'now()';
  const views = readDuckDbViews({ dataset: quoted(dataset), now: moment, ...billingPlaceholders(billing) });
  return isJudged ? views : new Map([...views, ...JUDGEMENTS.map((name) => [name, emptySql(name)] as const)]);
}

function emptySql(view: ViewName): string {
  const columns = Object.keys(VIEWS[view]).map((column) => `NULL AS ${column}`);
  return `SELECT ${columns.join(', ')} WHERE FALSE`;
}

async function runQuery(
  connection: DuckDBConnection,
  { sql, values, types, isOrdered }: Translated,
): Promise<QueryResult> {
  try {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) throw new Error('The fake runs one statement at a time.');
    const prepared = await statements.prepare(0);
    if (prepared.statementType !== StatementType.SELECT) throw new Error('The fake runs queries only.');
    prepared.bind(values, types);
    const reader = await prepared.runAndReadAll();
    const columns = reader.columnTypes();
    const fields = reader.columnNames().map((name, index) => resultField(name, index, columns[index]));
    const rows = reader.getRows().map((row) => ({ f: row.map((value) => ({ v: resultValue(value) })) }));
    return { fields, rows: isOrdered ? rows : rows.reverse() };
  } catch (error) {
    throw refusal(400, 'invalidQuery', (error as Error).message);
  }
}

/** One thing after the other, so that no two requests meet on the one connection. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}
