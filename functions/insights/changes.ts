import type { Log } from '../log.ts';
import { dayOf } from './days.ts';
import { type Forecast, outlookOf } from './forecast.ts';
import { type KondadoObject, keyOf, linkOf, PIPELINES_LINK } from './objects.ts';
import { reasonOf, type Status } from './reasons.ts';
import type { Wording } from './wording/wording.ts';

const LINES_AT_MOST = 20;
const NAMES_AT_MOST = 5;

/** A pipeline or model, and how it is. */
export interface Observed {
  object: KondadoObject;
  status: Status;
}

/** How all of them are, by `keyOf`. */
export type Statuses = ReadonlyMap<string, Status>;

export interface Changes {
  /** Overdue now, and known not to have been before. */
  overdue: Observed[];
  /** Overdue, and nobody knows since which run. */
  unplaced: Observed[];
  /** Finished after it had been overdue. */
  back: Observed[];
}

/** What the lines of one run share. */
export interface LineContext {
  run: { run_id: string };
  wording: Wording;
  log: Log;
}

/** What has changed between the looks before and after a run. */
export function changesOf(before: Statuses | null, after: readonly Observed[]): Changes {
  const changes: Changes = { overdue: [], unplaced: [], back: [] };
  for (const observed of after) {
    const earlier = before?.get(keyOf(observed.object));
    const wasKnown = earlier !== undefined && earlier.health !== 'unknown';
    const wasOverdue = wasKnown && earlier.overdue_minutes !== null;
    const isOverdue = observed.status.overdue_minutes !== null;
    if (isOverdue && !wasOverdue) changes[wasKnown ? 'overdue' : 'unplaced'].push(observed);
    if (wasOverdue && !isOverdue && isNewer(observed.status, earlier)) changes.back.push(observed);
  }
  return changes;
}

/** A line each; of many, and of those that the plan has paused, one for all. */
export function logChanges(changes: Changes, forecast: Forecast | null, context: LineContext): void {
  const { overdue, unplaced, back } = changes;
  const paused = overdue.filter((observed) => isPausedByPlan(observed, forecast, context.wording));
  const isGroup = forecast !== null && paused.length > 1;
  const single = isGroup ? overdue.filter((observed) => !paused.includes(observed)) : overdue;
  if (isGroup) logPaused(paused, forecast, context);
  for (const observed of single.slice(0, LINES_AT_MOST)) logOverdue(observed, context);
  for (const observed of back.slice(0, LINES_AT_MOST)) logBack(observed, context);
  // In a first run nothing is known to be new; after an outage, too much may be.
  const others = Math.max(0, single.length - LINES_AT_MOST) + unplaced.length;
  if (others > 0) {
    const { run, wording, log } = context;
    const message = wording.findings.overdueMany(others, single.length > 0);
    log.write('warn', 'pipelines_overdue', message, { run_id: run.run_id, overdue: others });
  }
}

function isNewer({ last_execution_at: last }: Status, { last_execution_at: earlier }: Status): boolean {
  return last !== null && (earlier === null || last > earlier);
}

/** Kondado pauses pipelines once the records of the plan are used up, until the next month. */
function isPausedByPlan(
  { object, status }: Observed,
  forecast: Forecast | null,
  { formats }: Wording,
): boolean {
  if (forecast === null || object.kind !== 'pipeline' || outlookOf(forecast) !== 'over') return false;
  const { limit_date, month } = forecast;
  const since = limit_date ?? month;
  return status.expected_by !== null && dayOf(status.expected_by, formats.timeZone) >= since;
}

function logPaused(paused: readonly Observed[], { limit_date }: Forecast, context: LineContext): void {
  const { run, wording, log } = context;
  const { overdueByPlan, others } = wording.findings;
  const names = paused.slice(0, NAMES_AT_MOST).map(({ object }) => object.name);
  const more = paused.length - names.length;
  const message = overdueByPlan(
    paused.length,
    limit_date,
    more > 0 ? [...names, others(more)] : names,
    PIPELINES_LINK,
  );
  log.write('warn', 'pipelines_overdue', message, {
    run_id: run.run_id,
    overdue: paused.length,
    reason: 'plan_used_up',
    pipeline_ids: paused.slice(0, LINES_AT_MOST).map(({ object }) => object.id),
    link: PIPELINES_LINK,
  });
}

function logOverdue({ object, status }: Observed, { run, wording, log }: LineContext): void {
  const { findings } = wording;
  const { health, expected_by, overdue_minutes, last_execution_at } = status;
  const [kind] = Object.hasOwn(findings.kinds, health)
    ? findings.kinds[health as keyof typeof findings.kinds]
    : [health];
  const reason = reasonOf(status, wording);
  const link = linkOf(object);
  log.write('warn', 'pipeline_overdue', findings.overdue(subjectOf(object, wording), kind, reason, link), {
    run_id: run.run_id,
    ...idsOf(object),
    health,
    reason,
    expected_by: expected_by?.toISOString() ?? null,
    overdue_minutes,
    last_execution_at: last_execution_at?.toISOString() ?? null,
    link,
  });
}

function logBack({ object, status }: Observed, { run, wording, log }: LineContext): void {
  const { last_execution_at: last, health } = status;
  if (last === null) return;
  const link = linkOf(object);
  log.write('info', 'pipeline_back', wording.findings.back(subjectOf(object, wording), last, link), {
    run_id: run.run_id,
    ...idsOf(object),
    health,
    last_execution_at: last.toISOString(),
    link,
  });
}

function subjectOf({ kind, name }: KondadoObject, { findings }: Wording): string {
  return kind === 'pipeline' ? findings.pipelineNamed(name) : findings.modelNamed(name);
}

function idsOf({ kind, id, clientId, name }: KondadoObject): Record<string, string | null> {
  return { client_id: clientId, [`${kind}_id`]: id, [`${kind}_name`]: name };
}
