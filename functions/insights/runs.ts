import type { Overview } from './overview.ts';

export type Run = Overview['sync_runs'][number];

/** A stream of a client, or of all. */
export type RunSource = Pick<Run, 'stream' | 'client_id'>;

/** Newest first, by their start. */
export function newestFirst(runs: readonly Run[]): Run[] {
  return runs.toSorted((one, other) => other.started_at.getTime() - one.started_at.getTime());
}

export function isOf({ stream, client_id }: RunSource, run: Run): boolean {
  return run.stream === stream && run.client_id === client_id;
}

/** Of a run that was killed, all that is known is its start. */
export function endMs({ finished_at, started_at }: Run): number {
  return (finished_at ?? started_at).getTime();
}

/** The run in which a source that is failing failed, as `sync_health` judges it: the last one of any mode that was tried. */
export function lastTried(source: RunSource, runs: readonly Run[]): Run | undefined {
  const tried = runs.filter((run) => isOf(source, run) && run.outcome !== 'not_started');
  return tried.toSorted((one, other) => endMs(other) - endMs(one))[0];
}

/** What is still read: a client that the configuration names no longer stays as it is. */
export function sourcesRead({ sync_health, clientIds }: Overview): Overview['sync_health'] {
  const read = sync_health.filter(({ client_id }) => client_id !== null && clientIds.includes(client_id));
  // Nothing has run yet with a configuration that is new.
  return read.length > 0 ? read : sync_health;
}
