import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe } from 'vitest';
import type { Fault } from '../../../local/sandbox/server.ts';
import { CHILD_ENV } from '../../support/child-env.ts';
import { load, pipelineRow } from '../../support/rows.ts';
import type { Environment } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse } from '../../support/warehouses.ts';

const CHILD = fileURLToPath(new URL('../../support/child.ts', import.meta.url));
const MEGABYTE = 2 ** 20;
/** What the function has, and what V8 takes of it for its objects when it sees no more. */
const MEMORY_MEGABYTES = 512;
const HEAP_MEGABYTES = 256;

interface Weighed {
  outcome: string;
  code?: string;
  peakMegabytes: number;
}

/** A run in a process that has as much memory as the function; null if it did not survive. */
async function weigh(env: Environment): Promise<Weighed | null> {
  const child = fork(CHILD, {
    env: { ...CHILD_ENV, STREAMS: 'pipeline_logs', ...env },
    execArgv: [`--max-old-space-size=${HEAP_MEGABYTES}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const [value] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [null])]);
  return value as Weighed | null;
}

/** The text of a page of so many bytes, in rows of so many each. */
function pageText(bytes: number, bytesPerRow: number): Buffer {
  const row = JSON.stringify(pipelineRow(1));
  const rows = Array.from({ length: Math.ceil(bytes / bytesPerRow) }, (_, index) => {
    const padding = 'x'.repeat(Math.max(0, bytesPerRow - row.length - 20));
    return JSON.stringify(pipelineRow(1_000 + index, { pipeline_name: padding }));
  });
  return Buffer.from(`{"success":true,"data":{"success":true,"data":[${rows.join(',')}]}}`);
}

const text = (body: string | Buffer) => ({ kind: 'text', body }) as const;

/** A page of one row, with these fields too. */
const rowText = (fields: string) => {
  const row = JSON.stringify(pipelineRow(1)).slice(0, -1);
  return `{"success":true,"data":{"success":true,"data":[${row},${fields}}]}}`;
};

/** The page to begin with, and then an empty one. */
const firstOnly =
  (fault: Fault) =>
  ({ startElementId }: { startElementId: bigint | null }): Fault =>
    startElementId === 0n
      ? fault
      : { kind: 'json', value: { success: true, data: { success: true, data: [] } } };

describe('an answer of absurd size leaves the process alive, within its memory', {
  timeout: 120_000,
}, () => {
  test.for<{ name: string; fault: () => Fault }>([
    { name: '60 MB of small rows', fault: () => text(pageText(60 * MEGABYTE, 450)) },
    { name: '60 MB in rows of a megabyte', fault: () => text(pageText(60 * MEGABYTE, MEGABYTE)) },
    { name: 'one row of 60 MB', fault: () => text(pageText(60 * MEGABYTE, 60 * MEGABYTE)) },
    {
      name: '60 MB of entries without anything',
      fault: () => text(`{"success":true,"data":{"data":[{"id":1}${',{}'.repeat(20 * MEGABYTE)}]}}`),
    },
    {
      name: 'a row with four million fields',
      fault: () => text(rowText(Array.from({ length: 4_000_000 }, (_, index) => `"f${index}":1`).join(','))),
    },
    {
      name: 'a row with a list of 30 million numbers',
      fault: () => text(rowText(`"list":[1${',1'.repeat(30 * MEGABYTE)}]`)),
    },
    { name: '30 million brackets', fault: () => text('['.repeat(30 * MEGABYTE)) },
    {
      name: '300 MB in a little gzip',
      fault: () => ({
        ...text(gzipSync(Buffer.alloc(300 * MEGABYTE, ' '))),
        headers: { 'content-encoding': 'gzip' },
      }),
    },
  ])('$name', async ({ fault }, { startKondado, startBigQuery, expect }) => {
    const kondado = await startKondado({ fault: firstOnly(fault()) });
    const warehouse = bigQueryWarehouse(await startBigQuery());
    const weighed = await weigh({ ...kondado.env, ...warehouse.env });
    expect(weighed?.code ?? weighed?.outcome).toBeOneOf(['success', 'KONDADO_UNEXPECTED_RESPONSE']);
    expect(weighed?.peakMegabytes).toBeLessThan(MEMORY_MEGABYTES);
  });

  test('twenty pages of two megabytes, one after the other', async ({
    startBigQuery,
    startKondado,
    expect,
  }) => {
    const rows = load('pipeline_logs', 1_000).map((row) => ({ ...row, pipeline_name: 'x'.repeat(40_000) }));
    const kondado = await startKondado({ pipeline_logs: rows });
    const warehouse = bigQueryWarehouse(await startBigQuery());
    const weighed = await weigh({ ...kondado.env, ...warehouse.env });
    expect(weighed).toMatchObject({ outcome: 'success' });
    expect(weighed?.peakMegabytes).toBeLessThan(MEMORY_MEGABYTES);
  });
});
