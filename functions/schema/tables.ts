import type { StreamName } from '../streams.ts';
import modelLogs from './model_logs.json' with { type: 'json' };
import pipelineLogs from './pipeline_logs.json' with { type: 'json' };
import rejectedRows from './rejected_rows.json' with { type: 'json' };
import statusObservations from './status_observations.json' with { type: 'json' };
import syncRuns from './sync_runs.json' with { type: 'json' };

export type ColumnType = 'INT64' | 'FLOAT64' | 'BOOL' | 'STRING' | 'TIMESTAMP' | 'JSON';

export interface Column {
  name: string;
  type: ColumnType;
  mode: 'REQUIRED' | 'NULLABLE';
  description: string;
}

export interface Table {
  description: string;
  partition: { type: string; field: string };
  clustering: string[];
  schema: Column[];
}

/** A value as it is stored: TIMESTAMP as a Timestamp text, JSON as its text. */
export type Value = bigint | number | boolean | string | null;

/** A row of a table: the values of its columns by name. */
export type Row = Record<string, Value>;

/** Every table, from the schema files that Terraform reads too. */
export const TABLES = {
  pipeline_logs: pipelineLogs as Table,
  model_logs: modelLogs as Table,
  rejected_rows: rejectedRows as Table,
  sync_runs: syncRuns as Table,
  status_observations: statusObservations as Table,
} as const;

export type TableName = keyof typeof TABLES;

/** The columns of a stream that come from Kondado; our own begin with an underscore. */
export function sourceColumns(stream: StreamName): Column[] {
  return TABLES[stream].schema.filter(({ name }) => !name.startsWith('_'));
}
