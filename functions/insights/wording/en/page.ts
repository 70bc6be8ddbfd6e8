import type { Formats } from '../formats.ts';

/** Titles, notes and labels of the page. */
export function page(f: Formats) {
  const { count, plural, percent, roughCount, shortDay, longDay } = f;
  return {
    name: 'Kondado logs',
    nothingToDo: 'Nothing needs attention.',
    attention: 'Needs attention',
    attentionPrefix: (counts: string) => `: ${counts}.`,
    nothing: 'Nothing.',
    switchedOff: 'Switched off in Kondado',
    notBeforeLoaded: 'Pipelines and models are judged once all logs are read.',
    moreItems: (more: number) => plural(more, 'more item', 'more items'),
    partMissing: (code: string) =>
      `This part could not be read (${code}); reload the page later, or run npm run doctor.`,
    client: 'Client',
    ofClient: (id: string) => `client ${id}`,
    id: (id: string) => `id ${id}`,
    openInKondado: 'open in Kondado',
    asOf: 'As of',
    timeZone: (zone: string) => `Days and times are those of ${zone}.`,
    oldTimeZone: 'The views cut their days in another time zone: apply Terraform, which makes them anew.',
    oldPlan:
      'The views were made with another plan and do not tell the day of the limit: apply Terraform, which makes them anew.',

    monthTitle: (month: string) => `Billable records in ${f.monthOf(month)}`,
    byDay: 'By day, as a table',
    day: 'Day',
    records: 'Records',
    monthSoFar: 'Month so far',
    limitOn: (day: string) => `limit on ${shortDay(day)}`,
    planLabel: (records: number) => `plan ${roughCount(records)}`,
    soFar: (records: string) => `So far: ${records}`,
    forecast: (records: string, low: number, high: number) =>
      `Forecast: ${records}, in 4 of 5 cases ${roughCount(low)} to ${roughCount(high)}`,
    plan: (records: number) => `Plan: ${count(records)}`,
    ofPlan: (records: number, share: number | null) =>
      share === null ? roughCount(records) : `${roughCount(records)} (${percent(share)})`,
    chart: (reached: number, end: number | null, plan: number | null, limitDay: string | null) =>
      [
        `Line chart of the month: ${count(reached)} billable records so far`,
        end === null ? '' : `; the forecast for its end is ${count(end)}`,
        plan === null ? '' : `; the plan has ${count(plan)}`,
        limitDay === null ? '' : `; the limit is reached on ${longDay(limitDay)}`,
        '.',
      ].join(''),

    usage: 'Who uses the plan',
    usageNote: (isOfPlan: boolean) =>
      `Billable records this month; the share is that of ${isOfPlan ? 'the plan' : 'the month, because the plan is not known'}. ` +
      'The change is against the same days of last month.',
    noUsage: 'No billable records this month yet.',
    monthUnknown: 'Nothing is known of this month.',
    pipeline: 'Pipeline',
    model: 'Model',
    models: 'Models',
    shareOfPlan: 'Share of plan',
    shareOfMonth: 'Share of month',
    change: 'Change',
    isNew: 'new',
    lastMonth: 'Last month',
    morePipelines: (more: number) => `${count(more)} more pipelines`,
    moreModels: (more: number) => `${count(more)} more models`,

    executions: 'Executions',
    executionsNote: (from: string, to: string) =>
      `A column a day, from ${shortDay(from)} to ${shortDay(to)}: the stronger, the more executions, by the pipeline's own busiest day; ` +
      'a thin line is a day without any; where nothing is drawn, it had not begun or nothing is known. ' +
      'The curve below is the median duration. On time: of the executions due in 30 days. ' +
      'Failing: of the time of 30 days in which Kondado was asked, the share in which it said failing or blocked.',
    noExecutions: 'No pipeline ran in the last 90 days.',
    last90Days: 'Last 90 days',
    executionsOn: (executions: number, days: number, without: number) =>
      `${plural(executions, 'execution', 'executions')} on ${plural(days, 'day', 'days')}, ` +
      `${plural(without, 'day', 'days')} without`,
    lastExecution: 'Last execution',
    nextExpected: 'Next by',
    runsEvery: 'Runs every',
    onTime: 'On time',
    failing: 'Failing',
    usuallyTakes: 'Usually takes',
    lastTook: 'Last took',
    emptyInARow: (executions: number) => `${count(executions)} in a row without records`,

    sync: 'The sync itself',
    syncHealth: { ok: 'ok', failing: 'failing', stale: 'stale', loading: 'loading' },
    stream: 'Stream',
    state: 'State',
    lastSuccess: 'Last success',
    dataThrough: 'Data through',
    knownThrough: 'Known through',
    setAside: 'Set aside',
    failedRuns: 'Failed runs',
    idsRead: 'Ids read',
    syncNote: 'Rows set aside and failed runs: of the last 7 days.',
    noRuns: 'No run has been recorded yet.',
    range: (first: string, last: string) => `${first} to ${last}`,
    ranges: (number: number) =>
      `${plural(number, 'range', 'ranges')}, so ${plural(number - 1, 'hole', 'holes')}`,
    lastRuns: 'Last runs',
    started: 'Started',
    mode: 'Mode',
    outcome: 'Outcome',
    newRows: 'New rows',
    requests: 'Requests',
    deployed: (version: string) => `Version ${version} made this page.`,
    lastRunBy: (version: string) => `Version ${version} did the last run.`,

    errorTitle: 'The page could not be made',
    errorAdvice: 'What is stored is not affected. Reload the page once this is repaired.',
  };
}
