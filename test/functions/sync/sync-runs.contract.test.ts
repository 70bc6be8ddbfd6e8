import { describe, expect } from 'vitest';
import { ONE_STREAM, sync, testWith, WAREHOUSES } from '../../support/contract.ts';
import { load } from '../../support/rows.ts';
import { streamOf } from '../../support/runs.ts';

describe.each(WAREHOUSES)('a sync to %s', (kind) => {
  const test = testWith(kind);

  test('leaves a row of sync_runs with all counters, for every stream', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 60),
      fault: ({ stream }) => (stream === 'model_logs' ? { kind: 'status', status: 403 } : undefined),
    });
    const run = await sync(kondado, warehouse, {}, {});
    expect(run.report.outcome).toBe('failed');
    expect(run.lines.filter(({ event }) => event === 'sync_finished')).toMatchObject([
      { severity: 'ERROR', error_code: 'KONDADO_UNAUTHORIZED', run_id: run.report.run_id },
    ]);
    const stored = await warehouse.rows('sync_runs');
    const failed = stored.find(({ stream }) => stream === 'model_logs');
    const { report } = run;
    expect(failed).toMatchObject({ outcome: 'failed', error_code: 'KONDADO_UNAUTHORIZED', requests: 1n });
    expect(failed?.error_message).toBe(streamOf(run, 'model_logs').error?.message);
    const good = streamOf(run, 'pipeline_logs');
    expect(stored.find(({ stream }) => stream === 'pipeline_logs')).toEqual({
      run_id: report.run_id,
      mode: 'incremental',
      stream: 'pipeline_logs',
      client_id: null,
      outcome: 'success',
      started_at: good.started_at,
      finished_at: expect.stringMatching(/Z$/),
      rows_read: 60n,
      rows_inserted: 60n,
      rows_duplicate: 0n,
      rows_rejected: 0n,
      rows_repaired: 0n,
      rows_vanished: 0n,
      progressed: true,
      accept_gap: false,
      events_published: 0n,
      requests: 3n,
      retries: 0n,
      rate_limit_hits: 0n,
      duration_ms: BigInt(good.duration_ms),
      first_id: 1000n,
      last_id: 1177n,
      watermark_before: null,
      watermark_after: good.watermark_after,
      error_code: null,
      error_message: null,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  test('also when it found nothing, or had no time', async ({ startKondado, warehouse }) => {
    await sync(await startKondado(), warehouse);
    const hanging = await startKondado({ fault: () => ({ kind: 'hang' }) });
    await sync(hanging, warehouse, {}, { ...ONE_STREAM, TIME_BUDGET_SECONDS: '3' });
    const runs = await warehouse.rows('sync_runs');
    expect(runs.map(({ outcome, rows_read }) => `${outcome} ${rows_read}`).sort()).toEqual([
      'not_started 0',
      'success 0',
    ]);
  });
});
