import { describe, expect } from 'vitest';
import { reportBody } from '../../../functions/sync/report.ts';
import { DAY_MS } from '../../../functions/timestamps.ts';
import { type ApiRow, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { type Environment, runSync, streamOf } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

const DAY_MINUTES = 1_440;

/** Twenty rows a day for the last 88 days. */
function history(): ApiRow[] {
  return Array.from({ length: 88 * 20 }, (_, index) =>
    pipelineRow(1_000 + index, { createdAt: minutesAgo(88 * DAY_MINUTES - index * (DAY_MINUTES / 20)) }),
  );
}

describe('a stream far behind', () => {
  const behind = test.extend<{
    /** Reads so many pages more, as if the run before had ended so many days ago. */
    readPages: (pages: number, daysBefore: number) => ReturnType<typeof runSync>;
  }>({
    async readPages({ folder, startKondado }, use) {
      let left = Number.POSITIVE_INFINITY;
      let stop = new AbortController();
      const kondado = await startKondado({
        pipeline_logs: history(),
        fault: () => {
          if (left-- === 0) stop.abort();
          return undefined;
        },
      });
      const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
      const env: Environment = { ...kondado.env, ...warehouse.env, STREAMS: 'pipeline_logs' };
      await use(async (pages, daysBefore) => {
        left = pages;
        stop = new AbortController();
        const rows = await warehouse.run("SELECT 1 FROM duckdb_tables() WHERE table_name = 'sync_runs'");
        if (rows.length > 0) {
          await warehouse.run(
            `UPDATE sync_runs SET finished_at = now() - to_minutes(${Math.round(daysBefore * DAY_MINUTES)})`,
          );
        }
        return runSync(env, {}, stop.signal);
      });
    },
  });

  behind(
    'says from when on rows are lost if it comes less than a day further a day',
    async ({ readPages }) => {
      const first = await readPages(2, 0);
      expect(streamOf(first)).toMatchObject({ outcome: 'partial' });
      expect(streamOf(first)).not.toHaveProperty('loss_begins_at');

      const second = await readPages(2, 10);
      const stream = streamOf(second);
      expect(stream.outcome).toBe('partial');
      const dayOf = (timestamp: string | null | undefined) => Date.parse(String(timestamp)) / DAY_MS;
      const today = Date.now() / DAY_MS;
      const daysADay = (dayOf(stream.watermark_after) - dayOf(stream.watermark_before)) / 10;
      expect(daysADay).toBeGreaterThan(0.1);
      expect(daysADay).toBeLessThan(0.9);
      // On that day the newest row read would be the oldest that Kondado still has.
      const lossDay = dayOf(stream.loss_begins_at);
      expect(lossDay).toBeGreaterThan(today);
      expect(dayOf(stream.watermark_after) + daysADay * (lossDay - today)).toBeCloseTo(lossDay - 90, 1);
      const [line] = second.lines.filter(({ event }) => event === 'loss_expected');
      expect(line).toMatchObject({
        severity: 'ERROR',
        stream: 'pipeline_logs',
        loss_begins_at: expect.any(String),
      });
      expect(line?.message).toMatch(/days behind.*enable_continuation/);
      expect(
        JSON.stringify(reportBody(second.report), (_key, value) => (typeof value === 'bigint' ? 0 : value)),
      ).toContain(`"loss_begins_at":"${line?.loss_begins_at}"`);
    },
  );

  behind('says nothing if it catches up, nor when it has', async ({ readPages }) => {
    await readPages(2, 0);
    for (const pages of [4, Number.POSITIVE_INFINITY]) {
      const { report, lines } = await readPages(pages, 0.1);
      expect(report.streams[0]).not.toHaveProperty('loss_begins_at');
      expect(lines.filter(({ event }) => event === 'loss_expected')).toEqual([]);
    }
  });

  behind('that does not move loses what is older than 90 days', async ({ readPages }) => {
    const first = streamOf(await readPages(2, 0));
    const stuck = streamOf(await readPages(0, 0.5));
    expect(stuck.outcome).toBe('not_started');
    const expected = Date.parse(String(first.watermark_after)) + 90 * DAY_MS;
    expect(Math.abs(Date.parse(String(stuck.loss_begins_at)) - expected)).toBeLessThan(60_000);
  });
});
