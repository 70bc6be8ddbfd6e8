import { DAY_MS } from '../../functions/timestamps.ts';
import type { LogSource } from '../../local/sandbox/source.ts';

const FIRST_ID = 5_000_000n;
const ID_STEP = 7n; // all customers share one sequence of ids
const SPAN_MS = 89 * DAY_MS;

/** A history of so many pipeline executions, spread evenly over 89 days, and made up on request: it takes no memory. */
export function createHistory(rowCount: number, nowMs: number): LogSource {
  const startMs = nowMs - SPAN_MS;
  return {
    page(stream, startElementId, limit) {
      if (stream !== 'pipeline_logs') return { rows: [] };
      const ahead = startElementId - FIRST_ID;
      const first = ahead <= 0n ? 0 : Number((ahead + ID_STEP - 1n) / ID_STEP);
      const count = Math.max(0, Math.min(limit, rowCount - first));
      return { rows: Array.from({ length: count }, (_, offset) => rowAt(first + offset)) };
    },
  };

  function rowAt(index: number): object {
    const createdAt = new Date(startMs + Math.floor((index * SPAN_MS) / rowCount)).toISOString();
    const records = (index * 7919) % 10_000;
    return {
      id: Number(FIRST_ID + BigInt(index) * ID_STEP),
      client_id: 1,
      pipeline_id: 700 + (index % 40),
      execution_time_seconds: String((index % 900) / 10),
      has_deltas: index % 3 === 0,
      pipeline_name: `Postgres - orders ${index % 40}`,
      row_count: String(records),
      createdAt,
      updatedAt: createdAt,
      initial_savepoint: createdAt,
      new_savepoint: createdAt,
      external_ip: '203.0.113.7',
      is_billable: true,
      raw_row_count: String(records),
      mb_estimate: String(records / 4096),
    };
  }
}
