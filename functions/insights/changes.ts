import type { Log } from '../log.ts';
import type { Forecast } from './forecast.ts';
import { type KondadoObject, keyOf, linkOf, namesOf, PIPELINES_LINK } from './objects.ts';
import { isAlarming, judgementOf, reasonOf, type Status, silenceReasonOf } from './reasons.ts';
import type { Wording } from './wording/wording.ts';

const LINES_AT_MOST = 20;

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
  /** Failing or blocked since the look before, says Kondado, though nothing is overdue yet. */
  failing: Observed[];
}

/** What the lines of one run share. */
export interface LineContext {
  run: { run_id: string };
  /** Null if it is not known. */
  forecast: Forecast | null;
  wording: Wording;
  log: Log;
}

/** What has changed between the looks before and after a run. */
export function changesOf(before: Statuses | null, after: readonly Observed[]): Changes {
  const changes: Changes = { overdue: [], unplaced: [], back: [], failing: [] };
  for (const observed of after) {
    const earlier = before?.get(keyOf(observed.object));
    const { status } = observed;
    const wasKnown = earlier !== undefined && earlier.health !== 'unknown';
    const wasOverdue = wasKnown && isAlarming(earlier);
    const isOverdue = isAlarming(status);
    if (isOverdue && !wasOverdue) changes[wasKnown ? 'overdue' : 'unplaced'].push(observed);
    if (wasOverdue && status.overdue_minutes === null && isNewer(status, earlier))
      changes.back.push(observed);
    const isEarly = status.overdue_minutes === null && judgementOf(status) !== undefined;
    if (isEarly && earlier !== undefined && earlier.state !== status.state) changes.failing.push(observed);
  }
  return changes;
}

/** A line each; of many, and of those that the plan has paused, one for all. */
export function logChanges(changes: Changes, context: LineContext): void {
  const { overdue, unplaced, failing, back } = changes;
  const { forecast } = context;
  const paused = overdue.filter(({ status }) => silenceReasonOf(status, forecast) === 'plan_used_up');
  const isGroup = paused.length > 1;
  const single = isGroup ? overdue.filter((observed) => !paused.includes(observed)) : overdue;
  if (isGroup) logPaused(paused, context);
  for (const observed of single.slice(0, LINES_AT_MOST)) logTrouble('pipeline_overdue', observed, context);
  for (const observed of failing.slice(0, LINES_AT_MOST)) logTrouble('pipeline_failing', observed, context);
  for (const observed of back.slice(0, LINES_AT_MOST)) logBack(observed, context);
  logOthers('pipeline_failing', failing.length - LINES_AT_MOST, context);
  logOthers('pipeline_back', back.length - LINES_AT_MOST, context);
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

function logPaused(paused: readonly Observed[], { forecast, run, wording, log }: LineContext): void {
  const names = namesOf(
    paused.map(({ object }) => object),
    wording,
  );
  const since = forecast?.limit_date ?? null;
  const message = wording.findings.overdueByPlan(paused.length, since, names, PIPELINES_LINK);
  log.write('warn', 'pipelines_overdue', message, {
    run_id: run.run_id,
    overdue: paused.length,
    reason: 'plan_used_up',
    pipeline_ids: paused.slice(0, LINES_AT_MOST).map(({ object }) => object.id),
    link: PIPELINES_LINK,
  });
}

/** How many more there are than have a line of their own. */
function logOthers(
  event: 'pipeline_failing' | 'pipeline_back',
  others: number,
  { run, wording, log }: LineContext,
): void {
  if (others <= 0) return;
  const [severity, say] =
    event === 'pipeline_back'
      ? (['info', wording.findings.backMany] as const)
      : (['warn', wording.findings.failingMany] as const);
  log.write(severity, event, say(others), { run_id: run.run_id, others, link: PIPELINES_LINK });
}

/** A line about something that is overdue, or that will be. */
function logTrouble(
  event: 'pipeline_overdue' | 'pipeline_failing',
  { object, status }: Observed,
  { run, forecast, wording, log }: LineContext,
): void {
  const { findings } = wording;
  const { health, expected_by, overdue_minutes, last_execution_at, state } = status;
  const { kind } = judgementOf(status) ?? {};
  const word = kind === undefined ? health : findings.kinds[kind][0];
  const reason = reasonOf(status, forecast, wording);
  const link = linkOf(object);
  const say = event === 'pipeline_overdue' ? findings.overdue : findings.failing;
  log.write('warn', event, say(subjectOf(object, wording), word, reason, link), {
    run_id: run.run_id,
    ...idsOf(object),
    health,
    state,
    silence_reason: silenceReasonOf(status, forecast),
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
