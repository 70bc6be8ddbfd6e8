import { addMs, HOUR_MS, timestampOf } from '../../functions/timestamps.ts';
import type { SandboxRequest } from '../../local/sandbox/server.ts';
import type { OpenedWarehouse } from './contract.ts';
import { type ApiRow, minutesAgo, modelRow, pipelineRow } from './rows.ts';
import type { Kondado } from './test.ts';

/** As many statuses as by default; other tests ask for none. */
export const STATUSES = { STATUS_REQUESTS_PER_RUN: '20' };

/** The statuses that were asked for, in order, such as `pipelines/7`. */
export function statusesAsked({ sandbox }: Pick<Kondado, 'sandbox'>): string[] {
  return sandbox.requests.flatMap(({ statusOf }) =>
    statusOf === undefined ? [] : [`${statusOf.kind}/${statusOf.id}`],
  );
}

export function isStatus({ statusOf }: SandboxRequest): boolean {
  return statusOf !== undefined;
}

/** A single execution of each of these pipelines, so that none of them is overdue, and one of model 162. */
export function objectsSeen(pipelineIds: readonly number[]): {
  pipeline_logs: ApiRow[];
  model_logs: ApiRow[];
} {
  return {
    pipeline_logs: pipelineIds.map((id, index) => pipelineRow(90_000 + index, { pipeline_id: id })),
    model_logs: [modelRow(90_000)],
  };
}

/** Ten days of a pipeline that ran every hour and stopped ten hours ago. */
export function stoppedPipeline(pipelineId: number): ApiRow[] {
  return Array.from({ length: 230 }, (_, index) =>
    pipelineRow(1_000 + index, { pipeline_id: pipelineId, createdAt: minutesAgo((240 - index) * 60) }),
  );
}

/** Looks of an earlier run: what, how many hours ago, and how it was. */
export async function plantLooks(
  warehouse: OpenedWarehouse,
  looks: readonly (readonly [kind: 'pipeline' | 'model', id: number, hoursAgo: number, state: string])[],
): Promise<void> {
  const table = `${warehouse.fake ? `${warehouse.fake.dataset}.` : ''}status_observations`;
  for (const [kind, id, hours, state] of looks) {
    const at = addMs(timestampOf(Date.now()), -hours * HOUR_MS);
    await warehouse.run(
      `INSERT INTO ${table} (observed_at, kind, client_id, object_id, state, status, _run_id)
       VALUES ('${at}', '${kind}', 1, ${id}, '${state}', 'planted', 'earlier')`,
    );
  }
}

/** As if all looks had been so many minutes ago. */
export async function age(warehouse: OpenedWarehouse, minutes: number): Promise<void> {
  const table = `${warehouse.fake ? `${warehouse.fake.dataset}.` : ''}status_observations`;
  await warehouse.run(`UPDATE ${table} SET observed_at = observed_at - INTERVAL ${minutes} MINUTE`);
}
