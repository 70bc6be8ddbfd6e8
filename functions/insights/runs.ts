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

/** What a source that is failing failed with, as `sync_health` judges it: by its last run of any mode that was tried. */
export function failureCodeOf(source: RunSource, runs: readonly Run[]): string | null {
  const tried = runs.filter((run) => isOf(source, run) && run.outcome !== 'not_started');
  const [last] = tried.toSorted((one, other) => endMs(other) - endMs(one));
  return last?.error_code ?? null;
}
