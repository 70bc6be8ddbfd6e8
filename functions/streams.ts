/**
 * The log streams that Kondado offers.
 *
 * A stream is data: a new one is an entry here, a schema file of its name, its views, and its path in the configuration.
 */
export const STREAM_NAMES = ['pipeline_logs', 'model_logs'] as const;

export type StreamName = (typeof STREAM_NAMES)[number];

/** What Kondado executes. */
export type ObjectKind = 'pipeline' | 'model';

/** What the executions in a stream are of. */
export const OBJECT_KINDS: Record<StreamName, ObjectKind> = {
  pipeline_logs: 'pipeline',
  model_logs: 'model',
};

/** What one run reads on its own, with its own watermark: a stream, of one client or of all that the token may see. */
export interface Source {
  stream: StreamName;
  clientId: bigint | null;
}

/** `pipeline_logs`, or `pipeline_logs of client 7`. */
export function sourceName({
  stream,
  clientId,
}: {
  stream: string;
  clientId: bigint | string | null;
}): string {
  return clientId === null ? stream : `${stream} of client ${clientId}`;
}
