import { expect } from 'vitest';
import { createRandom, type Random } from '../../../local/sandbox/random.ts';
import type { Fault } from '../../../local/sandbox/server.ts';
import type { BigQueryFault, FakeCall } from '../../fakes/bigquery.ts';
import { latestIds } from '../../support/contract.ts';
import { DAY_MINUTES, idsOf } from '../../support/history.ts';
import { createStopper, type Posted, poster } from '../../support/post.ts';
import { type ApiRow, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { falselyProven } from '../../support/stored.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse } from '../../support/warehouses.ts';
import { OTHER_CLIENT, WORLDS } from '../../support/worlds.ts';

const DAYS = 20;
const COUNT = 500;
const STEPS = 14;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

/** Rows in the order of their arrival: out of order by less than the lookback, a few misdated, a few that cannot be stored. */
function history(random: Random): ApiRow[] {
  let id = 1_000;
  return Array.from({ length: COUNT }, (_, index) => {
    id += Math.ceil(random.logNormal(5, 2));
    const minutes = (DAYS * DAY_MINUTES * (COUNT - index)) / COUNT + random.between(0, 55);
    const misdated = random.chance(0.02) ? random.between(-2, 2 * DAYS) * DAY_MINUTES : minutes;
    const createdAt = random.chance(0.01) ? null : minutesAgo(misdated);
    return pipelineRow(id, { createdAt, client_id: index % 40 < 25 ? 1 : OTHER_CLIENT });
  });
}

/** Whatever somebody may ask for. */
function anyBody(random: Random, rows: readonly ApiRow[], acceptsGaps: boolean): object {
  const day = () => minutesAgo(random.between(1, DAYS * DAY_MINUTES));
  const [from, to] = [day(), day()].sort();
  const from_id = Number(rows[Math.floor(random.between(0, rows.length))]?.id ?? 0);
  const gap = acceptsGaps && random.chance(0.5) ? { accept_gap: true } : {};
  const bodies = [
    {},
    {},
    {},
    { from, to, ...gap },
    { from, ...gap },
    { from_id, to, ...gap },
    { verify: true },
    { verify: true, from, to },
    { verify: true, from_id },
  ];
  return bodies[Math.floor(random.between(0, bodies.length))] ?? {};
}

function anyKondadoFault(random: Random): Fault | undefined {
  if (random.chance(0.02)) return { kind: 'rateLimit' };
  if (random.chance(0.02)) return { kind: 'envelopeError', error: 'BROKEN', message: 'No.' };
  if (random.chance(0.005)) return { kind: 'reset' };
  if (random.chance(0.005)) return { kind: 'cutOff' };
  return random.chance(0.005) ? { kind: 'html' } : undefined;
}

function anyBigQueryFault(random: Random, { kind }: FakeCall): BigQueryFault | undefined {
  if (kind === 'insertAll' && random.chance(0.02)) return { kind: 'cutOff', stored: true };
  if (kind === 'insertAll' && random.chance(0.02)) return { kind: 'resetAfter' };
  if (random.chance(0.01)) return { kind: 'html' };
  return random.chance(0.01)
    ? { kind: 'error', status: 403, reason: 'quotaExceeded', message: 'No.' }
    : undefined;
}

const addsUp = ({ streams }: Posted) =>
  streams.every(
    (stream) => stream.rows_read === stream.rows_inserted + stream.rows_duplicate + stream.rows_rejected,
  );

test.concurrent.for(SEEDS)(
  'whatever is asked for, fails, is stopped or killed: nothing is lost, and nothing said that is not so (%i)',
  { timeout: 120_000 },
  async (seed, { startKondado, startBigQuery }) => {
    const random = createRandom(seed, 99);
    const world = WORLDS[Math.floor(random.between(0, WORLDS.length))] ?? WORLDS[0];
    if (world === undefined) throw new Error('There is no world.');
    const acceptsGaps = seed % 2 === 0;
    const all = history(random);
    const rows = all.slice(0, 300);
    const visible = () => rows.filter(world.shows);
    const stopper = createStopper();
    let isFaulty = true;
    const kondado = await startKondado({
      pipeline_logs: rows,
      ...world.options,
      fault(request) {
        stopper.fault(request);
        return isFaulty ? anyKondadoFault(random) : undefined;
      },
    });
    const fake = await startBigQuery({
      fault: (call) => (isFaulty ? anyBigQueryFault(random, call) : undefined),
    });
    const warehouse = bigQueryWarehouse(fake);
    const post = poster(kondado, warehouse, { STREAMS: 'pipeline_logs', ...world.env });
    const steps: unknown[] = [];
    // Else a backfill into an empty table may be the beginning, and what comes before it is left to whoever asked for it.
    let hasBegun = false;
    for (let step = 0; step < STEPS; step++) {
      if (random.chance(0.4)) rows.push(...all.slice(rows.length, rows.length + random.between(0, 60)));
      const body = step === 0 ? {} : anyBody(random, rows, acceptsGaps);
      const requests = random.chance(0.5) ? Math.ceil(random.between(0, 12)) : 9_999;
      const run = await post(body, { stop: stopper.after(requests) });
      const isKilled = random.chance(0.15);
      const runId = run.lines.find(({ event }) => event === 'sync_finished')?.run_id;
      if (isKilled) await warehouse.run(`DELETE FROM kondado.sync_runs WHERE run_id = '${runId}'`);
      const { outcome, first_id, last_id, error } = run.stream ?? {};
      if (step === 0) hasBegun = Number.isInteger(last_id) && !isKilled;
      steps.push({
        body,
        requests,
        isKilled,
        outcome,
        first_id,
        last_id,
        error: error?.code ?? run.error?.code,
      });
      expect(addsUp(run)).toBe(true);
      expect(await falselyProven(warehouse, visible()), JSON.stringify([world.name, steps], null, 1)).toEqual(
        [],
      );
    }

    isFaulty = false;
    rows.push(...all.slice(rows.length));
    const whole = { stop: stopper.after(Number.POSITIVE_INFINITY) };
    expect((await post({}, whole)).stream).toMatchObject({ outcome: 'success', error: null });
    expect(await falselyProven(warehouse, visible())).toEqual([]);
    const storable = () => idsOf(visible().filter(({ createdAt }) => isStorable(createdAt)));
    const ids = await latestIds(warehouse);
    const missing = storable().filter((id) => !ids.includes(id));
    if (hasBegun && !acceptsGaps) expect(missing, JSON.stringify([world.name, steps], null, 1)).toEqual([]);

    expect((await post({ from_id: 0 }, whole)).stream).toMatchObject({ outcome: 'success' });
    expect(await latestIds(warehouse)).toEqual(storable());
    expect((await post({ verify: true }, whole)).stream).toMatchObject({
      outcome: 'success',
      rows_repaired: 0,
      rows_vanished: 0,
    });
    const aside = new Set((await warehouse.rows('rejected_rows')).map(({ row_id }) => Number(row_id)));
    expect(storable().length + aside.size).toBe(visible().length);
  },
);

/** Rows without a date, and those dated more than a day ahead, are set aside. */
function isStorable(createdAt: unknown): boolean {
  return typeof createdAt === 'string' && Date.parse(createdAt) <= Date.now() + DAY_MINUTES * 60_000;
}
