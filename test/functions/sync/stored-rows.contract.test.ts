import { describe, expect, vi } from 'vitest';
import { counters, sync, testWith, WAREHOUSES } from '../../support/contract.ts';
import { DOCUMENTED_ROW, load, minutesAgo, modelRow, pipelineRow } from '../../support/rows.ts';
import { streamOf } from '../../support/runs.ts';

describe.each(WAREHOUSES)('a sync to %s', (kind) => {
  const test = testWith(kind);

  test('of the documented sample stores it value for value', async ({
    startKondado,
    warehouse,
    onTestFinished,
  }) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 23, 12) });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const run = await sync(await startKondado({ pipeline_logs: [DOCUMENTED_ROW] }), warehouse);
    expect(streamOf(run)).toMatchObject({
      outcome: 'success',
      requests: 2,
      first_id: 5181910n,
      last_id: 5181910n,
    });
    expect(await warehouse.rows('pipeline_logs')).toEqual([
      {
        id: 5181910n,
        pipeline_id: 702n,
        pipeline_name: 'Kondado - Blog - wp_options',
        client_id: 1n,
        row_count: 256n,
        has_deltas: false,
        execution_time_seconds: 0.486988,
        updatedat: '2020-09-17T00:03:48.108000Z',
        createdat: '2020-09-17T00:03:48.108000Z',
        initial_savepoint: null,
        new_savepoint: null,
        external_ip: '3.220.239.218',
        is_billable: true,
        raw_row_count: 123n,
        mb_estimate: 0.00231,
        _extra: null,
        _run_id: run.report.run_id,
        _synced_at: expect.stringMatching(/^2026-11-23T12:00:00/),
      },
    ]);
  });

  test('sets aside what cannot be stored, once, and stores the rest of its page', async ({
    startKondado,
    warehouse,
  }) => {
    const good = load('pipeline_logs', 4);
    const bad = [
      pipelineRow(1001, { createdAt: null }),
      { ...pipelineRow(1002), id: 'x' },
      { pipeline_name: 'no id {{projectId}} \ud800' },
      pipelineRow(1004, { createdAt: '1999-01-01T00:00:00Z' }),
      pipelineRow(1005, { createdAt: new Date(Date.now() + 3 * 86_400_000).toISOString() }),
    ];
    const kondado = await startKondado({ pipeline_logs: [good[0] ?? {}, ...bad, ...good.slice(2)] });
    const run = await sync(kondado, warehouse);
    expect(counters(streamOf(run))).toEqual([8, 3, 0, 5]);
    expect(streamOf(run)).toMatchObject({ outcome: 'success', error: null });
    const again = await sync(kondado, warehouse);
    expect(counters(streamOf(again))).toEqual([8, 0, 8, 0]);

    const aside = await warehouse.rows('rejected_rows');
    expect(aside).toHaveLength(5);
    for (const { stream, run_id, reason } of aside) {
      expect({ stream, run_id }).toEqual({ stream: 'pipeline_logs', run_id: run.report.run_id });
      expect(reason).toMatch(/id|createdAt/);
    }
    const rowIds = aside.map(({ row_id }) => String(row_id)).sort();
    expect(rowIds).toEqual(['1001', '1004', '1005', 'null', 'null']);
    const kept = aside.map(({ row }) => JSON.parse(String(row)));
    expect(kept).toEqual(
      expect.arrayContaining([
        ...bad.slice(0, 2),
        ...bad.slice(3),
        { pipeline_name: 'no id {{projectId}} \ufffd' },
      ]),
    );

    // Another content of the same id is set aside anew.
    kondado.streams.pipeline_logs[1] = { ...bad[0], row_count: '1' };
    expect(counters(streamOf(await sync(kondado, warehouse)))).toEqual([8, 0, 7, 1]);
  });

  test('sets aside garbage also when it is the only entry of a page', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      fault: () => ({ kind: 'json', value: { success: true, data: { data: ['garbage'] } } }),
    });
    expect(counters(streamOf(await sync(kondado, warehouse)))).toEqual([1, 0, 0, 1]);
    expect(counters(streamOf(await sync(kondado, warehouse)))).toEqual([1, 0, 1, 0]);
    expect(await warehouse.rows('rejected_rows')).toHaveLength(1);
  });

  test('keeps what has no column in _extra, and says so once a run', async ({ startKondado, warehouse }) => {
    const rows = load('pipeline_logs', 60).map((row) => ({ ...row, destination: 'S3', row_count: 'many' }));
    const kondado = await startKondado({ pipeline_logs: rows });
    const { lines } = await sync(kondado, warehouse);
    const drift = lines.filter(({ event }) => event === 'schema_drift');
    expect(drift).toMatchObject([
      { severity: 'WARNING', rows_by_field: { destination: 60, row_count: 60 }, stream: 'pipeline_logs' },
    ]);
    for (const { row_count, _extra } of await warehouse.rows('pipeline_logs')) {
      expect(row_count).toBeNull();
      expect(JSON.parse(String(_extra))).toEqual({ destination: 'S3', row_count: 'many' });
    }
  });

  test('brings back every value exactly', async ({ startKondado, warehouse }) => {
    const texts = [
      '{{projectId}}',
      '{{project_id}} `p.d.t`',
      'ação 😀 \u0000 \\ "\'\n\t',
      'é'.repeat(500_000),
      '',
    ];
    const rows = texts.map((pipeline_name, index) =>
      pipelineRow(9_223_372_036_854_775_800n + BigInt(index), {
        pipeline_name,
        client_id: 9007199254740993n,
        row_count: '9007199254740993',
        execution_time_seconds: 0.1 + 0.2,
        createdAt: minutesAgo(9).replace(/\d{3}Z$/, `12345${index}Z`),
        updatedAt: '2026-01-02 03:04:05.000001',
        note: { text: pipeline_name.slice(0, 100), big: 9007199254740993n },
      }),
    );
    const kondado = await startKondado({ pipeline_logs: rows });
    const run = await sync(kondado, warehouse);
    expect(streamOf(run)).toMatchObject({ rows_inserted: 5, rows_rejected: 0 });
    const stored = await warehouse.latest('pipeline_logs');
    for (const [index, row] of rows.entries()) {
      expect(stored[index]).toMatchObject({
        id: row.id,
        pipeline_name: row.pipeline_name,
        client_id: 9007199254740993n,
        row_count: 9007199254740993n,
        execution_time_seconds: 0.1 + 0.2,
        createdat: row.createdAt,
        updatedat: '2026-01-02T03:04:05.000001Z',
      });
      const extra = String(stored[index]?._extra);
      expect(extra).toContain('9007199254740993');
      expect(JSON.parse(extra).note.text).toBe((row.note as { text: string }).text);
    }
    expect(counters(streamOf(await sync(kondado, warehouse)))).toEqual([5, 0, 5, 0]);
  });

  test('reads models as it reads pipelines', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ model_logs: [modelRow(7, { model_name: null, extra_field: [1] })] });
    const run = await sync(kondado, warehouse, {}, { STREAMS: 'model_logs' });
    expect(streamOf(run, 'model_logs')).toMatchObject({ rows_inserted: 1 });
    expect(await warehouse.latest('model_logs')).toMatchObject([
      { id: 7n, model_id: 162n, model_name: null, _extra: '{"extra_field":[1]}' },
    ]);
  });
});
