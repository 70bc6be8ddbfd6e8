import type { ViewRow } from '../views/columns.ts';
import type { Wording } from './wording/wording.ts';

export type Status = ViewRow<'pipeline_status'> | ViewRow<'model_status'>;

/**
 * Why a pipeline or model is late, silent or stopped, in the language of the reader.
 *
 * The one place that says so: the page, the summary and the log lines tell the same.
 */
export function reasonOf(status: Status, { findings }: Wording): string {
  const { health, usual_interval_minutes, expected_by, overdue_minutes, last_execution_at } = status;
  return health === 'stopped'
    ? findings.stopped(usual_interval_minutes, last_execution_at)
    : findings.overdueSince(usual_interval_minutes, expected_by, overdue_minutes, last_execution_at);
}
