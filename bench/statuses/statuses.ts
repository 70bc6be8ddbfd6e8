// How soon a look finds that a pipeline was switched off, is blocked or fails, with the order of the sync and in turn.
import { candidatesAt } from '../../functions/statuses/order.ts';
import { DAY_MS, HOUR_MS, timestampOf } from '../../functions/timestamps.ts';
import type { LastLook } from '../../functions/warehouse/status-questions.ts';
import { createRandom } from '../../local/sandbox/random.ts';
import { createPipeline, incidentAt, isOverdue, type Pipeline } from './incidents.ts';

const PIPELINES = 500;
const DAYS = 30;
const SEEDS = [1, 2, 3];
const REQUESTS_A_RUN = 20;
const FROM_MS = Date.UTC(2026, 9, 1);
const TO_MS = FROM_MS + DAYS * DAY_MS;
const SOURCES = { streams: ['pipeline_logs' as const], clientIds: [] };

const ORDERS = {
  'overdue first, then not ok (the sync)': true,
  'in turn': false,
};

/** How long something lasted before it was seen; null if it was over before. */
interface Delay {
  state: string;
  hours: number | null;
}

export async function run(): Promise<void> {
  console.log(
    `\nStatuses: ${PIPELINES} pipelines, ${DAYS} days, ${REQUESTS_A_RUN} requests an hour, seeds ${SEEDS.join(', ')}.`,
  );
  for (const [order, isUrgentFirst] of Object.entries(ORDERS)) {
    const delays: Delay[] = [];
    for (const seed of SEEDS) delays.push(...(await simulate(seed, isUrgentFirst)));
    console.log(`\n${order}: from when it began until it was seen.`);
    console.table(
      ['disabled', 'blocked', 'failing', 'all'].map((state) =>
        line(
          state,
          delays.filter((delay) => state === 'all' || delay.state === state),
        ),
      ),
    );
  }
}

/** A run at the full hour, with whatever order the sync has, or none but that of the looks. */
async function simulate(seed: number, isUrgentFirst: boolean): Promise<Delay[]> {
  const random = createRandom(seed);
  const pipelines = Array.from({ length: PIPELINES }, () => createPipeline(FROM_MS, TO_MS, random));
  const looks: LastLook[] = pipelines.map((_, index) => ({
    object: { kind: 'pipeline', clientId: null, objectId: BigInt(index) },
    isSeen: true,
    observedAt: null,
    state: null,
  }));
  const seenMs = new Map<object, number>();
  for (let nowMs = FROM_MS - 2 * DAY_MS; nowMs < TO_MS; nowMs += HOUR_MS) {
    const overdue = pipelines.flatMap((pipeline, index) => {
      const object = looks[index]?.object;
      return isUrgentFirst && object !== undefined && isOverdue(pipeline, nowMs) ? [object] : [];
    });
    const inOrder = isUrgentFirst ? looks : looks.map((look) => ({ ...look, state: look.state && 'ok' }));
    const candidates = await candidatesAt(timestampOf(nowMs), SOURCES, {
      isLookedAtSince: async () => false, // the runs are an hour apart
      lastLooks: async () => inOrder,
      overdueObjects: async () => overdue,
    });
    for (const { object } of candidates.slice(0, REQUESTS_A_RUN)) {
      const [look, pipeline] = [looks[Number(object.objectId)], pipelines[Number(object.objectId)]];
      if (look === undefined || pipeline === undefined) continue;
      const incident = incidentAt(pipeline, nowMs);
      Object.assign(look, { observedAt: timestampOf(nowMs), state: incident?.state ?? 'ok' });
      if (incident !== undefined && !seenMs.has(incident)) seenMs.set(incident, nowMs);
    }
  }
  return delaysOf(pipelines, seenMs);
}

/** Of what began a week before the end at the latest, so that there was time to see it. */
function delaysOf(pipelines: readonly Pipeline[], seenMs: ReadonlyMap<object, number>): Delay[] {
  return pipelines
    .flatMap(({ incidents }) => incidents)
    .filter(({ beganMs }) => beganMs < TO_MS - 7 * DAY_MS)
    .map((incident) => {
      const seen = seenMs.get(incident);
      return {
        state: incident.state,
        hours: seen === undefined ? null : (seen - incident.beganMs) / HOUR_MS,
      };
    });
}

function line(state: string, delays: readonly Delay[]): Record<string, string | number> {
  const hours = delays.flatMap((delay) => delay.hours ?? []).sort((one, other) => one - other);
  const quantile = (share: number) =>
    (hours[Math.floor(share * (hours.length - 1))] ?? Number.NaN).toFixed(1);
  return {
    state,
    began: delays.length,
    'median hours': quantile(0.5),
    '95 % hours': quantile(0.95),
    'over before they were seen %': ((100 * (delays.length - hours.length)) / delays.length).toFixed(0),
  };
}
