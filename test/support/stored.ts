import type { ApiRow } from './rows.ts';
import type { TestWarehouse } from './warehouses.ts';

/** What is stored of the pipelines, in the words of the API, to compare with `shown`. */
export async function stored(warehouse: TestWarehouse): Promise<unknown[][]> {
  const rows = await warehouse.latest('pipeline_logs');
  return rows.map(({ id, createdat, row_count }) => [
    Number(id),
    String(createdat).replace('000Z', 'Z'),
    String(row_count),
  ]);
}

/** What the API shows of these rows, by id. */
export function shown(rows: readonly ApiRow[]): unknown[][] {
  return rows
    .toSorted((one, other) => Number(one.id) - Number(other.id))
    .map(({ id, createdAt, row_count }) => [id, createdAt, row_count]);
}

/** The ranges of ids that the view `coverage` calls proven: two of a source mean a hole. */
export async function coverage(warehouse: TestWarehouse): Promise<[number, number][]> {
  const ranges = await warehouse.rows('coverage');
  return ranges
    .map(({ first_id, last_id }): [number, number] => [Number(first_id), Number(last_id)])
    .sort(([one], [other]) => one - other);
}

/** The ids of rows that a run calls proven, although they are neither stored nor set aside. */
export async function falselyProven(warehouse: TestWarehouse, rows: readonly ApiRow[]): Promise<number[]> {
  const runs = await warehouse.rows('sync_runs');
  const kept = new Set([
    ...(await warehouse.rows('pipeline_logs')).map(({ id }) => Number(id)),
    ...(await warehouse.rows('rejected_rows')).map(({ row_id }) => Number(row_id)),
  ]);
  const isProven = (id: number) =>
    runs.some(
      ({ first_id, last_id }) => first_id !== null && Number(first_id) <= id && id <= Number(last_id),
    );
  return rows.map(({ id }) => Number(id)).filter((id) => !kept.has(id) && isProven(id));
}
