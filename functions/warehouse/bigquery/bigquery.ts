import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BigQuery } from '@google-cloud/bigquery';
import type { Budget } from '../../budget.ts';
import type { BigQueryConfig } from '../../config.ts';
import { SyncError } from '../../errors.ts';
import { notYetRejected, type Reading, type RejectedRow, refuse, rejectedRowValues } from '../../rows.ts';
import type { Row, TableName } from '../../schema/tables.ts';
import type { Source, StreamName } from '../../streams.ts';
import { addMs, parseTimestamp, type Timestamp } from '../../timestamps.ts';
import type { Position, StoreResult, Warehouse } from '../warehouse.ts';
import { connectBigQuery } from './connection.ts';
import { reasonOf } from './faults.ts';

const DAY_MS = 86_400_000;
const MAX_ROWS_PER_REQUEST = 500;
const MAX_BYTES_PER_REQUEST = 8_000_000; // BigQuery's limit is 10 MB, for a row as for a request
const MAX_REJECTED_CHARACTERS = 1_000_000;
/** A table that was just made may be unknown to the streaming service for a while. */
const FRESH_TABLE_MS = 30_000;
const ROUNDS_OF_ROW_ERRORS = 4;

/** One row on its way to BigQuery. */
interface Insert {
  insertId: string;
  row: Row;
  bytes: number;
}

