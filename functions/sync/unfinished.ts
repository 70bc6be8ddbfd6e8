import type { RunReport, StreamReport } from './report.ts';
import type { RunRequest } from './request.ts';

/** What a run has left to do. */
export interface Unfinished {
  request: RunRequest;
  /** Whether the run came further than where it started; a chain of runs that do not would never end. */
  hasProgressed: boolean;
}

/**
 * What is left of a request after a run, as requests that finish it; nothing of streams that are done or have failed.
 *
 * An incremental run finds by itself where to go on. What a backfill or a verification has left differs from stream to
 * stream and client to client.
 */
export function unfinishedOf(request: RunRequest, report: RunReport): Unfinished[] {
  if (request.dryRun) return [];
  const streams = report.streams.filter(({ outcome }) => outcome === 'partial' || outcome === 'not_started');
  if (request.mode !== 'incremental') return streams.map((stream) => restOf(request, stream));
  if (streams.length === 0) return [];
  return [
    {
      request: { ...request, streams: [...new Set(streams.map(({ stream }) => stream))] },
      hasProgressed: streams.some(({ progressed }) => progressed),
    },
  ];
}

function restOf(request: RunRequest, { stream, client_id, next_id, progressed }: StreamReport): Unfinished {
  return {
    request: {
      ...request,
      streams: [stream],
      ...(client_id === null ? {} : { clientId: client_id }),
      ...(next_id === null ? {} : { from: undefined, fromId: next_id }),
    },
    hasProgressed: progressed,
  };
}
