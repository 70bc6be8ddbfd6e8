import { type Column, type Row, sourceColumns, type Value } from '../schema/tables.ts';
import type { StreamName } from '../streams.ts';
import { addMs, DAY_MS, type Timestamp, timestampOfMicros } from '../timestamps.ts';
import type { AnswerRow, Ask } from './adapter.ts';
import { literal } from './queries.ts';

/** A day ahead may rows be dated, a day back may they be events, and the longest run ends within another. */
const RUNS_MS = 3 * DAY_MS;

export type OutboxQuestions = ReturnType<typeof createOutboxQuestions>;

/** What the outbox of the events is asked, which is the tables themselves. */
export function createOutboxQuestions(ask: Ask) {
  return {
    /**
     * The rows, ascending by id, whose events earlier runs may have left unpublished, each as it was first stored.
     *
     * The mark is the newest incremental run all of whose events are out: with them went what was left before. It leaves
     * the rows of runs that were still going when it began, and of all that came after. Runs that recorded their events
     * have none left. Other modes move no mark: they do not publish what is left by others.
     *
     * @param options.runId whose own rows are left out.
     * @param options.afterId leaves out the rows up to this id.
     */
    async unpublishedRows({
      stream,
      runId,
      now,
      createdSince,
      afterId,
      limit,
    }: {
      stream: StreamName;
      runId: string;
      now: Timestamp;
      createdSince: Timestamp;
      afterId: bigint | null;
      limit: number;
    }): Promise<Row[]> {
      const columns = sourceColumns(stream);
      const rows = await ask(
        `WITH runs AS (
           SELECT run_id, MAX(mode) AS mode, MIN(started_at) AS began_at, MAX(finished_at) AS ended_at,
             LOGICAL_AND(events_published IS NOT NULL) AS is_out
           FROM {sync_runs}
           WHERE started_at >= ${literal(addMs(now, -RUNS_MS))} AND stream = '${stream}' AND mode != 'check'
           GROUP BY run_id
         ),
         mark AS (SELECT MAX(began_at) AS began_at FROM runs WHERE is_out AND mode = 'incremental')
         SELECT ${columns.map(asText).join(', ')}
         FROM (
           SELECT logs.*,
             ROW_NUMBER() OVER (PARTITION BY id ORDER BY _synced_at, updatedat) AS place,
             MAX(_synced_at) OVER (PARTITION BY _run_id) AS run_stored_at
           FROM {${stream}} AS logs WHERE createdat >= ${literal(createdSince)}
         ) AS versions
         CROSS JOIN mark
         LEFT JOIN runs ON runs.run_id = versions._run_id
         WHERE versions.place = 1 AND versions._run_id != '${runId}'${afterId === null ? '' : ` AND versions.id > ${afterId}`}
           AND (runs.run_id IS NULL OR NOT runs.is_out)
           AND (mark.began_at IS NULL OR versions.run_stored_at >= mark.began_at OR IFNULL(runs.ended_at >= mark.began_at, FALSE))
         ORDER BY versions.id LIMIT ${limit}`,
      );
      return rows.map((row) => rowOf(row, columns));
    },
  };
}

function asText({ name, type }: Column): string {
  const column = `versions.${name}`;
  return `CAST(${type === 'TIMESTAMP' ? `UNIX_MICROS(${column})` : column} AS STRING) AS ${name}_text`;
}

function rowOf(row: AnswerRow, columns: readonly Column[]): Row {
  return Object.fromEntries(columns.map(({ name, type }) => [name, typedValue(row[`${name}_text`], type)]));
}

function typedValue(text: string | null | undefined, type: Column['type']): Value {
  if (text === null || text === undefined) return null;
  if (type === 'INT64') return BigInt(text);
  if (type === 'FLOAT64') return Number(text);
  if (type === 'BOOL') return text === 'true';
  return type === 'TIMESTAMP' ? timestampOfMicros(BigInt(text)) : text;
}
