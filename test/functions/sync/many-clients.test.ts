import { describe, expect } from 'vitest';
import { type Posted, poster } from '../../support/post.ts';
import { type ApiRow, pipelineRow } from '../../support/rows.ts';
import { test } from '../../support/test.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

const CLIENTS = 700;
const MOST_BYTES = 200_000;
const env = {
  STREAMS: 'pipeline_logs',
  KONDADO_CLIENT_IDS: Array.from({ length: CLIENTS }, (_, index) => index + 1).join(','),
};

/** The longest line that the run wrote, in bytes: Cloud Logging refuses one of more than 256 KB. */
const longestLine = ({ lines }: Posted) =>
  Math.max(...lines.map((line) => Buffer.byteLength(JSON.stringify(line))));
const finished = ({ lines }: Posted) => lines.filter(({ event }) => event === 'sync_finished');

describe('a run of 700 clients', () => {
  test('ends with one line that can be logged, and a row for each', { timeout: 120_000 }, async ({
    folder,
    startKondado,
  }) => {
    const rows: ApiRow[] = Array.from({ length: CLIENTS }, (_, index) =>
      pipelineRow(1_000 + index, { client_id: index + 1 }),
    );
    const kondado = await startKondado({ pipeline_logs: rows });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    const run = await poster(kondado, warehouse, env)();
    expect(run.outcome).toBe('success');
    expect(run.streams).toHaveLength(CLIENTS);
    expect(longestLine(run)).toBeLessThan(MOST_BYTES);
    expect(finished(run)).toMatchObject([{ outcome: 'success', progressed: true, rows_inserted: CLIENTS }]);
    expect(await warehouse.rows('sync_runs')).toHaveLength(CLIENTS);
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(CLIENTS);
  });

  test('says in lines that can be logged that each has failed', { timeout: 120_000 }, async ({
    folder,
    startKondado,
  }) => {
    const fault = { kind: 'envelopeError', error: 'E'.repeat(9_000), message: 'é'.repeat(9_000) } as const;
    const kondado = await startKondado({ fault: () => fault });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    const run = await poster(kondado, warehouse, env)();
    expect(run.outcome).toBe('failed');
    expect(longestLine(run)).toBeLessThan(MOST_BYTES);
    const code = 'KONDADO_UNEXPECTED_RESPONSE';
    expect(finished(run)).toMatchObject([
      { severity: 'ERROR', error_code: code, error_message: expect.stringMatching(/\w/), progressed: false },
    ]);
    const runs = await warehouse.rows('sync_runs');
    expect(runs).toHaveLength(CLIENTS);
    expect(new Set(runs.map(({ error_code }) => error_code))).toEqual(new Set([code]));
  });
});
