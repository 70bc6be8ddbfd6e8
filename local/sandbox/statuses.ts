/** What has a status. */
export interface StatusObject {
  kind: 'pipelines' | 'models';
  id: number;
}

/** What a status endpoint says of a pipeline or model; what is left out is as with one that is well. */
export type StatusFields = Readonly<Record<string, unknown>>;

/** What the path of a request asks the status of; undefined for any other path. */
export function statusObjectOf(pathname: string): StatusObject | undefined {
  const [, kind, id] = /^\/(pipelines|models)\/(\d+)\/status$/.exec(pathname) ?? [];
  return kind === 'pipelines' || kind === 'models' ? { kind, id: Number(id) } : undefined;
}

/** The documented answer of a status endpoint: of a model in an envelope, of a pipeline without one. */
export function statusBody({ kind, id }: StatusObject, fields: StatusFields): object {
  const flags = { status: 'scheduled', is_running: false, is_active: true };
  return kind === 'pipelines'
    ? { [id]: { ...flags, is_blocked: false, raw_msg: null, ...fields } }
    : { success: true, data: { [id]: { ...flags, kubo_status_type: 'operational', ...fields } } };
}