/** Opens a BigQuery dataset as warehouse. Its tables must be there: Terraform makes them, the sync never does. */
export function openBigQuery(config: BigQueryConfig, budget: Budget): Warehouse {
  const { client, call, query } = connectBigQuery(config, () => budget.storingMs());

  /** One insertAll; resolves to the faults of single rows by their place. */
  async function insertOnce(
    table: TableName,
    inserts: readonly Insert[],
    leftMs?: number,
  ): Promise<Map<number, string>> {
    // Each row hides behind toJSON, because the client replaces {{projectId}} in every text that it can see.
    const rows = inserts.map(({ insertId, row }) => ({ insertId, json: { toJSON: () => row } }));
    const options = { raw: true, partialRetries: 0 };
    const send = () => client.dataset(config.dataset).table(table).insert(rows, options);
    const work = async () => {
      try {
        const [answer] = await untilKnown(send);
        checkInsertAnswer(answer);
        return new Map();
      } catch (error) {
        return rowFaults(error);
      }
    };
    return call(`storing ${table}`, work, leftMs);
  }

  /** Repeats what fails because a table that was just made is not known everywhere yet. */
  async function untilKnown<T>(send: () => Promise<T>): Promise<T> {
    const giveUpAtMs = performance.now() + Math.min(FRESH_TABLE_MS, config.timeoutMs / 2);
    for (let pauseMs = 500; ; pauseMs *= 2) {
      try {
        return await send();
      } catch (error) {
        if (reasonOf(error) !== 'notFound' || performance.now() + pauseMs > giveUpAtMs) throw error;
        await sleep(pauseMs);
      }
    }
  }

  /** Sends rows until each is stored or refused; those refused are handed over before the others are sent again. */
  async function insert(
    table: TableName,
    inserts: readonly Insert[],
    onRefused: (refused: Map<Insert, string>) => Promise<void>,
    leftMs?: number,
  ): Promise<void> {
    let rest = inserts;
    for (let fruitlessRounds = 0; rest.length > 0; ) {
      const faults = await insertOnce(table, rest, leftMs);
      const faulty = [...rest.entries()].flatMap(([index, item]) => {
        const fault = faults.get(index);
        return fault === undefined ? [] : [{ item, fault }];
      });
      const refused = faulty.filter(({ fault }) => fault.startsWith('invalid'));
      if (refused.length > 0) {
        await onRefused(new Map(refused.map(({ item, fault }) => [item, fault])));
      } else if (faulty.length > 0) {
        if (++fruitlessRounds === ROUNDS_OF_ROW_ERRORS) {
          throw new SyncError(
            'WAREHOUSE_UNAVAILABLE',
            `BigQuery did not take rows of ${table} (${[...new Set(faults.values())].join(', ')}). The next run tries again.`,
          );
        }
        await sleep(500 * 2 ** fruitlessRounds);
      }
      rest = faulty.filter(({ fault }) => !fault.startsWith('invalid')).map(({ item }) => item);
    }
  }

  async function rejections(stream: StreamName, ids: readonly bigint[]) {
    const rows = await query(
      'rejected_rows',
      (name) =>
        `SELECT CAST(row_id AS STRING) AS id, TO_JSON_STRING(row) AS content FROM ${name}
         WHERE stream = @stream AND (row_id IS NULL OR row_id IN UNNEST(@ids))`,
      { stream, ids: ids.map(String) },
      { ids: ['INT64'] },
    );
    return rows.map(({ id, content }) => ({
      id: idFrom(id),
      content: String(content),
    }));
  }

  async function setAside(reading: Reading, rejected: readonly RejectedRow[]): Promise<void> {
    const rows = rejected.map((row) => rejectedInsert(rejectedRowValues(row, reading)));
    for (const batch of batches(rows)) {
      await insert('rejected_rows', batch, async (refused) => {
        // Whatever it was in the JSON that BigQuery did not like: as a text it is taken.
        const asText = [...refused.keys()].map(({ row }) =>
          rejectedInsert({ ...row, row: shortText(String(row.row)) }),
        );
        await insert('rejected_rows', asText, async (again) => {
          throw new SyncError(
            'WAREHOUSE_REJECTED',
            `BigQuery refused to set rows aside: ${[...again.values()][0]}.`,
          );
        });
      });
    }
  }

  return {
    async position(source, now, lookbackMs) {
      for (const days of [7, 90, null]) {
        const since = days === null ? null : addMs(now, -days * DAY_MS);
        const found = await positionSince(source, since, now, lookbackMs);
        // A lookback that reaches back further than what was read may hold smaller ids.
        if (found && (since === null || addMs(found.watermark, -lookbackMs) >= since)) return found;
      }
      return null;
    },
    async largestId(source) {
      const [row] = await query(
        source.stream,
        (name) => `SELECT CAST(MAX(id) AS STRING) AS largest_id FROM ${name} WHERE ${ofClient(source)}`,
        clientParameter(source),
      );
      return idFrom(row?.largest_id);
    },
    async idsAround(source, moment) {
      const [row] = await query(
        source.stream,
        (name) =>
          `WITH logs AS (SELECT id, createdat FROM ${name} WHERE ${ofClient(source)}),
             above AS (SELECT MIN(id) AS id FROM logs WHERE createdat >= @moment)
           SELECT CAST(MAX(IF(logs.createdat < @moment AND logs.id < IFNULL(above.id, 9223372036854775807), logs.id, NULL)) AS STRING) AS below_id,
             CAST(MAX(above.id) AS STRING) AS above_id
           FROM logs CROSS JOIN above`,
        { moment: BigQuery.timestamp(moment), ...clientParameter(source) },
      );
      return { below: idFrom(row?.below_id), above: idFrom(row?.above_id) };
    },
    async countIds(source, firstId, lastId) {
      const [row] = await query(
        source.stream,
        (name) =>
          `SELECT COUNT(DISTINCT id) AS ids FROM ${name}
           WHERE id BETWEEN CAST(@first_id AS INT64) AND CAST(@last_id AS INT64) AND ${ofClient(source)}`,
        { first_id: String(firstId), last_id: String(lastId), ...clientParameter(source) },
      );
      return Number(row?.ids ?? 0);
    },
    async storedVersions({ stream, firstId, createdSince, limit }) {
      const since = createdSince === null ? {} : { since: BigQuery.timestamp(createdSince) };
      const rows = await query(
        stream,
        (name) =>
          `SELECT CAST(id AS STRING) AS version_id, updatedat FROM ${name}
           WHERE id >= CAST(@first_id AS INT64) ${createdSince === null ? '' : 'AND createdat >= @since'}
           ORDER BY id LIMIT ${limit}`,
        { first_id: String(firstId), ...since },
      );
      return rows.map((row) => ({
        id: BigInt(String(row.version_id)),
        updatedat: timestampFrom(row.updatedat),
      }));
    },
    async earlierRuns(source, mode, since) {
      const ofSource = source.clientId === null ? 'client_id IS NULL' : ofClient(source);
      const rows = await query(
        'sync_runs',
        (name) =>
          `SELECT outcome, CAST(first_id AS STRING) AS first_id_text, CAST(last_id AS STRING) AS last_id_text, finished_at
           FROM ${name} WHERE started_at >= @since AND mode = @mode AND stream = @stream AND ${ofSource}
           ORDER BY started_at`,
        { since: BigQuery.timestamp(since), mode, stream: source.stream, ...clientParameter(source) },
      );
      return rows.map((row) => ({
        outcome: String(row.outcome),
        firstId: idFrom(row.first_id_text),
        lastId: idFrom(row.last_id_text),
        finishedAt: timestampFrom(row.finished_at) ?? since,
      }));
    },
    rejections,
    async store(reading, rows, rejected) {
      const { stream } = reading.source;
      const result: StoreResult = { refusedIds: [], refusedBefore: 0 };
      const tooLarge: RejectedRow[] = [];
      const inserts = new Map<Insert, (typeof rows)[number]>();
      for (const row of rows) {
        const item = toInsert(`${row.id}-${row.updatedat}`, row.values);
        if (item.bytes > MAX_BYTES_PER_REQUEST)
          tooLarge.push(refuse(row, 'The row is larger than BigQuery takes.'));
        else inserts.set(item, row);
      }

      /** Sets aside what BigQuery refuses, unless it was before: such a row comes again as long as the lookback holds it. */
      async function setAsideRefused(refused: readonly RejectedRow[]): Promise<void> {
        if (refused.length === 0) return;
        const ids = refused.map(({ id }) => id).filter((id) => id !== null);
        const fresh = notYetRejected(refused.map(shortened), await rejections(stream, ids));
        await setAside(reading, fresh);
        result.refusedIds.push(...ids);
        result.refusedBefore += refused.length - fresh.length;
      }

      await setAside(reading, rejected.map(shortened));
      await setAsideRefused(tooLarge);
      for (const batch of batches([...inserts.keys()])) {
        await insert(stream, batch, async (refused) => {
          const pairs = [...refused].map(([item, fault]) => ({ row: inserts.get(item), fault }));
          await setAsideRefused(
            pairs.flatMap(({ row, fault }) =>
              row ? [refuse(row, `BigQuery refused the row: ${fault}`)] : [],
            ),
          );
        });
      }
      return result;
    },
    async record(runs) {
      const rows = runs.map((row) => toInsert(`${row.run_id}-${row.stream}-${row.client_id}`, row));
      await insert(
        'sync_runs',
        rows,
        async (refused) => {
          throw new SyncError(
            'WAREHOUSE_REJECTED',
            `BigQuery refused a row of sync_runs: ${[...refused.values()][0]}.`,
          );
        },
        budget.totalMs(),
      );
    },
    close: async () => {},
  };

  async function positionSince(
    source: Source,
    since: Timestamp | null,
    now: Timestamp,
    lookbackMs: number,
  ): Promise<Position | null> {
    const bound = since === null ? 'createdat <= @now' : 'createdat >= @since AND createdat <= @now';
    const [row] = await query(
      source.stream,
      (name) =>
        `WITH recent AS (SELECT id, createdat FROM ${name} WHERE ${bound} AND ${ofClient(source)}),
           newest AS (SELECT MAX(createdat) AS watermark FROM recent)
         SELECT newest.watermark AS watermark, CAST(MIN(recent.id) AS STRING) AS start_id
         FROM recent CROSS JOIN newest
         WHERE recent.createdat >= TIMESTAMP_SUB(newest.watermark, INTERVAL @lookback_seconds SECOND)
         GROUP BY newest.watermark`,
      {
        now: BigQuery.timestamp(now),
        lookback_seconds: Math.ceil(lookbackMs / 1000),
        ...(since === null ? {} : { since: BigQuery.timestamp(since) }),
        ...clientParameter(source),
      },
    );
    const watermark = timestampFrom(row?.watermark);
    return watermark === null ? null : { watermark, startId: BigInt(String(row?.start_id)) };
  }
}

