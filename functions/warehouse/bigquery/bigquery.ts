import { randomUUID } from 'node:crypto';
import type { Budget } from '../../budget.ts';
import type { BigQueryConfig } from '../../config.ts';
import { SyncError } from '../../errors.ts';
import { type LogRow, type Reading, type RejectedRow, rejectedRowValues, rejectRow } from '../../rows.ts';
import type { Row } from '../../schema/tables.ts';
import type { Adapter } from '../adapter.ts';
import { rejectedBefore } from '../queries.ts';
import { connectBigQuery } from './connection.ts';
import { createInserter, type Insert, MAX_BYTES_PER_ROW, TOO_LARGE, toInsert } from './inserts.ts';
import { createBigQueryInspector } from './inspection.ts';

const MAX_REJECTED_CHARACTERS = 1_000_000;

/** Opens a BigQuery dataset as warehouse. Its tables must be there: Terraform makes them, the sync never does. */
export function openBigQuery(config: BigQueryConfig, budget: Budget): Adapter {
  const connection = connectBigQuery(config, budget.storing);
  const insert = createInserter(connection, config);

  async function setAside(reading: Reading, rejected: readonly RejectedRow[]): Promise<void> {
    const rows = rejected.map((row) => rejectedInsert(rejectedRowValues(shortened(row), reading)));
    await insert('rejected_rows', rows, async (refused) => {
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

  return {
    ask: connection.ask,
    async store(reading, rows, rejected) {
      const { stream } = reading.source;
      const refused: RejectedRow[] = [];
      const pending = new Map<Insert, LogRow>();

      /** Such a row comes again as long as the lookback holds it, and is set aside once. */
      async function refuse(faults: readonly (readonly [Insert, string])[]): Promise<void> {
        const refusals = faults.flatMap(([item, fault]) => {
          const row = pending.get(item);
          pending.delete(item);
          return row ? [rejectRow(row, stream, `BigQuery refused the row: ${fault}.`)] : [];
        });
        const known = await rejectedBefore(connection.ask, stream, refusals);
        const fresh = refusals.filter(({ contentHash }) => !known.has(contentHash));
        await setAside(reading, fresh);
        refused.push(...fresh);
      }

      for (const row of rows) pending.set(toInsert(`${row.id}-${row.updatedat}`, row.values), row);
      await setAside(reading, rejected);
      const tooLarge = [...pending.keys()].filter(({ bytes }) => bytes > MAX_BYTES_PER_ROW);
      await refuse(tooLarge.map((item) => [item, TOO_LARGE] as const));
      await insert(stream, [...pending.keys()], (faults) => refuse([...faults]));
      return { stored: [...pending.values()], refused };
    },
    async record(table, rows) {
      const inserts = rows.map((row) => toInsert(randomUUID(), row));
      const faults: string[] = [];
      const refuse = async (refused: Map<Insert, string>) => void faults.push(...refused.values());
      await insert(table, inserts, refuse, budget.whole);
      if (faults.length === 0) return;
      throw new SyncError('WAREHOUSE_REJECTED', `BigQuery refused a row of ${table}: ${faults[0]}.`);
    },
    inspector: createBigQueryInspector(connection, config),
    close: async () => {},
  };
}

function rejectedInsert(row: Row): Insert {
  return toInsert(`${row.content_hash}`, row);
}

/** A row that BigQuery could not hold even as it was set aside loses its end. */
function shortened(rejected: RejectedRow): RejectedRow {
  const isShort = Buffer.byteLength(rejected.content) < MAX_BYTES_PER_ROW / 2;
  return isShort ? rejected : { ...rejected, content: shortText(rejected.content) };
}

function shortText(content: string): string {
  return JSON.stringify(content.slice(0, MAX_REJECTED_CHARACTERS).toWellFormed());
}
