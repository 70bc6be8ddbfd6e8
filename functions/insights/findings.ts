import type { ReadingConfig } from '../config.ts';
import { anomalyFindings } from './anomalies.ts';
import { type Finding, GROUPS, SEVERITIES, type Severity } from './finding.ts';
import { isMuted, type KondadoObject, keyOf, modelOf, pipelineOf } from './objects.ts';
import type { Overview } from './overview.ts';
import { reasonOf, type Status } from './reasons.ts';
import { stateOf } from './state.ts';
import { syncFindings } from './sync-findings.ts';
import type { Wording } from './wording/wording.ts';

export interface Findings {
  /** The sync's own troubles first, then the most urgent, then the newest; one for each pipeline and model. */
  listed: Finding[];
  /** How many there are of pipelines and models that nobody wants to be told about. */
  muted: number;
}

/** What needs attention. */
export function findingsOf(overview: Overview, muted: ReadingConfig['muted'], wording: Wording): Findings {
  const isLoading = stateOf(overview).kind === 'loading';
  const ofObjects = isLoading ? [] : objectFindings(overview, wording);
  const heard = ofObjects.filter(({ subject }) => typeof subject === 'string' || !isMuted(subject, muted));
  const listed = [
    ...syncFindings(overview, isLoading, wording),
    ...planFindings(overview, wording),
    ...heard,
  ];
  const rank = ({ group, severity }: Finding) =>
    GROUPS.indexOf(group) * SEVERITIES.length + SEVERITIES.indexOf(severity);
  const time = ({ moment }: Finding) => moment?.getTime() ?? 0;
  listed.sort((one, other) => rank(one) - rank(other) || time(other) - time(one));
  return { listed, muted: ofObjects.length - heard.length };
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
  const found = [
    ...overview.pipeline_status.flatMap((row) => statusFindings(pipelineOf(row, wording), row, wording)),
    ...overview.model_status.flatMap((row) => statusFindings(modelOf(row, wording), row, wording)),
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

const STATUS_SEVERITIES = { late: 'warning', silent: 'critical', stopped: 'notice' } as const;

/** How severe a health is; undefined if it is nothing to look at. */
export function severityOf(health: string): Severity | undefined {
  return isOverdueHealth(health) ? STATUS_SEVERITIES[health] : undefined;
}

function isOverdueHealth(health: string): health is keyof typeof STATUS_SEVERITIES {
  return Object.hasOwn(STATUS_SEVERITIES, health);
}

function statusFindings(subject: KondadoObject, row: Status, wording: Wording): Finding[] {
  const { health, expected_by, last_execution_at } = row;
  if (!isOverdueHealth(health)) return [];
  return [
    {
      severity: STATUS_SEVERITIES[health],
      group: 'status',
      kind: health,
      subject,
      reasons: [reasonOf(row, wording)],
      moment: expected_by ?? last_execution_at,
    },
  ];
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
