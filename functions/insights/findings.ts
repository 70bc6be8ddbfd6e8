import type { ReadingConfig } from '../config.ts';
import { anomalyFindings } from './anomalies.ts';
import { type Finding, GROUPS, SEVERITIES } from './finding.ts';
import type { Forecast } from './forecast.ts';
import { isMuted, type KondadoObject, keyOf, modelOf, namesOf, pipelineOf } from './objects.ts';
import type { Overview } from './overview.ts';
import { judgementOf, reasonOf, type Status, silenceReasonOf } from './reasons.ts';
import { stateOf } from './state.ts';
import { syncFindings } from './sync-findings.ts';
import type { Wording } from './wording/wording.ts';

export interface Findings {
  /** The sync's own troubles first, then the most urgent, then the newest; one for each pipeline and model. */
  listed: Finding[];
  /** What is overdue because somebody has switched it off, which is no trouble. */
  switchedOff: Finding[];
  /** How many there are of pipelines and models that nobody wants to be told about. */
  muted: number;
}

/** What needs attention. */
export function findingsOf(overview: Overview, muted: ReadingConfig['muted'], wording: Wording): Findings {
  const isLoading = stateOf(overview).kind === 'loading';
  const ofObjects = isLoading ? [] : objectFindings(overview, wording);
  const time = ({ moment }: Finding) => moment?.getTime() ?? 0;
  const newestFirst = (one: Finding, other: Finding) => time(other) - time(one);
  const heard = ofObjects.filter(({ subject }) => typeof subject === 'string' || !isMuted(subject, muted));
  const listed = [
    ...syncFindings(overview, isLoading, wording),
    ...planFindings(overview, wording),
    ...withPausedAsOne(
      heard.filter(({ group }) => group !== 'off'),
      overview,
      wording,
    ),
  ];
  const rank = ({ group, severity }: Finding) =>
    GROUPS.indexOf(group) * SEVERITIES.length + SEVERITIES.indexOf(severity);
  listed.sort((one, other) => rank(one) - rank(other) || newestFirst(one, other));
  const switchedOff = heard.filter(({ group }) => group === 'off').sort(newestFirst);
  return { listed, switchedOff, muted: ofObjects.length - heard.length };
}

/** How many there are of what, such as `2 silent, 1 late, 5 notices`; empty without findings. */
export function findingCounts(findings: readonly Finding[], { findings: words, formats }: Wording): string {
  const urgent = findings.filter(({ severity }) => severity !== 'notice');
  const counts = [...Map.groupBy(urgent, ({ kind }) => kind)].map(([kind, { length }]) =>
    formats.plural(length, ...words.kinds[kind]),
  );
  const notices = findings.length - urgent.length;
  return [...counts, ...(notices > 0 ? [words.notices(notices)] : [])].join(', ');
}

/** What a finding is about, as plain text. */
export function subjectName({ subject }: Pick<Finding, 'subject'>): string {
  return typeof subject === 'string' ? subject : subject.name;
}

/** What a pipeline or model has to be looked at for, all of it in one. */
function objectFindings(overview: Overview, wording: Wording): Finding[] {
  const { plan_forecast } = overview;
  const found = [
    ...overview.pipeline_status.flatMap((row) =>
      statusFindings(pipelineOf(row, wording), row, plan_forecast, wording),
    ),
    ...overview.model_status.flatMap((row) =>
      statusFindings(modelOf(row, wording), row, plan_forecast, wording),
    ),
    ...anomalyFindings(overview, wording),
  ];
  const byObject = Map.groupBy(found, ({ subject }) =>
    typeof subject === 'string' ? subject : keyOf(subject),
  );
  return [...byObject.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : { ...first, reasons: [...first.reasons, ...others.flatMap((other) => labelled(other, wording))] },
  );
}

/** The badge is that of the first finding, so the others need a word of their own. */
function labelled({ kind, reasons }: Finding, { findings }: Wording): string[] {
  const [word] = findings.kinds[kind];
  return reasons.map((reason) => `${word.charAt(0).toLocaleUpperCase()}${word.slice(1)}: ${reason}`);
}

function statusFindings(
  subject: KondadoObject,
  row: Status,
  forecast: Forecast | null,
  wording: Wording,
): Finding[] {
  const judgement = judgementOf(row);
  if (judgement === undefined) return [];
  const { expected_by, last_execution_at, state_since } = row;
  const isEarly = row.overdue_minutes === null;
  const isPaused = silenceReasonOf(row, forecast) === 'plan_used_up';
  return [
    {
      ...judgement,
      group: judgement.kind === 'switched_off' ? 'off' : isPaused ? 'paused' : 'status',
      subject,
      reasons: [reasonOf(row, forecast, wording)],
      moment: isEarly ? state_since : (expected_by ?? last_execution_at),
    },
  ];
}

/** Many that have stopped because the plan is used up are one thing to look at. */
function withPausedAsOne(
  found: readonly Finding[],
  { plan_forecast }: Overview,
  wording: Wording,
): readonly Finding[] {
  const { findings } = wording;
  const paused = found.flatMap(({ group, subject }) =>
    group === 'paused' && typeof subject !== 'string' ? [subject] : [],
  );
  if (paused.length < 2) return found;
  const since = plan_forecast?.limit_date ?? null;
  const one: Finding = {
    severity: 'critical',
    group: 'plan',
    kind: 'plan',
    subject: findings.pausedPipelines(paused.length),
    reasons: [findings.pausedByPlan(since, namesOf(paused, wording))],
    moment: null,
  };
  return [one, ...found.filter(({ group }) => group !== 'paused')];
}

function planFindings({ plan_forecast }: Overview, { findings }: Wording): Finding[] {
  const { active_pipelines: active, plan_pipelines: plan, data_through } = plan_forecast ?? {};
  if (active === undefined || plan === undefined || plan === null || active <= plan) return [];
  return [
    {
      severity: 'warning',
      group: 'plan',
      kind: 'plan',
      subject: findings.activePipelines,
      reasons: [findings.morePipelinesThanPlan(active, plan)],
      moment: data_through ?? null,
    },
  ];
}
