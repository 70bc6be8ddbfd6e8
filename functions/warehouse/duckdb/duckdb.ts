import type { DuckDBAppender } from '@duckdb/node-api';
import type { Config, DuckDbConfig } from '../../config.ts';
import { type LogRow, type RejectedRow, rejectedRowValues } from '../../rows.ts';
import { type Column, type Row, TABLES, type TableName, type Value } from '../../schema/tables.ts';
import { epochMicrosOf } from '../../timestamps.ts';
import type { Adapter } from '../adapter.ts';
import { askDuckDb, connectDuckDb, DEFAULT_MEMORY, type DuckDb, inTurn } from './connection.ts';
import { createDuckDbInspector } from './inspection.ts';
import { keepApart } from './made-up.ts';
import { makeTables, makeViews, placeholdersOf } from './schema.ts';

const LOW_MEMORY = '32MB';
const LARGE_PAGE_BYTES = 2 ** 18;

/** Opens a DuckDB file as warehouse, with its tables and views made where they are missing. */
export async function openDuckDb(config: DuckDbConfig, billing: Config['billing']): Promise<Adapter> {
  const { path } = config;
  const { duckdb, connection, close } = await connectDuckDb(path);
  const work = inTurn(path);
  const columnsOf = new Map<string, (Column | undefined)[]>();
  let hasLowMemory = false;
  let hadLargePage = false;

  /** All or nothing. */
  async function transaction(write: () => void | Promise<void>): Promise<void> {
    await connection.run('BEGIN');
    try {
      await write();
      await connection.run('COMMIT');
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined); // DuckDB may have ended the transaction itself
      throw error;
    }
  }

  async function append(table: TableName, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const appender = await connection.createAppender(table);
    const columns = columnsOf.get(table) ?? [];
    for (const row of rows) {
      for (const column of columns) appendValue(duckdb, appender, column, row[column?.name ?? ''] ?? null);
      appender.endRow();
    }
    appender.closeSync();
  }

  /**
   * DuckDB keeps what it has written in memory, up to its limit. A low one costs a long load no time, but a page of large
   * texts would not fit; after one of those the limit stays as high as it is by default.
   */
  async function limitMemory(isLow: boolean): Promise<void> {
    if (isLow && (hadLargePage || hasLowMemory)) return;
    hasLowMemory = isLow;
    hadLargePage = !isLow;
    await connection.run(`SET memory_limit = '${isLow ? LOW_MEMORY : DEFAULT_MEMORY}'`);
  }

  try {
    await work(async () => {
      await transaction(async () => {
        await makeTables(connection);
        await keepApart(connection, config);
        await makeViews(connection, placeholdersOf(billing));
      });
      // Rows are appended by position, and a newer version of the sync may have made the file.
      const rows = await connection.runAndReadAll(
        'SELECT table_name, column_name FROM duckdb_columns() ORDER BY table_name, column_index',
      );
      for (const [table, { schema }] of Object.entries(TABLES)) {
        const names = rows.getRows().flatMap(([name, column]) => (name === table ? [column] : []));
        columnsOf.set(
          table,
          names.map((name) => schema.find((column) => column.name === name)),
        );
      }
    });
  } catch (error) {
    close();
    throw error;
  }

  return {
    ask: (sql) => work(() => askDuckDb(connection, sql)),
    store: (reading, rows, rejected) =>
      work(async () => {
        await limitMemory(sizeOf(rows, rejected) < LARGE_PAGE_BYTES);
        await transaction(async () => {
          await append(
            'rejected_rows',
            rejected.map((row) => rejectedRowValues(row, reading)),
          );
          await append(
            reading.source.stream,
            rows.map(({ values }) => values),
          );
        });
        return { stored: rows, refused: [] };
      }),
    record: (table, rows) => work(() => transaction(() => append(table, rows))),
    inspector: createDuckDbInspector(connection, work, path),
    close: () => work(async () => close()),
  };
}

function sizeOf(rows: readonly LogRow[], rejected: readonly RejectedRow[]): number {
  const values = [
    ...rows.flatMap((row) => Object.values(row.values)),
    ...rejected.map(({ content }) => content),
  ];
  return values.reduce<number>((total, value) => total + (typeof value === 'string' ? value.length : 0), 0);
}

function appendValue(
  duckdb: DuckDb,
  appender: DuckDBAppender,
  column: Column | undefined,
  value: Value,
): void {
  const type = column?.type;
  if (value === null) appender.appendNull();
  else if (type === 'INT64') appender.appendBigInt(BigInt(value));
  else if (type === 'FLOAT64') appender.appendDouble(Number(value));
  else if (type === 'BOOL') appender.appendBoolean(value === true);
  else if (type === 'TIMESTAMP') {
    appender.appendTimestampTZ(new duckdb.DuckDBTimestampTZValue(epochMicrosOf(String(value))));
  } else appender.appendVarchar(String(value));
}
