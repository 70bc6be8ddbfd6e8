import type { z } from 'zod';
import type { KondadoConfig } from '../config.ts';
import type { ObjectKind, Source, StreamName } from '../streams.ts';
import type { VariableName } from '../variables.ts';
import { PAGE, type Page } from './answer.ts';
import { type ObjectStatus, statusOf } from './statuses.ts';

/** What is asked for, and what it is called in messages. */
export interface Endpoint<T> {
  name: string;
  path: string;
  pathVariable: VariableName;
  query: Record<string, string | undefined>;
  /** Of the body that is asked for. */
  shape: z.ZodType<T>;
  /** For log lines. */
  fields: Record<string, unknown>;
}

const LOGS_PATH_VARIABLES: Record<StreamName, VariableName> = {
  pipeline_logs: 'KONDADO_PIPELINE_LOGS_PATH',
  model_logs: 'KONDADO_MODEL_LOGS_PATH',
};
export const STATUS_PATH_VARIABLES: Record<ObjectKind, VariableName> = {
  pipeline: 'KONDADO_PIPELINE_STATUS_PATH',
  model: 'KONDADO_MODEL_STATUS_PATH',
};

/** A page of log rows, from an id on. */
export function pageAt(
  startId: bigint,
  { stream, clientId }: Source,
  { paths }: KondadoConfig,
): Endpoint<Page> {
  return {
    name: stream,
    path: paths[stream],
    pathVariable: LOGS_PATH_VARIABLES[stream],
    query: {
      start_element_id: String(startId),
      client_id: clientId === null ? undefined : String(clientId),
    },
    shape: PAGE,
    fields: { stream, client_id: clientId },
  };
}

/** The status of a pipeline or model. */
export function statusAt(
  kind: ObjectKind,
  id: bigint,
  { statusPaths }: KondadoConfig,
): Endpoint<ObjectStatus> {
  return {
    name: `the status of ${kind} ${id}`,
    path: statusPaths[kind].replace('{id}', String(id)),
    pathVariable: STATUS_PATH_VARIABLES[kind],
    query: {},
    shape: statusOf(id),
    fields: { kind, object_id: id },
  };
}
