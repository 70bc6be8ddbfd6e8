/** The documented answer of a status endpoint: of a model in an envelope, of a pipeline without one. */
export function statusBody(pathname: string): object | undefined {
  const [, kind, id] = /^\/(pipelines|models)\/(\d+)\/status$/.exec(pathname) ?? [];
  if (kind === undefined || id === undefined) return undefined;
  const flags = { status: 'scheduled', is_running: false, is_active: true };
  return kind === 'pipelines'
    ? { [id]: { ...flags, is_blocked: false, raw_msg: null } }
    : { success: true, data: { [id]: { ...flags, kubo_status_type: 'operational' } } };
}
