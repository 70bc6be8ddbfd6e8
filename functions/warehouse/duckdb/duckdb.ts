import type { DuckDBAppender, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { Config, DuckDbConfig } from '../../config.ts';
import { type LogRow, type RejectedRow, rejectedRowValues } from '../../rows.ts';
import { type Column, type Row, TABLES, type TableName, type Value } from '../../schema/tables.ts';
import type { Source } from '../../streams.ts';
import { epochMicrosOf, type Timestamp, timestampOf } from '../../timestamps.ts';
import { billingPlaceholders } from '../../views/templates.ts';
import type { Warehouse } from '../warehouse.ts';
import { connectDuckDb, DEFAULT_MEMORY, type DuckDb, inTurn } from './connection.ts';
import { makeTables, makeViews } from './schema.ts';

const LOW_MEMORY = '32MB';
const LARGE_PAGE_BYTES = 2 ** 18;

/** Opens a DuckDB file as warehouse, with its tables and views made where they are missing. */
export async function openDuckDb({ path }: DuckDbConfig, billing: Config['billing']): Promise<Warehouse> {
  const { duckdb, connection, close } = await connectDuckDb(path);
  const work = inTurn(path);
  const columnsOf = new Map<string, (Column | undefined)[]>();
  let hasLowMemory = false;
  let hadLargePage = false;

  async function query(
    sql: string,
    values: Record<string, DuckDBValue> = {},
    types: Record<string, DuckDBType> = {},
  ): Promise<DuckDBValue[][]> {
    return (await connection.runAndReadAll(sql, values, types)).getRows();
  }

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

  const timestamp = (value: Timestamp) => new duckdb.DuckDBTimestampTZValue(epochMicrosOf(value));

  try {
    await work(async () => {
      await transaction(async () => {
        await makeTables(connection);
        await makeViews(connection, { dataset: 'main', now: 'now()', ...billingPlaceholders(billing) });
      });
      // Rows are appended by position, and a newer version of the sync may have made the file.
      for (const [table, { schema }] of Object.entries(TABLES)) {
        const names = await query(
          'SELECT column_name FROM duckdb_columns() WHERE table_name = $table ORDER BY column_index',
          { table },
        );
        columnsOf.set(
          table,
          names.map(([name]) => schema.find((column) => column.name === name)),
        );
      }
    });
  } catch (error) {
    close();
    throw error;
  }

  return {
    position: (source, now, lookbackMs) =>
      work(async () => {
        const [row] = await query(
          `WITH recent AS (SELECT id, createdat FROM ${source.stream} WHERE createdat <= $now AND ${ofClient(source)}),
             newest AS (SELECT max(createdat) AS watermark FROM recent)
           SELECT newest.watermark, min(recent.id) FROM recent CROSS JOIN newest
           WHERE recent.createdat >= newest.watermark - to_milliseconds($lookback_ms)
           GROUP BY newest.watermark`,
          { now: timestamp(now), lookback_ms: lookbackMs },
        );
        return row ? { watermark: timestampFrom(row[0]) ?? now, startId: BigInt(String(row[1])) } : null;
      }),
    largestId: (source) =>
      work(async () => {
        const [row] = await query(`SELECT max(id) FROM ${source.stream} WHERE ${ofClient(source)}`);
        return idFrom(row?.[0]);
      }),
    idsAround: (source, moment) =>
      work(async () => {
        const [row] = await query(
          `WITH rows AS (SELECT id, createdat FROM ${source.stream} WHERE ${ofClient(source)}),
             above AS (SELECT min(id) AS id FROM rows WHERE createdat >= $moment)
           SELECT (SELECT max(id) FROM rows
                   WHERE createdat < $moment AND id < COALESCE((SELECT id FROM above), 9223372036854775807)),
             (SELECT id FROM above)`,
          { moment: timestamp(moment) },
        );
        return { below: idFrom(row?.[0]), above: idFrom(row?.[1]) };
      }),
    countIds: (source, firstId, lastId) =>
      work(async () => {
        const [row] = await query(
          `SELECT count(DISTINCT id) FROM ${source.stream}
           WHERE id BETWEEN $first_id AND $last_id AND ${ofClient(source)}`,
          { first_id: firstId, last_id: lastId },
        );
        return Number(row?.[0] ?? 0);
      }),
    storedVersions: ({ stream, firstId, createdSince, limit }) =>
      work(async () => {
        const since = createdSince === null ? '' : 'AND createdat >= $since';
        const rows = await query(
          `SELECT id, updatedat FROM ${stream} WHERE id >= $first_id ${since} ORDER BY id LIMIT $row_limit`,
          {
            first_id: firstId,
            row_limit: BigInt(limit),
            ...(createdSince === null ? {} : { since: timestamp(createdSince) }),
          },
        );
        return rows.map(([id, updatedat]) => ({
          id: BigInt(String(id)),
          updatedat: timestampFrom(updatedat),
        }));
      }),
    earlierRuns: (source, mode, since) =>
      work(async () => {
        const rows = await query(
          `SELECT outcome, first_id, last_id, finished_at FROM sync_runs
           WHERE started_at >= $since AND mode = $mode AND stream = $stream
             AND client_id IS NOT DISTINCT FROM ${source.clientId ?? 'NULL'}
           ORDER BY started_at`,
          { since: timestamp(since), mode, stream: source.stream },
        );
        return rows.map(([outcome, firstId, lastId, finishedAt]) => ({
          outcome: String(outcome),
          firstId: idFrom(firstId),
          lastId: idFrom(lastId),
          finishedAt: timestampFrom(finishedAt) ?? since,
        }));
      }),
    rejections: (stream, ids) =>
      work(async () => {
        const rows = await query(
          'SELECT row_id, row FROM rejected_rows WHERE stream = $stream AND (row_id IS NULL OR list_contains($ids, row_id))',
          { stream, ids: new duckdb.DuckDBListValue([...ids]) },
          { stream: duckdb.VARCHAR, ids: duckdb.LIST(duckdb.BIGINT) },
        );
        return rows.map(([id, row]) => ({ id: idFrom(id), content: String(row) }));
      }),
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
        return { refusedIds: [], refusedBefore: 0 };
      }),
    record: (runs) => work(() => transaction(() => append('sync_runs', runs))),
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

function ofClient({ clientId }: Source): string {
  return clientId === null ? 'TRUE' : `client_id = ${clientId}`;
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

function idFrom(value: DuckDBValue | undefined): bigint | null {
  return typeof value === 'bigint' ? value : null;
}

function timestampFrom(value: DuckDBValue | undefined): Timestamp | null {
  if (typeof value !== 'object' || value === null || !('micros' in value)) return null;
  const micros = BigInt(value.micros);
  const epochMs = (micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n;
  return timestampOf(Number(epochMs)).replace(
    '000Z',
    `${String(micros - epochMs * 1000n).padStart(3, '0')}Z`,
  );
}
