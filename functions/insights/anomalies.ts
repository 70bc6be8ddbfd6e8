import type { Finding } from './finding.ts';
import { keyOf, pipelineOf } from './objects.ts';
import { ANOMALY_DAYS, type Overview } from './overview.ts';
import type { Wording } from './wording/wording.ts';

const KINDS = ['unexpected_zero', 'volume_spike', 'volume_drop', 'slow'] as const;

/** One finding for each pipeline and kind, an anomaly rarely comes alone. */
export function anomalyFindings({ execution_anomalies }: Overview, wording: Wording): Finding[] {
  const { findings, formats } = wording;
  const recent = execution_anomalies.toSorted(
    (one, other) => other.createdat.getTime() - one.createdat.getTime(),
  );
  const groups = Map.groupBy(recent, (row) => `${keyOf(pipelineOf(row, wording))} ${row.kind}`);
  return [...groups.values()].flatMap(([newest, ...others]) => {
    const kind = KINDS.find((name) => name === newest?.kind);
    if (newest === undefined || kind === undefined) return [];
    const amount = (value: number) =>
      kind === 'slow' ? formats.seconds(value) : findings.records(Math.round(value));
    const usual = newest.usual_value === null ? null : amount(newest.usual_value);
    return {
      severity: 'notice' as const,
      group: 'anomaly' as const,
      kind,
      subject: pipelineOf(newest, wording),
      reasons: [findings.anomaly(amount(newest.value ?? 0), usual, others.length, ANOMALY_DAYS)],
      moment: newest.createdat,
    };
  });
}
