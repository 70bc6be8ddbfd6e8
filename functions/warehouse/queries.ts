import type { RejectedRow } from '../rows.ts';
import type { Source, StreamName } from '../streams.ts';
import { addMs, DAY_MS, type Timestamp, timestampOfMicros } from '../timestamps.ts';
import { parseRow, selectJson, type ViewName, type ViewRow } from '../views/columns.ts';
import type { AnswerRow, Ask } from './adapter.ts';

/** Where the stored rows of a source end. */
export interface Position {
  /** The newest `createdat` that is not ahead of now. */
  watermark: Timestamp;
  /** The smallest id among the rows created within the lookback before the watermark. */
  lookbackId: bigint;
  /** The largest stored id below that one; null if there is none. */
  belowId: bigint | null;
}

/** What became of an earlier run, as `sync_runs` has it. */
export interface EarlierRun {
  runId: string;
  mode: string;
  outcome: string;
  firstId: bigint | null;
  lastId: bigint | null;
  startedAt: Timestamp;
  finishedAt: Timestamp;
  acceptsGap: boolean;
  inserted: number;
}

/** A version of a row that is stored. */
export interface StoredVersion {
  id: bigint;
  updatedat: Timestamp | null;
  createdat: Timestamp;
  clientId: bigint | null;
}

export type Questions = ReturnType<typeof createQuestions>;

/**
 * Everything that the sync asks a warehouse, each question once.
 *
 * All values in the texts are numbers, timestamps, names and hashes of our own, so they stand there as literals: BigQuery
 * skips partitions by a literal for certain.
 */
