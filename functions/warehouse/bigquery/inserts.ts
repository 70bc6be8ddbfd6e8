import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQueryConfig } from '../../config.ts';
import { SyncError } from '../../errors.ts';
import type { Row, TableName } from '../../schema/tables.ts';
import type { BigQueryConnection } from './connection.ts';
import { reasonOf } from './faults.ts';

const MAX_ROWS_PER_REQUEST = 500;
/** A row that is larger travels alone. */
const MAX_BYTES_PER_REQUEST = 8_000_000;
/** BigQuery's limit is 10 MB, for a row as for a request: https://cloud.google.com/bigquery/quotas#streaming_inserts */
export const MAX_BYTES_PER_ROW = 9_990_000;
export const TOO_LARGE = 'invalid: the row is larger than BigQuery takes';
/** A table that was just made may be unknown to the streaming service for a while. */
const FRESH_TABLE_MS = 30_000;
const ROUNDS_OF_ROW_ERRORS = 4;

/** One row on its way to BigQuery. */
export interface Insert {
  insertId: string;
  row: Row;
  bytes: number;
}

/**
 * Sends rows until each is stored or refused; those refused are handed over before the others are sent again.
 *
 * @param signal ends it with BudgetUsedUp. @default the signal of the connection
 */
export type InsertRows = (
  table: TableName,
  inserts: readonly Insert[],
  onRefused: (refused: Map<Insert, string>) => Promise<void>,
  signal?: AbortSignal,
) => Promise<void>;

/** Makes the function that streams rows into tables, with the client's traps behind it. */
export function createInserter({ client, call }: BigQueryConnection, config: BigQueryConfig): InsertRows {
  /** One insertAll; resolves to the faults of single rows by their place. */
  async function insertOnce(
    table: TableName,
    inserts: readonly Insert[],
    signal?: AbortSignal,
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
        return inserts.length === 1 && isTooLarge(error) ? new Map([[0, TOO_LARGE]]) : rowFaults(error);
      }
    };
    return call(`storing ${table}`, work, signal);
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

  async function insertBatch(
    table: TableName,
    inserts: readonly Insert[],
    onRefused: (refused: Map<Insert, string>) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    let rest = inserts;
    for (let fruitlessRounds = 0; rest.length > 0; ) {
      const faults = await insertOnce(table, rest, signal);
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

  return async (table, inserts, onRefused, signal) => {
    for (const batch of batches(inserts)) await insertBatch(table, batch, onRefused, signal);
  };
}

/** BigQuery takes INT64 as text without losing digits; a JSON column takes JSON text. */
export function toInsert(insertId: string, row: Row): Insert {
  const json = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
  return { insertId, row: json, bytes: Buffer.byteLength(JSON.stringify(json)) };
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

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 413;
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
