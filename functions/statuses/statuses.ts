import { BudgetUsedUp, PauseTooLong, toSyncError } from '../errors.ts';
import type { StatusApi } from '../kondado/client.ts';
import { STATUS_PATH_VARIABLES } from '../kondado/endpoints.ts';
import type { ObjectStatus } from '../kondado/statuses.ts';
import type { Log } from '../log.ts';
import type { Row } from '../schema/tables.ts';
import { OBJECT_KINDS, type ObjectKind } from '../streams.ts';
import { type ErrorReport, errorReport, type StatusesReport } from '../sync/report.ts';
import type { RunTools } from '../sync/sync-source.ts';
import { type Timestamp, timestampOf } from '../timestamps.ts';
import { type Candidate, candidatesAt } from './order.ts';

/** So many that are all gone, and never were anything else, are more likely to be asked for at a wrong path. */
const LEAST_SUSPICIOUS = 5;

/** A status, and when it was so. */
interface Look {
  candidate: Candidate;
  observedAt: Timestamp;
  status: ObjectStatus;
}

type StatusTools = Omit<RunTools, 'onProgress' | 'onNewRows'>;

/**
 * Asks Kondado how pipelines and models are, as far as time and requests allow, and stores what it says.
 *
 * It never rejects: whatever goes wrong costs looks, which the next run makes good, and nothing else.
 */
export async function lookAtStatuses(tools: StatusTools): Promise<StatusesReport> {
  const { config, warehouse, kondado, budget, log, runId } = tools;
  const api = kondado.ofStatuses(config.statusRequestsPerRun);
  const faults: ErrorReport[] = [];
  let looks: Look[] = [];
  try {
    if (budget.reading.aborted) throw new BudgetUsedUp();
    const candidates = await candidatesAt(timestampOf(Date.now()), config, warehouse);
    looks = await lookAt(candidates, api, config.statusRequestsPerRun, faults);
    if (looks.length > 0) await warehouse.record('status_observations', looks.map(rowOf(runId)));
  } catch (error) {
    looks = [];
    if (!(error instanceof BudgetUsedUp)) faults.push(errorReport(toSyncError(error)));
  }
  warn(looks, faults, runId, log);
  return {
    requests: api.counters.requests,
    observed: looks.length,
    changed: looks.filter(({ candidate, status }) => isChange(candidate, status)).length,
    error: faults.at(-1) ?? null,
  };
}

/** Asks one after the other; what cannot be read of one says nothing of the next, but a refusal does. */
async function lookAt(
  candidates: readonly Candidate[],
  api: StatusApi,
  mostRequests: number,
  faults: ErrorReport[],
): Promise<Look[]> {
  const looks: Look[] = [];
  for (const candidate of candidates) {
    if (api.counters.requests >= mostRequests) break;
    const { kind, objectId } = candidate.object;
    try {
      const status = await api.readStatus(kind, objectId);
      looks.push({ candidate, observedAt: timestampOf(Date.now()), status });
    } catch (error) {
      if (error instanceof BudgetUsedUp) break;
      const fault = errorReport(toSyncError(error));
      faults.push(fault);
      const isRefused = fault.code === 'KONDADO_UNAUTHORIZED' || fault.code === 'KONDADO_RATE_LIMITED';
      if (isRefused || error instanceof PauseTooLong) break;
    }
  }
  return looks;
}

function isChange({ observedAt, state }: Candidate, status: ObjectStatus): boolean {
  return observedAt !== null && state !== status.state;
}

/** Makes the row of a look. */
function rowOf(runId: string) {
  return ({ candidate, observedAt, status }: Look): Row => {
    const { kind, clientId, objectId } = candidate.object;
    const { extra, ...said } = status;
    // BigQuery refuses half a character, which somebody may have sent, or cut off.
    const texts = Object.entries(said).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.toWellFormed() : value,
    ]);
    return {
      observed_at: observedAt,
      kind,
      client_id: clientId,
      object_id: objectId,
      ...Object.fromEntries(texts),
      _extra: extra,
      _run_id: runId,
    };
  };
}

/** One line for everything that failed, and one for everything that nobody has documented. */
function warn(looks: readonly Look[], faults: readonly ErrorReport[], runId: string, log: Log): void {
  const fault = faults.at(-1);
  if (fault !== undefined) {
    const message = `Statuses could not be read or stored (${faults.length}), the logs are not affected. ${fault.message}`;
    const fields = { run_id: runId, failed: faults.length, error_code: fault.code };
    log.write('warn', 'status_unavailable', message, fields);
  }
  for (const kind of Object.values(OBJECT_KINDS)) warnOfPath(kind, looks, runId, log);
  const unknown = looks.filter(({ status }) => status.state === 'unknown');
  const [first] = unknown;
  if (first === undefined) return;
  const { kind, objectId } = first.candidate.object;
  const word = /^\w{1,60}$/.exec(first.status.status ?? '')?.[0]; // it comes from outside
  log.write(
    'warn',
    'schema_drift',
    `Kondado said a status that is not documented (${unknown.length}), first of ${kind} ${objectId}` +
      `${word === undefined ? '' : `: ${word}`}. It is kept as it was sent, see status_observations; look whether a newer ` +
      'version of the sync knows it.',
    { run_id: runId, kind, object_id: objectId, unknown: unknown.length },
  );
}

/** Everything that Kondado's logs name can hardly be gone, and if it is, nobody needs the line. */
function warnOfPath(kind: ObjectKind, looks: readonly Look[], runId: string, log: Log): void {
  const ofKind = looks.filter(({ candidate }) => candidate.object.kind === kind);
  const isGoneAsEver = ({ candidate: { state }, status }: Look) =>
    status.state === 'gone' && (state === null || state === 'gone');
  if (ofKind.length < LEAST_SUSPICIOUS || !ofKind.every(isGoneAsEver)) return;
  const message =
    `Kondado knows none of ${ofKind.length} ${kind}s that its logs name (HTTP 404), so they are stored as gone. If they are ` +
    `still there, the path is wrong: check ${STATUS_PATH_VARIABLES[kind]}.`;
  log.write('warn', 'schema_drift', message, { run_id: runId, kind, gone: ofKind.length });
}
