import { DAY_MS } from '../timestamps.ts';
import type { ViewRow } from '../views/columns.ts';
import { ANOMALY_DAYS, type Overview } from './overview.ts';
import { count, plural, roughTime, seconds } from './wording.ts';

const LOSS_WARNING_DAYS = 14;
const SEVERITIES = ['critical', 'warning', 'notice'] as const;

/** Something that somebody should look at. */
export interface AttentionItem {
  severity: (typeof SEVERITIES)[number];
  /** In a word or two, such as `late`. */
  what: string;
  /** A pipeline, a model or a stream; the names of the first two come from outside. */
  subject: string;
  /** The reason, in a sentence. */
  text: string;
  /** Since when, or of when. */
  moment: Date | null;
}

/** What needs attention, the most urgent first, then the newest; empty if nothing does. */
export function attentionItems(overview: Overview): AttentionItem[] {
  const items = [
    ...syncItems(overview),
    ...holeItems(overview.coverage),
    ...planItems(overview.plan_forecast),
    ...overview.pipeline_status.flatMap((row) => statusItems(pipelineName(row), row)),
    ...overview.model_status.flatMap((row) => statusItems(modelName(row), row)),
    ...anomalyItems(overview),
  ];
  const rank = ({ severity }: AttentionItem) => SEVERITIES.indexOf(severity);
  const time = ({ moment }: AttentionItem) => moment?.getTime() ?? 0;
  return items.sort((one, other) => rank(one) - rank(other) || time(other) - time(one));
}

/** How many there are of what, such as `2 silent, 1 late, 5 notices`; empty without items. */
export function attentionCounts(items: readonly AttentionItem[]): string {
  const notices = items.filter(({ severity }) => severity === 'notice').length;
  const groups = Map.groupBy(items.slice(0, items.length - notices), ({ what }) => what);
  const counts = [...groups].map(([what, { length }]) => `${count(length)} ${what}`);
  return [...counts, ...(notices > 0 ? [plural(notices, 'notice')] : [])].join(', ');
}

export function pipelineName(row: { pipeline_id: string | null; pipeline_name: string | null }): string {
  return row.pipeline_name?.trim() || `pipeline ${row.pipeline_id ?? 'without id'}`;
}

export function modelName(row: { model_id: string | null; model_name: string | null }): string {
  return row.model_name?.trim() || `model ${row.model_id ?? 'without id'}`;
}

export function sourceName({ stream, client_id }: { stream: string; client_id: string | null }): string {
  return client_id === null ? stream : `${stream} of client ${client_id}`;
}

function syncItems({ sync_health, plan_forecast }: Overview): AttentionItem[] {
  return sync_health.flatMap((row) => {
    const subject = sourceName(row);
    const items: AttentionItem[] = [];
    if (row.health !== 'ok') {
      const since = row.minutes_since_success === null ? '' : ` for ${roughTime(row.minutes_since_success)}`;
      const texts: Record<string, string> = {
        never: 'No run has succeeded yet.',
        failing: `The last run failed; none has succeeded${since}.`,
        stale: `No run has succeeded${since}: what happened since is not known here.`,
      };
      items.push({
        severity: 'critical',
        what: `sync ${row.health}`,
        subject,
        text: texts[row.health] ?? row.health,
        moment: row.last_success_at,
      });
    }
    const daysLeft =
      ((row.loss_begins_at?.getTime() ?? Number.POSITIVE_INFINITY) - plan_forecast.as_of.getTime()) / DAY_MS;
    if (row.health !== 'ok' && daysLeft < LOSS_WARNING_DAYS) {
      items.push({
        severity: 'critical',
        what: daysLeft > 0 ? 'loss ahead' : 'loss',
        subject,
        text:
          daysLeft > 0
            ? `In ${roughTime(daysLeft * 1440)} Kondado deletes rows that are not copied yet.`
            : 'Kondado has begun to delete rows that were not copied.',
        moment: row.loss_begins_at,
      });
    }
    if (row.rows_rejected_7d > 0) {
      items.push({
        severity: 'warning',
        what: 'set aside',
        subject,
        text: `${plural(row.rows_rejected_7d, 'row')} of the last 7 days could not be stored; the table rejected_rows has the reasons.`,
        moment: row.watermark,
      });
    }
    return items;
  });
}

