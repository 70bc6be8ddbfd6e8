import type { Source } from '../streams.ts';
import type { Timestamp } from '../timestamps.ts';
import type { Ask } from './adapter.ts';
import { idOf, literal, ofClient } from './queries.ts';

export type InspectionQuestions = ReturnType<typeof createInspectionQuestions>;

/** What a check asks a warehouse, beside what the sync asks. */
export function createInspectionQuestions(ask: Ask) {
  return {
    /** The largest id stored, and the one so many ids before it or else the smallest; null if there are no rows of this source. */
    async newestIds(
      { stream, clientId }: Source,
      count: number,
    ): Promise<{ newest: bigint; before: bigint } | null> {
      const [row] = await ask(
        `SELECT CAST(MAX(id) AS STRING) AS newest_id, CAST(MIN(id) AS STRING) AS before_id
         FROM (
           SELECT DISTINCT id FROM {${stream}} WHERE ${ofClient({ clientId })} ORDER BY id DESC LIMIT ${count}
         ) AS newest_ids`,
      );
      const [newest, before] = [idOf(row?.newest_id), idOf(row?.before_id)];
      return newest === null || before === null ? null : { newest, before };
    },

    /** How many streams have a row of `sync_runs` of this run. */
    async countRunStreams(runId: string, since: Timestamp): Promise<number> {
      const [row] = await ask(
        `SELECT CAST(COUNT(DISTINCT stream) AS STRING) AS streams FROM {sync_runs}
         WHERE started_at >= ${literal(since)} AND run_id = '${runId}'`,
      );
      return Number(row?.streams ?? 0);
    },
  };
}
