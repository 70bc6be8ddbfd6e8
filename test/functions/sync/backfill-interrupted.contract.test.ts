import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect } from 'vitest';
import type { Paging } from '../../../local/sandbox/server.ts';
import { CHILD_ENV } from '../../support/child-env.ts';
import {
  contents,
  deleteIds,
  latestIds,
  ONE_STREAM,
  runsOf,
  sync,
  testWith,
  WAREHOUSES,
} from '../../support/contract.ts';
import { backfill, dayAgo, idsOf, spread, timestamp, within } from '../../support/history.ts';
import type { ApiRow } from '../../support/rows.ts';
import { type Environment, streamOf } from '../../support/runs.ts';

describe.each(WAREHOUSES)('a backfill with %s', (kind) => {
  const test = testWith(kind);

  test.for<{ paging: Paging; request: { from?: string; fromId?: bigint } }>([
    { paging: 'inclusive', request: { from: dayAgo(25) } },
    { paging: 'exclusive', request: { from: dayAgo(25) } },
    { paging: 'exclusive', request: { fromId: 1n } },
  ])(
    'that runs out of time says where to go on, and going on completes it ($paging, %#)',
    { timeout: 60_000 },
    async ({ paging, request }, { startKondado, warehouse }) => {
      const rows = spread(1_100, 30);
      const kondado = await startKondado({ pipeline_logs: rows, paging, latencyMs: 200 });
      const to = dayAgo(1);
      const env = { ...ONE_STREAM, TIME_BUDGET_SECONDS: '3' };
      const outcomes: string[] = [];
      const ranges: [number, number][] = [];
      for (let next = { ...request, to }; ; ) {
        const { report } = await sync(kondado, warehouse, backfill(next), env);
        expect(report.error).toBeUndefined();
        const [stream] = report.streams;
        outcomes.push(String(stream?.outcome));
        expect(report.outcome).toBe(stream?.outcome);
        if (typeof stream?.first_id === 'bigint')
          ranges.push([Number(stream.first_id), Number(stream.last_id)]);
        if (stream?.outcome !== 'partial') break;
        expect(outcomes.length).toBeLessThan(12);
        expect(stream.next_id).toBeTypeOf('bigint');
        next = { fromId: stream.next_id ?? 0n, to };
      }
      expect(outcomes.at(-1)).toBe('success');
      expect(outcomes.length).toBeGreaterThan(1);
      expect(await latestIds(warehouse)).toEqual(idsOf(within(rows, request.from ?? '', to)));
      // The ranges that the runs have proven are one.
      for (const [index, [, last]] of ranges.slice(0, -1).entries()) {
        expect(ranges[index + 1]?.[0]).toBeLessThanOrEqual(last + 1 + gapAfter(rows, last));
      }
      expect(await runsOf(warehouse, 'backfill')).toHaveLength(outcomes.length);
    },
  );

  test('that is killed anywhere and repeated ends as if it had not been', { timeout: 60_000 }, async ({
    startKondado,
    warehouse,
  }) => {
    const rows = spread(160, 20);
    let killAt = -1;
    let child: ChildProcess | undefined;
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: ({ index }) => {
        // At once, or while the page before is stored.
        if (index === killAt) setTimeout(() => child?.kill('SIGKILL'), (index % 2) * 5);
        return undefined;
      },
    });
    await sync(kondado, warehouse);
    const whole = contents(await warehouse.latest('pipeline_logs'));
    const missing = rows.slice(0, -1).filter((_, index) => index % 3 > 0);
    let killed = 0;
    for (const after of [0, 1, 2, 3]) {
      await deleteIds(warehouse, idsOf(missing));
      killAt = kondado.sandbox.requests.length + after;
      child = startBackfill({ ...kondado.env, ...warehouse.env }, dayAgo(30));
      const [, signal] = await once(child, 'exit');
      child = undefined;
      if (signal === 'SIGKILL') killed++;
      const repeated = streamOf(await sync(kondado, warehouse, backfill({ from: dayAgo(30) })));
      expect(repeated).toMatchObject({ outcome: 'success', rows_read: rows.length });
      expect(contents(await warehouse.latest('pipeline_logs'))).toEqual(whole);
      expect(await warehouse.rows('pipeline_logs')).toHaveLength(rows.length);
    }
    expect(killed).toBeGreaterThan(2);
  });
});

/** How many ids without a row of ours follow an id: nothing between them can be missing. */
function gapAfter(rows: readonly ApiRow[], id: number): number {
  return (idsOf(rows).find((next) => next > id) ?? id + 1) - id - 1;
}

/** A backfill in a process of its own, which can be killed. */
function startBackfill(env: Environment, from: string): ChildProcess {
  const runs = new URL('../../support/runs.ts', import.meta.url).href;
  const request = JSON.stringify({ mode: 'backfill', from: timestamp(from) });
  const script = `import { runSync } from '${runs}'; await runSync({ ...process.env }, ${request});`;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...CHILD_ENV, ...ONE_STREAM, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
