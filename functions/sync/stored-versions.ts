import { type LogRow, versionKey } from '../rows.ts';
import type { StreamName } from '../streams.ts';
import { addMs, type Timestamp } from '../timestamps.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';

const DAY_MS = 86_400_000;
const VERSIONS_PER_READ = 20_000;

/** Tells which rows the warehouse has already. */
export interface KnownVersions {
  /** Reads what is needed to judge these rows, which must not start below those judged before. */
  cover(rows: readonly LogRow[]): Promise<void>;
  /** Whether exactly this version of the row is stored. */
  hasVersion(row: LogRow): boolean;
  /** Whether any version of the row is stored. */
  hasId(row: LogRow): boolean;
}

/**
 * Reads the stored versions alongside the pages, both ascending by id, a bounded number at a time: neither memory nor the
 * number of queries depends on how much is stored in all.
 *
 * @param createdSince rows created before are not among those read first, which keeps an hourly run to few partitions. A
 * page that holds an older row makes it look further back.
 */
export function createKnownVersions(
  warehouse: Pick<Warehouse, 'storedVersions'>,
  stream: StreamName,
  createdSince: Timestamp | null,
): KnownVersions {
  let since = createdSince;
  /** Everything stored up to here was read; null is everything. */
  let coveredTo: bigint | null = -(2n ** 63n);
  let stored: { id: bigint; updatedat: Timestamp | null }[] = [];
  let versions = new Set<string>();
  let ids = new Set<bigint>();

  async function read(firstId: bigint, limit: number): Promise<void> {
    const more = await warehouse.storedVersions({ stream, firstId, createdSince: since, limit });
    stored = [...stored.filter(({ id }) => id < firstId), ...more];
    const lastId = more.at(-1)?.id ?? firstId;
    if (more.length < limit) coveredTo = null;
    // The last id may have more versions than were read.
    else if (lastId > firstId) coveredTo = lastId - 1n;
    else await read(firstId, limit * 2);
  }

  return {
    async cover(rows) {
      const [first, last] = [rows[0], rows.at(-1)];
      if (!first || !last) return;
      const oldest = rows.reduce(
        (least, { createdat }) => (createdat < least ? createdat : least),
        first.createdat,
      );
      if (since !== null && oldest < since) {
        since = addMs(oldest, -DAY_MS);
        coveredTo = first.id - 1n;
      }
      if (coveredTo === null || coveredTo >= last.id) return;
      stored = stored.filter(({ id }) => id >= first.id);
      while (coveredTo !== null && coveredTo < last.id) {
        await read(coveredTo < first.id ? first.id : coveredTo + 1n, VERSIONS_PER_READ);
      }
      versions = new Set(stored.map(({ id, updatedat }) => versionKey(id, updatedat)));
      ids = new Set(stored.map(({ id }) => id));
    },
    hasVersion: ({ id, updatedat }) => versions.has(versionKey(id, updatedat)),
    hasId: ({ id }) => ids.has(id),
  };
}