/** An answer that is no insertAll answer says nothing about the rows. */
function checkInsertAnswer(answer: unknown): void {
  const isAnswer = typeof answer === 'object' && answer !== null && 'kind' in answer;
  if (isAnswer && answer.kind === 'bigquery#tableDataInsertAllResponse') return;
  throw new SyncError(
    'WAREHOUSE_UNAVAILABLE',
    'BigQuery answered with something that is not its answer. What it has of these rows is found by the next run.',
  );
}

/**
 * The faults of single rows by their place, `invalid: …` for those that will never be taken.
 *
 * @throws what it was given, if it is no such error, or WAREHOUSE_REJECTED if it is the table that is at fault.
 */
function rowFaults(error: unknown): Map<number, string> {
  const response = error instanceof Error && 'response' in error ? error.response : undefined;
  const isPartial = typeof response === 'object' && response !== null && 'insertErrors' in response;
  if (!isPartial || !Array.isArray(response.insertErrors)) throw error;
  const faults = response.insertErrors.map((fault): [number, string] => {
    const errors: { reason?: string; location?: string; message?: string }[] = fault.errors ?? [];
    const {
      reason = 'unknown',
      location,
      message = '',
    } = errors.find((one) => one.reason === 'invalid') ?? errors[0] ?? {};
    if (reason === 'invalid' && /no such field/i.test(message)) {
      throw new SyncError(
        'WAREHOUSE_REJECTED',
        `The table lacks a column that this version of the sync writes (${location || message}): run terraform apply, then wait some minutes.`,
      );
    }
    return [Number(fault.index), [reason, location, message].filter(Boolean).join(': ')];
  });
  return new Map(faults);
}

