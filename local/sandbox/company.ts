import type { StreamName } from '../../functions/streams.ts';
import { DAY_MS } from '../../functions/timestamps.ts';
import { companyStatus } from './company-statuses.ts';
import { type Execution, executionsOfDay } from './executions.ts';
import { belongsTo, type LogSource, lowerBound } from './source.ts';

/** The made-up company's plan, of which it uses about four fifths. */
export const PLAN_RECORDS_PER_MONTH = 11_500_000;
export const PLAN_ACTIVE_PIPELINES = 45;

/** How long the API keeps a log. */
export const RETENTION_DAYS = 90;

export interface CompanyOptions {
  /** @default 1 */
  seed?: number;
  /** @default Date.now */
  now?: () => number;
}

interface Window {
  firstDay: number;
  lastDay: number;
  executions: Execution[];
}

/**
 * A made-up company with some 40 pipelines and a dozen models, as the API would list its logs at this moment.
 *
 * What it lists depends only on the seed and the clock: whoever comes back later, even from another process, finds
 * the same rows and those written in the meantime.
 */
export function createCompany({ seed = 1, now = Date.now }: CompanyOptions = {}): LogSource {
  const windows = {
    pipeline_logs: createWindow('pipeline_logs', seed),
    model_logs: createWindow('model_logs', seed),
  };

  return {
    status: (object) => companyStatus(object, now()),
    page(stream, startElementId, limit, clientId) {
      const nowMs = now();
      const executions = windows[stream](nowMs);
      const rows: object[] = [];
      const first = lowerBound(
        executions.length,
        (index) => (executions[index]?.row.id ?? 0) >= startElementId,
      );
      for (let index = first; index < executions.length && rows.length < limit; index++) {
        const execution = executions[index];
        const row = execution && visibleRow(execution, nowMs);
        if (row !== undefined && belongsTo(row, clientId)) rows.push(row);
      }
      return { rows };
    },
  };
}

/** The executions of all days that may hold visible rows; as the clock moves on, only new days are generated. */
function createWindow(stream: StreamName, seed: number): (nowMs: number) => Execution[] {
  let days = new Map<number, Execution[]>();
  let window: Window = { firstDay: 0, lastDay: -1, executions: [] };

  return (nowMs) => {
    const lastDay = Math.floor(nowMs / DAY_MS);
    const firstDay = Math.floor(nowMs / DAY_MS - RETENTION_DAYS);
    if (window.firstDay === firstDay && window.lastDay === lastDay) return window.executions;
    const kept = new Map<number, Execution[]>();
    for (let day = firstDay; day <= lastDay; day++) {
      kept.set(day, days.get(day) ?? executionsOfDay(stream, seed, day));
    }
    days = kept;
    window = { firstDay, lastDay, executions: [...days.values()].flat() };
    return window.executions;
  };
}

function visibleRow(
  { row, createdAtMs, visibleFromMs, update }: Execution,
  nowMs: number,
): object | undefined {
  if (visibleFromMs > nowMs || createdAtMs < nowMs - RETENTION_DAYS * DAY_MS) return undefined;
  return update !== undefined && update.visibleFromMs <= nowMs ? update.row : row;
}