/** What lies between two ranges of ids that are proven to be read was perhaps never read. */
function holeItems(coverage: Overview['coverage']): AttentionItem[] {
  const ranges = coverage.toSorted((one, other) => (BigInt(one.first_id) < BigInt(other.first_id) ? -1 : 1));
  return ranges.flatMap((range, index) => {
    const next = ranges
      .slice(index + 1)
      .find(({ stream, client_id }) => stream === range.stream && client_id === range.client_id);
    if (next === undefined) return [];
    return {
      severity: 'warning' as const,
      what: 'hole',
      subject: sourceName(range),
      // From the last id that is proven, so that the ranges will touch.
      text: `The ids between ${range.last_id} and ${next.first_id} are not proven to be read: a backfill with from_id ${range.last_id} closes the hole.`,
      moment: next.verified_at,
    };
  });
}

function planItems({
  active_pipelines,
  plan_pipelines,
  data_through,
}: Overview['plan_forecast']): AttentionItem[] {
  if (plan_pipelines === null || active_pipelines <= plan_pipelines) return [];
  return [
    {
      severity: 'warning',
      what: 'plan',
      subject: 'active pipelines',
      text: `${count(active_pipelines)} pipelines ran in the last 30 days; the plan has ${count(plan_pipelines)}.`,
      moment: data_through,
    },
  ];
}

const STATUS_SEVERITIES: Record<string, AttentionItem['severity']> = {
  late: 'warning',
  silent: 'critical',
  stopped: 'notice',
};

function statusItems(
  subject: string,
  row: ViewRow<'pipeline_status'> | ViewRow<'model_status'>,
): AttentionItem[] {
  const severity = STATUS_SEVERITIES[row.health];
  if (severity === undefined) return [];
  const { health, reason, expected_by, last_execution_at } = row;
  return [{ severity, what: health, subject, text: reason ?? '', moment: expected_by ?? last_execution_at }];
}

const ANOMALY_WORDS: Record<string, { what: string; amount: (value: number) => string }> = {
  unexpected_zero: { what: 'no records', amount: (value) => plural(Math.round(value), 'record') },
  volume_spike: { what: 'many records', amount: (value) => plural(Math.round(value), 'record') },
  volume_drop: { what: 'few records', amount: (value) => plural(Math.round(value), 'record') },
  slow: { what: 'slow', amount: seconds },
};

/** One item for each pipeline and kind, an anomaly rarely comes alone. */
function anomalyItems({ execution_anomalies }: Overview): AttentionItem[] {
  const recent = execution_anomalies.toSorted(
    (one, other) => other.createdat.getTime() - one.createdat.getTime(),
  );
  const groups = Map.groupBy(
    recent,
    ({ client_id, pipeline_id, kind }) => `${client_id} ${pipeline_id} ${kind}`,
  );
  return [...groups.values()].flatMap(([newest, ...others]) => {
    if (newest === undefined) return [];
    const { what, amount } = ANOMALY_WORDS[newest.kind] ?? { what: newest.kind, amount: count };
    const usual = newest.usual_value === null ? '' : `, usually ${amount(newest.usual_value)}`;
    const more =
      others.length === 0 ? '' : `; ${others.length} more like it in the last ${ANOMALY_DAYS} days`;
    return {
      severity: 'notice' as const,
      what,
      subject: pipelineName(newest),
      text: `${amount(newest.value ?? 0)}${usual}${more}.`,
      moment: newest.createdat,
    };
  });
}