/** BigQuery takes INT64 as text without losing digits; a JSON column takes JSON text. */
function toInsert(insertId: string, row: Row): Insert {
  const json = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
  return { insertId, row: json, bytes: Buffer.byteLength(JSON.stringify(json)) };
}

function rejectedInsert(row: Row): Insert {
  const identity = JSON.stringify([row.stream, String(row.row_id), row.row]);
  return toInsert(createHash('sha256').update(identity).digest('hex'), row);
}

/** A row that BigQuery could not hold even as it was set aside loses its end. */
function shortened(rejected: RejectedRow): RejectedRow {
  const isShort = Buffer.byteLength(rejected.content) < MAX_BYTES_PER_REQUEST / 2;
  return isShort ? rejected : { ...rejected, content: shortText(rejected.content) };
}

function shortText(content: string): string {
  return JSON.stringify(content.slice(0, MAX_REJECTED_CHARACTERS).toWellFormed());
}

function* batches(inserts: readonly Insert[]): Generator<Insert[]> {
  let batch: Insert[] = [];
  let bytes = 0;
  for (const item of inserts) {
    if (
      batch.length === MAX_ROWS_PER_REQUEST ||
      (bytes + item.bytes > MAX_BYTES_PER_REQUEST && batch.length > 0)
    ) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.bytes;
  }
  if (batch.length > 0) yield batch;
}

function ofClient({ clientId }: Source): string {
  return clientId === null ? 'TRUE' : 'client_id = CAST(@client_id AS INT64)';
}

function clientParameter({ clientId }: Source): Record<string, string> {
  return clientId === null ? {} : { client_id: String(clientId) };
}

/** INT64 is read as text: as a number it would lose digits. */
function idFrom(value: unknown): bigint | null {
  return typeof value === 'string' ? BigInt(value) : null;
}

/** A BigQueryTimestamp has three or nine digits after the point, ours always six. */
function timestampFrom(value: unknown): Timestamp | null {
  const text = typeof value === 'object' && value !== null && 'value' in value ? value.value : null;
  return (typeof text === 'string' && parseTimestamp(text)) || null;
}
