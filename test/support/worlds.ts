import type { Paging } from '../../local/sandbox/server.ts';
import { DAY_MINUTES } from './history.ts';
import { type ApiRow, minutesAgo, pipelineRow } from './rows.ts';
import type { Environment } from './runs.ts';
import type { KondadoOptions } from './test.ts';

/** A way in which Kondado might page, none of which a sync may rely on. */
export interface World {
  name: string;
  options: Pick<KondadoOptions, 'paging' | 'pageSize' | 'hides' | 'emptyEvery'>;
  env: Environment;
  /** Whether the API shows a row at all. */
  shows: (row: object) => boolean;
}

const PAGE_SIZES = [7, 25, 49, 50, 500];

/** Where the documentation leaves the cursor open; all but these two are proven with the smallest pages and the usual ones. */
const PAGINGS: Paging[] = [
  'nextRow',
  'null',
  'missing',
  'noPagination',
  'stuck',
  'zero',
  'emptyLast',
  'askedPlusOne',
  'renamed',
  'alwaysNull',
  'never',
  'still',
  'alwaysZero',
  'late',
  'leaping',
  'far',
];

/** Rows of client 2 come between those of client 1, in runs that are longer than a page of the smaller sizes. */
export const OTHER_CLIENT = 2;
const isOther = (row: object) => 'client_id' in row && row.client_id === OTHER_CLIENT;

const CLIENT_AFTER_PAGING = {
  name: 'other clients left out after a page is cut',
  options: {
    hides: (row: object, clientId: string | null) => 'client_id' in row && String(row.client_id) !== clientId,
  },
  env: { KONDADO_CLIENT_IDS: '1' },
  shows: (row: object) => !isOther(row),
};
const CLIENT_BEFORE_PAGING = {
  ...CLIENT_AFTER_PAGING,
  name: 'other clients left out before',
  options: {},
};
const VISIBILITY = {
  name: 'hidden rows left out after a page is cut',
  options: { hides: isOther },
  env: {},
  shows: (row: object) => !isOther(row),
};
const EMPTY_PAGES = {
  name: 'an empty page now and then',
  options: { emptyEvery: 3 },
  env: {},
  shows: () => true,
};

function world(pageSize: number, paging: Paging, filter?: Omit<World, 'name'> & { name: string }): World {
  return {
    name: `${pageSize} a page, cursor ${paging}${filter ? `, ${filter.name}` : ''}`,
    options: { pageSize, paging, ...filter?.options },
    env: filter?.env ?? {},
    shows: filter?.shows ?? (() => true),
  };
}

export const WORLDS: World[] = [
  ...PAGE_SIZES.flatMap((pageSize) => [world(pageSize, 'inclusive'), world(pageSize, 'exclusive')]),
  ...PAGINGS.flatMap((paging) => [world(7, paging), world(50, paging)]),
  world(7, 'inclusive', CLIENT_AFTER_PAGING),
  world(50, 'exclusive', CLIENT_AFTER_PAGING),
  world(25, 'inclusive', CLIENT_BEFORE_PAGING),
  world(7, 'exclusive', VISIBILITY),
  world(25, 'nextRow', VISIBILITY),
  world(7, 'askedPlusOne', VISIBILITY),
  world(50, 'null', VISIBILITY),
  world(500, 'emptyLast', VISIBILITY),
  world(7, 'inclusive', EMPTY_PAGES),
  world(50, 'exclusive', EMPTY_PAGES),
];

/** A few that are as different as can be, for tests that take long. */
export const FEW_WORLDS: World[] = [
  world(50, 'inclusive'),
  world(7, 'renamed'),
  world(25, 'exclusive', VISIBILITY),
  world(49, 'leaping'),
  world(7, 'inclusive', CLIENT_AFTER_PAGING),
];

/** Rows with room for others between their ids, at equal distances between two moments. */
export function rowsBetween(
  oldestMinutesAgo: number,
  newestMinutesAgo: number,
  count: number,
  firstId: number,
): ApiRow[] {
  const stepMinutes = (oldestMinutesAgo - newestMinutesAgo) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, index) =>
    pipelineRow(firstId + index * 3, {
      client_id: index % 40 < 25 ? 1 : OTHER_CLIENT,
      createdAt: minutesAgo(oldestMinutesAgo - index * stepMinutes),
      row_count: String(firstId + index),
    }),
  );
}

/** Six days, of which the last thirty rows lie within the lookback. */
export function worldHistory(): ApiRow[] {
  return [...rowsBetween(6 * DAY_MINUTES, 180, 90, 1_000), ...rowsBetween(50, 10, 30, 5_000)];
}
