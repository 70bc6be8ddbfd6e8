import type { StreamName } from '../../functions/streams.ts';
import { MINUTE_MS } from '../../functions/timestamps.ts';

/** What the API sends for a row; tests change single fields. */
export type ApiRow = Record<string, unknown>;

/** The example of Kondado's help pages, value for value. */
export const DOCUMENTED_ROW = {
  id: 5181910,
  client_id: 1,
  pipeline_id: 702,
  execution_time_seconds: '0.486988',
  has_deltas: false,
  pipeline_name: 'Kondado - Blog - wp_options',
  row_count: '256',
  createdAt: '2020-09-17T00:03:48.108Z',
  updatedAt: '2020-09-17T00:03:48.108Z',
  initial_savepoint: null,
  new_savepoint: null,
  external_ip: '3.220.239.218',
  is_billable: true,
  raw_row_count: '123',
  mb_estimate: '0.00231',
};

/** ISO text of the moment so many minutes before now. */
export function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * MINUTE_MS).toISOString();
}

export function pipelineRow(id: number | bigint, fields: ApiRow = {}): ApiRow {
  const createdAt = minutesAgo(30);
  return { ...DOCUMENTED_ROW, id, createdAt, updatedAt: fields.createdAt ?? createdAt, ...fields };
}

export function modelRow(id: number | bigint, fields: ApiRow = {}): ApiRow {
  const createdAt = minutesAgo(30);
  return {
    id,
    model_id: 162,
    client_id: 1,
    row_count: '4096',
    execution_time_seconds: '12.5',
    createdAt,
    updatedAt: fields.createdAt ?? createdAt,
    model_name: 'Receita mensal',
    ...fields,
  };
}

/** Rows with every third id, one a second, the last one some minutes ago. */
export function load(
  stream: StreamName,
  count: number,
  options: { firstId?: number; endMinutesAgo?: number } = {},
) {
  const { firstId = 1_000, endMinutesAgo = 5 } = options;
  const endMs = Date.now() - endMinutesAgo * MINUTE_MS;
  return Array.from({ length: count }, (_, index) => {
    const createdAt = new Date(endMs - (count - 1 - index) * 1_000).toISOString();
    const fields = { createdAt, row_count: String(index * 7) };
    const id = firstId + index * 3;
    return stream === 'pipeline_logs' ? pipelineRow(id, fields) : modelRow(id, fields);
  });
}
