import { type LogRow, versionKey } from '../rows.ts';
import type { StreamName } from '../streams.ts';
import { addMs, DAY_MS, type Timestamp } from '../timestamps.ts';
import type { StoredVersion } from '../warehouse/queries.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';

const VERSIONS_PER_READ = 20_000;

/** Tells which rows the warehouse has already. */
export interface StoredVersions {
  /** Reads what is needed to judge the ids from one to another, which must not start below those judged before. */
  cover(firstId: bigint, lastId: bigint, oldest: Timestamp | null): Promise<void>;
  /** Whether exactly this version of the row is stored. */
  hasVersion(row: LogRow): boolean;
  /** Whether any version of the row is stored. */
  hasId(row: LogRow): boolean;
  /** The versions with ids from one to another, as far as they were covered. */
  between(ids: { firstId: bigint; lastId: bigint }): StoredVersion[];
  /** Reads anew what has been stored with these ids since. */
  refresh(firstId: bigint, lastId: bigint): Promise<void>;
}

/**
 * Reads the stored versions alongside the pages, both ascending by id, a bounded number at a time: neither memory nor the
 * number of queries depends on how much is stored in all.
 *
 * @param createdSince rows created before are not among those read first, which keeps an hourly run to few partitions. A
 * page that holds an older row makes it look further back.
 */
export function createStoredVersions(
  warehouse: Pick<Warehouse, 'storedVersions'>,
  stream: StreamName,
  createdSince: Timestamp | null,
): StoredVersions {
  let since = createdSince;
  /** Everything stored up to here was read; null is everything. */
  let coveredTo: bigint | null = -(2n ** 63n);
  let stored: StoredVersion[] = [];
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

  async function readUpTo(firstId: bigint, lastId: bigint): Promise<void> {
    stored = stored.filter(({ id }) => id >= firstId);
    while (coveredTo !== null && coveredTo < lastId) {
      await read(coveredTo < firstId ? firstId : coveredTo + 1n, VERSIONS_PER_READ);
    }
    versions = new Set(stored.map(({ id, updatedat }) => versionKey(id, updatedat)));
    ids = new Set(stored.map(({ id }) => id));
  }

  return {
    async cover(firstId, lastId, oldest) {
      if (since !== null && oldest !== null && oldest < since) {
        since = addMs(oldest, -DAY_MS);
        coveredTo = firstId - 1n;
      }
      if (coveredTo !== null && coveredTo < lastId) await readUpTo(firstId, lastId);
    },
    async refresh(firstId, lastId) {
      coveredTo = firstId - 1n;
      await readUpTo(firstId, lastId);
    },
    hasVersion: ({ id, updatedat }) => versions.has(versionKey(id, updatedat)),
    hasId: ({ id }) => ids.has(id),
    between: ({ firstId, lastId }) => stored.filter(({ id }) => id >= firstId && id <= lastId),
  };
}
