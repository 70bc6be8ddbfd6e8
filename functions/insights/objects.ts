import type { ReadingConfig } from '../config.ts';
import type { ObjectKind } from '../streams.ts';
import type { ViewRow } from '../views/columns.ts';
import { quoted } from './shortened.ts';
import type { Wording } from './wording/wording.ts';

const NAMES_AT_MOST = 5;
const NAME_LENGTH = 80;
const KONDADO = 'https://app.kondado.com.br';
/** Where Kondado lists them all. */
export const PIPELINES_LINK = `${KONDADO}/pipelines`;

/** What Kondado runs: a pipeline or a model. */
export interface KondadoObject {
  kind: ObjectKind;
  id: string | null;
  clientId: string | null;
  /** As somebody else chose it, or what stands in for it. */
  name: string;
}

type PipelineColumns = Pick<ViewRow<'pipeline_status'>, 'client_id' | 'pipeline_id' | 'pipeline_name'>;
type ModelColumns = Pick<ViewRow<'model_status'>, 'client_id' | 'model_id' | 'model_name'>;

export function pipelineOf(
  { client_id, pipeline_id, pipeline_name }: PipelineColumns,
  { findings }: Wording,
): KondadoObject {
  const name = pipeline_name?.trim() || findings.pipeline(pipeline_id);
  return { kind: 'pipeline', id: pipeline_id, clientId: client_id, name };
}

export function modelOf(
  { client_id, model_id, model_name }: ModelColumns,
  { findings }: Wording,
): KondadoObject {
  const name = model_name?.trim() || findings.model(model_id);
  return { kind: 'model', id: model_id, clientId: client_id, name };
}

/** The same for the same pipeline or model. */
export function keyOf({ kind, clientId, id }: Omit<KondadoObject, 'name'>): string {
  return `${kind} ${clientId} ${id}`;
}

/** Where Kondado shows it; null if it has no id. */
export function linkOf({ kind, id }: Pick<KondadoObject, 'kind' | 'id'>): string | null {
  return id === null ? null : `${KONDADO}/${kind}s/${id}`;
}

/** The names of the first few, and how many there are more. */
export function namesOf(objects: readonly KondadoObject[], { findings }: Wording): string[] {
  const names = objects.slice(0, NAMES_AT_MOST).map(({ name }) => quoted(name, NAME_LENGTH));
  const more = objects.length - names.length;
  return more > 0 ? [...names, findings.others(more)] : names;
}

/** Whether nobody wants to be told about it. */
export function isMuted({ kind, id }: KondadoObject, { pipelines, models }: ReadingConfig['muted']): boolean {
  return id !== null && (kind === 'pipeline' ? pipelines : models).includes(id);
}