export function createQuestions(ask: Ask) {
  return {
    /**
     * Where the stored rows of a source end, null if there are none, and what became of its runs of the last seven days,
     * oldest first.
     *
     * Few partitions are read first, more only if those do not hold the answer.
     */
    async standing(
      source: Source,
      now: Timestamp,
      lookbackMs: number,
    ): Promise<{ position: Position | null; runs: EarlierRun[] }> {
      const since = addMs(now, -7 * DAY_MS);
      // Both in one question, because an hourly run has few to ask.
      const rows = await ask(
        `${positionSql(source, since, now, lookbackMs)}
         UNION ALL
         ${runsSql(source, since)}
         ORDER BY started_us`,
      );
      const runs = rows.filter(({ kind }) => kind === 'run').map(runOf);
      let position = positionOf(rows.find(({ kind }) => kind === 'position'));
      let asked: Timestamp | null = since;
      for (const days of [90, null]) {
        const isEnough =
          position !== null &&
          (asked === null || (position.belowId !== null && addMs(position.watermark, -lookbackMs) >= asked));
        if (isEnough) break;
        // What has rows in the last days, but nothing below them, is asked for all of it at once.
        asked = days === null || position !== null ? null : addMs(now, -days * DAY_MS);
        const [row] = await ask(positionSql(source, asked, now, lookbackMs));
        position = positionOf(row);
        if (asked === null) break;
      }
      return { position, runs };
    },

    /** The runs of a source that were started since a moment (null is all), oldest first. */
    async earlierRuns(source: Source, since: Timestamp | null): Promise<EarlierRun[]> {
      return (await ask(`${runsSql(source, since)} ORDER BY started_us`)).map(runOf);
    },

    /** Whether any run of a stream was ever recorded, whatever its client. */
    async hasRuns(stream: StreamName): Promise<boolean> {
      const [row] = await ask(
        `SELECT CAST(COUNT(*) AS STRING) AS runs FROM {sync_runs} WHERE stream = '${stream}' AND mode != 'check'`,
      );
      return Number(row?.runs ?? 0) > 0;
    },

    /** The largest id stored, null if there are no rows of this source. */
    async largestId(source: Source): Promise<bigint | null> {
      const [row] = await ask(
        `SELECT CAST(MAX(id) AS STRING) AS largest_id FROM {${source.stream}} WHERE ${ofClient(source)}`,
      );
      return idOf(row?.largest_id);
    },

    /**
     * Ids between which the rows of a moment begin: `above` was created at or after it, `below` before, and no id between
     * the two is stored.
     *
     * One row may be misdated: `above` is the second smallest id at or after the moment where there are two.
     */
    async idsAround(
      source: Source,
      moment: Timestamp,
    ): Promise<{ below: bigint | null; above: bigint | null }> {
      const [row] = await ask(
        `WITH later AS (
           SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place
           FROM (
             SELECT DISTINCT id FROM {${source.stream}}
             WHERE createdat >= ${literal(moment)} AND ${ofClient(source)}
           ) AS distinct_ids
         ),
         above AS (SELECT MAX(id) AS id FROM later WHERE place <= 2)
         SELECT CAST(MAX(logs.id) AS STRING) AS below_id, CAST(MAX(above.id) AS STRING) AS above_id
         FROM above LEFT JOIN {${source.stream}} AS logs
           ON logs.createdat < ${literal(moment)} AND logs.id < IFNULL(above.id, 9223372036854775807)
             AND ${ofClient(source, 'logs.')}`,
      );
      return { below: idOf(row?.below_id), above: idOf(row?.above_id) };
    },

    /**
     * How many ids are stored from one to another, both inclusive.
     */
    async countIds(
      { stream, clientId }: Source,
      { firstId, lastId }: { firstId: bigint; lastId: bigint },
    ): Promise<number> {
      const [row] = await ask(
        `SELECT CAST(COUNT(DISTINCT id) AS STRING) AS ids FROM {${stream}}
         WHERE id BETWEEN ${firstId} AND ${lastId} AND ${ofClient({ clientId })}`,
      );
      return Number(row?.ids ?? 0);
    },

    /** How many ids of a source are stored from an id on that were created since a moment. */
    async countYoungIds(source: Source, firstId: bigint, since: Timestamp): Promise<number> {
      const [row] = await ask(
        `SELECT CAST(COUNT(DISTINCT id) AS STRING) AS ids FROM {${source.stream}}
         WHERE id >= ${firstId} AND createdat >= ${literal(since)} AND ${ofClient(source)}`,
      );
      return Number(row?.ids ?? 0);
    },

    /**
     * The versions stored from an id on, ascending by id, at most `limit`, of all clients.
     *
     * @param options.createdSince leaves out rows created before, so that few partitions are read.
     */
    async storedVersions(options: {
      stream: StreamName;
      firstId: bigint;
      createdSince: Timestamp | null;
      limit: number;
    }): Promise<StoredVersion[]> {
      const { stream, firstId, createdSince, limit } = options;
      const rows = await ask(
        `SELECT CAST(id AS STRING) AS version_id, CAST(UNIX_MICROS(updatedat) AS STRING) AS updated_us,
           CAST(UNIX_MICROS(createdat) AS STRING) AS created_us, CAST(client_id AS STRING) AS client
         FROM {${stream}}
         WHERE id >= ${firstId}${createdSince === null ? '' : ` AND createdat >= ${literal(createdSince)}`}
         ORDER BY id LIMIT ${limit}`,
      );
      return rows.map((row) => ({
        id: BigInt(row.version_id ?? ''),
        updatedat: momentOf(row.updated_us),
        createdat: momentOf(row.created_us) ?? '',
        clientId: idOf(row.client),
      }));
    },

    /** Which of these ids are stored by other runs than this one, too. */
    async idsOfOtherRuns(stream: StreamName, ids: readonly bigint[], runId: string): Promise<Set<bigint>> {
      if (ids.length === 0) return new Set();
      const rows = await ask(
        `SELECT DISTINCT CAST(id AS STRING) AS stored_id FROM {${stream}}
         WHERE id IN (${ids.join(', ')}) AND _run_id != '${runId}'`,
      );
      return new Set(rows.flatMap((row) => idOf(row.stored_id) ?? []));
    },

    rejectedBefore: (stream: StreamName, rejected: readonly RejectedRow[]) =>
      rejectedBefore(ask, stream, rejected),
  };
}

/** The hashes of those rows that were set aside before. */
export async function rejectedBefore(
  ask: Ask,
  stream: StreamName,
  rejected: readonly RejectedRow[],
): Promise<Set<string>> {
  if (rejected.length === 0) return new Set();
  const hashes = rejected.map(({ contentHash }) => `'${contentHash}'`);
  const rows = await ask(
    `SELECT DISTINCT content_hash FROM {rejected_rows}
     WHERE stream = '${stream}' AND content_hash IN (${[...new Set(hashes)].join(', ')})`,
  );
  return new Set(rows.flatMap(({ content_hash }) => content_hash ?? []));
}

