import type { RunReport, StreamReport } from './report.ts';
import type { RunRequest } from './request.ts';

/** What a run has left to do. */
export interface Remainder {
  request: RunRequest;
  /** Whether the run came further than where it started; one that did not would not end if it went on for ever. */
  hasProgressed: boolean;
}

/**
 * What is left of a request after a run, as requests that finish it; nothing of streams that are done or have failed.
 *
 * An incremental run finds by itself where to go on. What a backfill or a verification has left differs from stream to
 * stream and client to client.
 */
export function remaindersOf(request: RunRequest, report: RunReport): Remainder[] {
  if (request.dryRun) return [];
  const unfinished = report.streams.filter(
    ({ outcome }) => outcome === 'partial' || outcome === 'not_started',
  );
  if (request.mode !== 'incremental') return unfinished.map((stream) => remainderOf(request, stream));
  if (unfinished.length === 0) return [];
  return [
    {
      request: { ...request, streams: [...new Set(unfinished.map(({ stream }) => stream))] },
      hasProgressed: unfinished.some(({ rows_inserted, rows_rejected }) => rows_inserted + rows_rejected > 0),
    },
  ];
}

function remainderOf(request: RunRequest, { stream, client_id, next_id }: StreamReport): Remainder {
  return {
    request: {
      ...request,
      streams: [stream],
      ...(client_id === null ? {} : { clientId: client_id }),
      ...(next_id === null ? {} : { from: undefined, fromId: next_id }),
    },
    hasProgressed: next_id !== null && (request.fromId === undefined || next_id > request.fromId),
  };
}
