import type { ObjectKind } from '../streams.ts';
import { addMs, DAY_MS, type Timestamp } from '../timestamps.ts';
import type { Ask } from './adapter.ts';
import { idOf, literal, momentOf, readView } from './queries.ts';

const SEEN_DAYS = 90;

/** A pipeline or model that the logs name. */
export interface SeenObject {
  kind: ObjectKind;
  clientId: bigint | null;
  objectId: bigint;
}

/** The newest look at something; the logs may name it no longer. */
export interface LastLook {
  object: SeenObject;
  isSeen: boolean;
  /** Null if it was never looked at. */
  observedAt: Timestamp | null;
  state: string | null;
}

export type StatusQuestions = ReturnType<typeof createStatusQuestions>;

/** What is asked of a warehouse to know whose status comes next. */
export function createStatusQuestions(ask: Ask) {
  return {
    /** Whether anything was looked at after a moment: what most runs of a dense schedule ask, and nothing else. */
    async isLookedAtSince(moment: Timestamp, now: Timestamp): Promise<boolean> {
      const rows = await ask(
        `SELECT CAST(COUNT(*) AS STRING) AS looks FROM {status_observations}
         WHERE observed_at > ${literal(moment)} AND observed_at <= ${literal(now)}`,
      );
      return rows[0]?.looks !== '0';
    },

    /** The newest look at every pipeline and model that the logs of the last 90 days name, or that was looked at since then. */
    async lastLooks(now: Timestamp): Promise<LastLook[]> {
      const since = literal(addMs(now, -SEEN_DAYS * DAY_MS));
      const seen = (kind: ObjectKind) =>
        `SELECT DISTINCT '${kind}' AS kind, client_id, ${kind}_id AS object_id,
           CAST(NULL AS INT64) AS observed_us, CAST(NULL AS STRING) AS state
         FROM {${kind}_logs}
         WHERE createdat >= ${since} AND createdat <= ${literal(now)} AND ${kind}_id IS NOT NULL`;
      const rows = await ask(
        `SELECT kind, CAST(client_id AS STRING) AS client, CAST(object_id AS STRING) AS object,
           CAST(COUNTIF(observed_us IS NULL) > 0 AS STRING) AS is_seen,
           CAST(MAX(observed_us) AS STRING) AS last_us, MAX(IF(observed_us = newest_us, state, NULL)) AS last_state
         FROM (
           SELECT *, MAX(observed_us) OVER (PARTITION BY kind, client_id, object_id) AS newest_us
           FROM (
             ${seen('pipeline')}
             UNION ALL
             ${seen('model')}
             UNION ALL
             SELECT kind, client_id, object_id, UNIX_MICROS(observed_at) AS observed_us, state
             FROM {status_observations}
             WHERE observed_at >= ${since} AND observed_at <= ${literal(now)}
           ) AS known
         ) AS judged
         GROUP BY kind, client_id, object_id`,
      );
      return rows.map((row) => ({
        object: {
          kind: row.kind === 'model' ? 'model' : 'pipeline',
          clientId: idOf(row.client),
          objectId: BigInt(row.object ?? ''),
        },
        isSeen: row.is_seen === 'true',
        observedAt: momentOf(row.last_us),
        state: row.last_state ?? null,
      }));
    },

    /** What the views call overdue now. */
    async overdueObjects(kind: ObjectKind): Promise<SeenObject[]> {
      const condition = 'overdue_minutes IS NOT NULL';
      const ids =
        kind === 'pipeline'
          ? (await readView(ask, 'pipeline_status', condition)).map((row) => [row.client_id, row.pipeline_id])
          : (await readView(ask, 'model_status', condition)).map((row) => [row.client_id, row.model_id]);
      return ids.flatMap(([client, object]) => {
        const objectId = idOf(object);
        return objectId === null ? [] : { kind, clientId: idOf(client), objectId };
      });
    },
  };
}