/** The rows of a view, or of a table that is read like one. */
export async function readView<V extends ViewName>(
  ask: Ask,
  view: V,
  condition = 'TRUE',
): Promise<ViewRow<V>[]> {
  const rows = await ask(selectJson(view, `{${view}}`, condition));
  return rows.map(({ content }) => parseRow(view, content ?? ''));
}

const EMPTY_RUN = [
  ...['run_id', 'mode', 'outcome', 'first_id_text', 'last_id_text', 'finished_us'],
  ...['accepts_gap', 'inserted'],
];
const EMPTY_POSITION = ['watermark_us', 'lookback_id', 'below_id'];
const noText = (name: string) => `CAST(NULL AS STRING) AS ${name}`;

/** One row, kind `position`; none if no row of the source is stored since then. A chain of windows, which reads once. */
function positionSql(source: Source, since: Timestamp | null, now: Timestamp, lookbackMs: number): string {
  const bound = since === null ? '' : `createdat >= ${literal(since)} AND `;
  return `SELECT 'position' AS kind, 0 AS started_us,
      CAST(MAX(watermark_us) AS STRING) AS watermark_us,
      CAST(MAX(lookback_id) AS STRING) AS lookback_id,
      CAST(MAX(IF(id < lookback_id, id, NULL)) AS STRING) AS below_id,
      ${EMPTY_RUN.map(noText).join(', ')}
    FROM (
      SELECT id, watermark_us,
        MIN(IF(created_us >= watermark_us - ${Math.ceil(lookbackMs * 1000)}, id, NULL)) OVER () AS lookback_id
      FROM (
        SELECT id, UNIX_MICROS(createdat) AS created_us, MAX(UNIX_MICROS(createdat)) OVER () AS watermark_us
        FROM {${source.stream}}
        WHERE ${bound}createdat <= ${literal(now)} AND ${ofClient(source)}
      ) AS recent
    ) AS judged
    HAVING COUNT(*) > 0`;
}

/** A row for each run of a source, kind `run`. */
function runsSql({ stream, clientId }: Source, since: Timestamp | null): string {
  const bound = since === null ? '' : `started_at >= ${literal(since)} AND `;
  return `SELECT 'run' AS kind, UNIX_MICROS(started_at) AS started_us,
      ${EMPTY_POSITION.map(noText).join(', ')},
      run_id, mode, outcome, CAST(first_id AS STRING) AS first_id_text, CAST(last_id AS STRING) AS last_id_text,
      CAST(UNIX_MICROS(finished_at) AS STRING) AS finished_us, CAST(accept_gap AS STRING) AS accepts_gap,
      CAST(rows_inserted AS STRING) AS inserted
    FROM {sync_runs}
    WHERE ${bound}stream = '${stream}' AND mode != 'check' AND ${clientId === null ? 'client_id IS NULL' : ofClient({ clientId })}`;
}

function positionOf(row: AnswerRow | undefined): Position | null {
  const watermark = momentOf(row?.watermark_us);
  const lookbackId = idOf(row?.lookback_id);
  return watermark === null || lookbackId === null
    ? null
    : { watermark, lookbackId, belowId: idOf(row?.below_id) };
}

function runOf(row: AnswerRow): EarlierRun {
  return {
    runId: row.run_id ?? '',
    mode: row.mode ?? '',
    outcome: row.outcome ?? '',
    firstId: idOf(row.first_id_text),
    lastId: idOf(row.last_id_text),
    startedAt: momentOf(row.started_us) ?? '',
    finishedAt: momentOf(row.finished_us) ?? '',
    acceptsGap: row.accepts_gap === 'true',
    inserted: Number(row.inserted ?? 0),
  };
}

export function literal(moment: Timestamp): string {
  return `TIMESTAMP '${moment.slice(0, 26).replace('T', ' ')}+00'`;
}

export function ofClient({ clientId }: Pick<Source, 'clientId'>, prefix = ''): string {
  return clientId === null ? 'TRUE' : `${prefix}client_id = ${clientId}`;
}

export function idOf(text: string | null | undefined): bigint | null {
  return text === null || text === undefined ? null : BigInt(text);
}

export function momentOf(micros: string | null | undefined): Timestamp | null {
  return micros === null || micros === undefined ? null : timestampOfMicros(BigInt(micros));
}
