import { DAY_MS, HOUR_MS, MINUTE_MS } from '../timestamps.ts';
import type { Overview } from './overview.ts';
import { endMs, isOf, lastTried, newestFirst, type Run, sourcesRead } from './runs.ts';

/** Kondado keeps so much, so that a first load has so much to read. */
const KEPT_MS = 90 * DAY_MS;
/** As for `stale` in `sync_health`. */
const FRESH_MS = 3 * HOUR_MS;
/** An estimate from less would be a guess. */
const LEAST_PACE_MS = 10_000;

type Source = Overview['sync_health'][number];

/** How far what is stored can be believed, which comes before whatever it says. */
export type State =
  | { kind: 'empty' }
  | Loading
  | Stale
  | { kind: 'unreadable' }
  | { kind: 'known'; through: Date };

/** How the last run failed. */
export interface Failure {
  /** Null is a run that came no further without an error. */
  code: string | null;
  at: Date;
  /** For how long every run has failed, without a pause; null if that is not known. */
  minutes: number | null;
}

export interface Loading {
  kind: 'loading';
  /** Of the 90 days; null if nothing is stored yet. */
  share: number | null;
  through: Date | null;
  minutesLeft: number | null;
  /** When the last run ended that is not going on; null while there may be one. */
  pausedSince: Date | null;
  failure: Failure | null;
}

export interface Stale {
  kind: 'stale';
  since: Date;
  /** Of which nothing new is known while the others are well; null: of none. */
  clients: string[] | null;
  /** For how long no run has been tried; null while there are some. */
  idleMinutes: number | null;
  /** Without one, somebody is catching up, or nobody is trying. */
  failure: Failure | null;
  isCatchingUp: boolean;
  /** Up to when rows are stored, though perhaps not all of them. */
  through: Date | null;
}

/** Judges by the pipelines, because the plan does; by the models where there are no pipelines. */
export function stateOf(overview: Overview): State {
  const { asOf, plan_forecast, failures } = overview;
  const sources = judgedSources(overview);
  if (plan_forecast === null && failures.sync_health !== undefined) return { kind: 'unreadable' };
  const known = knownThrough(overview, sources);
  if (known === null) {
    const isEmpty = sources.length === 0 && (plan_forecast?.data_through ?? null) === null;
    return isEmpty ? { kind: 'empty' } : loadingState(overview, sources);
  }
  return isFresh(known, asOf) ? { kind: 'known', through: known } : staleState(known, overview, sources);
}

function staleState(since: Date, overview: Overview, sources: readonly Source[]): Stale {
  const { asOf } = overview;
  const old = sources.filter(({ known_through }) => known_through === null || !isFresh(known_through, asOf));
  const behind = old.length > 0 ? old : sources;
  const clients = behind.flatMap(({ client_id }) => client_id ?? []);
  const lastRun = newestRun(overview, behind);
  const lastMs = lastRun === undefined ? since.getTime() : endMs(lastRun);
  const isIdle = !isFresh(new Date(lastMs), asOf);
  return {
    kind: 'stale',
    since,
    clients: behind.length < sources.length && clients.length === behind.length ? clients : null,
    idleMinutes: isIdle ? (asOf.getTime() - lastMs) / MINUTE_MS : null,
    failure: failureOf(overview, behind),
    isCatchingUp: lastRun?.outcome === 'partial' && !isIdle,
    through: earliest(behind.map(({ watermark }) => watermark)),
  };
}

function isFresh(moment: Date, asOf: Date): boolean {
  return asOf.getTime() - moment.getTime() < FRESH_MS;
}

function judgedSources(overview: Overview): Source[] {
  const read = sourcesRead(overview);
  const pipelines = read.filter(({ stream }) => stream === 'pipeline_logs');
  return pipelines.length > 0 ? pipelines : read;
}

/** Null if something of it was never read to its end. */
function knownThrough(overview: Overview, sources: readonly Source[]): Date | null {
  const { plan_forecast, sync_health } = overview;
  // The forecast is that of all clients, also of those that are not read any more.
  const isOfAll = sourcesRead(overview).length === sync_health.length;
  if (isOfAll && plan_forecast?.known_through) return plan_forecast.known_through;
  // With nothing stored of 90 days there is no client, and so no word of the forecast.
  const isStored = (plan_forecast?.data_through ?? null) !== null;
  if ((isOfAll && isStored) || sources.some(({ known_through }) => known_through === null)) return null;
  return earliest(sources.map(({ known_through }) => known_through));
}

function loadingState(overview: Overview, sources: readonly Source[]): Loading {
  const { asOf, plan_forecast } = overview;
  const unread = sources.filter(({ known_through }) => known_through === null);
  const through =
    sources.length === 0
      ? (plan_forecast?.data_through ?? null) // the very first run is still under way
      : earliest(unread.map(({ watermark }) => watermark));
  const nowMs = asOf.getTime();
  const lastRun = newestRun(overview, unread);
  const isPaused = lastRun !== undefined && nowMs - endMs(lastRun) > FRESH_MS;
  const beginMs = nowMs - KEPT_MS;
  return {
    kind: 'loading',
    share: through === null ? null : Math.min(Math.max(0, (through.getTime() - beginMs) / KEPT_MS), 1),
    through,
    minutesLeft: isPaused ? null : minutesLeft(overview, unread),
    pausedSince: isPaused ? new Date(endMs(lastRun)) : null,
    failure: failureOf(overview, unread),
  };
}

/** By the pace of the runs that are known, the pauses between them included; of the slowest source. */
function minutesLeft(overview: Overview, sources: readonly Source[]): number | null {
  const estimates = sources.map((source) => {
    const runs = runsOf(overview, source).filter(({ watermark_after }) => watermark_after !== null);
    const [first, last] = [runs[0], runs.at(-1)];
    if (!first?.watermark_after || !last?.watermark_after) return null;
    const nowMs = overview.asOf.getTime();
    const fromMs = first.watermark_before?.getTime() ?? nowMs - KEPT_MS;
    const readMs = last.watermark_after.getTime() - fromMs;
    const tookMs = endMs(last) - first.started_at.getTime();
    if (readMs <= 0 || tookMs < LEAST_PACE_MS) return null;
    return ((nowMs - last.watermark_after.getTime()) * tookMs) / readMs / MINUTE_MS;
  });
  const known = estimates.filter((estimate) => estimate !== null);
  return known.length === 0 || known.length < estimates.length ? null : Math.max(1, ...known);
}

/** Oldest first, without runs that read something again. */
function runsOf({ sync_runs }: Overview, source: Source): Run[] {
  return newestFirst(sync_runs.filter((run) => isOf(source, run) && run.mode === 'incremental')).reverse();
}

function newestRun(overview: Overview, sources: readonly Source[]): Run | undefined {
  return sources
    .flatMap((source) => runsOf(overview, source).at(-1) ?? [])
    .sort((one, other) => endMs(other) - endMs(one))[0];
}

/** What the last run of a failing source failed with; null if none fails, or none has been tried for long. */
function failureOf(overview: Overview, sources: readonly Source[]): Failure | null {
  const [failing] = sources.flatMap((source) => {
    const run = source.health === 'failing' ? lastTried(source, overview.sync_runs) : undefined;
    return run === undefined ? [] : [{ source, run }];
  });
  if (failing === undefined) return null;
  const { source, run } = failing;
  return { code: run.error_code, at: new Date(endMs(run)), minutes: failingMinutes(overview, source) };
}

/** Since the first run after the last one that was well; null if nothing ran in between for long. */
function failingMinutes(overview: Overview, source: Source): number | null {
  const runs = runsOf(overview, source);
  const lastGood = runs.findLastIndex(({ outcome }) => outcome === 'success' || outcome === 'partial');
  const good = runs[lastGood];
  const failed = runs.slice(lastGood + 1);
  const [first] = failed;
  if (good === undefined || first === undefined) return null;
  const moments = [new Date(endMs(good)), ...failed.map(({ started_at }) => started_at), overview.asOf];
  const isUnbroken = moments.every((moment, place) => isFresh(moment, moments[place + 1] ?? moment));
  return isUnbroken ? (overview.asOf.getTime() - first.started_at.getTime()) / MINUTE_MS : null;
}

function earliest(moments: readonly (Date | null)[]): Date | null {
  const known = moments.filter((moment) => moment !== null);
  if (known.length === 0 || known.length < moments.length) return null;
  return new Date(Math.min(...known.map((moment) => moment.getTime())));
}
