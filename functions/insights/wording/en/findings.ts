import type { Formats } from '../formats.ts';

/** What needs attention, and why. */
export function findings(f: Formats) {
  const { count, interval, plural, roughTime, time } = f;
  const last = (moment: Date | null) =>
    moment === null ? '' : ` The last execution was on ${time(moment)}.`;
  const every = (minutes: number | null) =>
    minutes === null ? 'It was due' : `It usually runs every ${interval(minutes)} and was due`;
  const due = (usualMinutes: number | null, expectedBy: Date | null, overdueMinutes: number | null) =>
    every(usualMinutes) +
    `${expectedBy === null ? '' : ` by ${time(expectedBy)}`}` +
    `${overdueMinutes === null ? '' : `: overdue by ${roughTime(overdueMinutes)}`}.`;
  /** A look comes once an hour at most, so that it may have begun before it was seen. */
  const seen = (since: Date | null) => (since === null ? '' : ` (since ${time(since)} or earlier)`);
  const said = (message: string | null) => (message === null ? '.' : `: “${message}”`);

  return {
    pipeline: (id: string | null) => `pipeline ${id ?? 'without id'}`,
    model: (id: string | null) => `model ${id ?? 'without id'}`,
    source: (stream: string, clientId: string | null) =>
      clientId === null ? stream : `${stream} of client ${clientId}`,
    /** `pipeline Orders` */
    pipelineNamed: (name: string) => `pipeline ${name}`,
    modelNamed: (name: string) => `model ${name}`,
    activePipelines: 'active pipelines',
    /** A word or two for each kind of finding; with a number where the word changes. */
    kinds: {
      on_time: ['on time', 'on time'],
      late: ['late', 'late'],
      silent: ['silent', 'silent'],
      stopped: ['stopped', 'stopped'],
      new: ['new', 'new'],
      irregular: ['irregular', 'irregular'],
      unknown: ['unknown', 'unknown'],
      sync_failing: ['sync failing', 'sync failing'],
      sync_stale: ['sync stale', 'sync stale'],
      sync_loading: ['sync loading', 'sync loading'],
      loss_ahead: ['loss ahead', 'loss ahead'],
      loss: ['loss', 'losses'],
      unreadable: ['not readable', 'not readable'],
      set_aside: ['set aside', 'set aside'],
      hole: ['hole', 'holes'],
      plan: ['plan', 'plan'],
      unexpected_zero: ['no records', 'no records'],
      volume_spike: ['many records', 'many records'],
      volume_drop: ['few records', 'few records'],
      slow: ['slow', 'slow'],
      failing: ['failing', 'failing'],
      blocked: ['blocked', 'blocked'],
      switched_off: ['switched off', 'switched off'],
    } satisfies Record<string, [one: string, other: string]>,
    notices: (number: number) => plural(number, 'notice', 'notices'),

    /** Kondado's own word why something is silent, and what it says of what should not be. */
    silence: {
      gone: (since, _message) =>
        `Kondado does not know it any more${seen(since)}: it was deleted, or the key may not see it.`,
      switched_off: (since, message) => `It is switched off in Kondado${seen(since)}${said(message)}`,
      plan_used_up: (_since, _message) =>
        'The records of the plan were used up before it was due: Kondado pauses pipelines then.',
      blocked: (since, message) => `Kondado has blocked it${seen(since)}${said(message)}`,
      failing: (since, message) => `It fails in Kondado${seen(since)}${said(message)}`,
      building: (since, message) => `Kondado is building its tables${seen(since)}${said(message)}`,
      draft: (since, message) => `It is not published in Kondado${seen(since)}${said(message)}`,
      ok: (_since, _message) => 'Kondado said nothing wrong of it when it was last asked.',
    } satisfies Record<string, (since: Date | null, message: string | null) => string>,
    lastExecution: last,
    switchedOff: (names: readonly string[]) => `Switched off in Kondado: ${f.list(names)}.`,
    pausedPipelines: (number: number) => plural(number, 'pipeline', 'pipelines'),
    pausedByPlan: (since: string | null, names: readonly string[]) =>
      `The plan is used up${since === null ? '' : ` since ${f.longDay(since)}`}, and Kondado pauses pipelines then: ${f.list(names)}.`,
    overdueSince: (
      usual: number | null,
      expectedBy: Date | null,
      overdue: number | null,
      lastAt: Date | null,
    ) => due(usual, expectedBy, overdue) + last(lastAt),
    stopped: (usual: number | null, lastAt: Date | null) =>
      `It has not run for a long time${usual === null ? '' : `; it used to run every ${interval(usual)}`}.${last(lastAt)}`,

    syncFailing: (minutes: number | null, code: string | null) =>
      `The last run failed${code === null ? '' : ` with ${code}`}; none has succeeded` +
      `${minutes === null ? ' yet' : ` for ${roughTime(minutes)}`}.`,
    syncStale: (minutes: number | null) =>
      `No run has succeeded${minutes === null ? ' yet' : ` for ${roughTime(minutes)}`}: what happened since is not known here.`,
    syncLoading: 'It has not been read to its end yet: nothing is judged before.',
    lossAhead: (minutes: number) => `In ${roughTime(minutes)} Kondado deletes rows that are not copied yet.`,
    loss: 'Kondado has begun to delete rows that were not copied.',
    unreadable: (code: string) =>
      `It could not be read (${code}): that part is missing here. Everything else is complete.`,
    setAside: (rows: number) =>
      `${plural(rows, 'row', 'rows')} of the last 7 days could not be stored; the table rejected_rows has the reasons.`,
    hole: (lastId: string, nextId: string) =>
      `The ids between ${lastId} and ${nextId} are not proven to be read: a backfill with from_id ${lastId} closes the hole.`,
    morePipelinesThanPlan: (active: number, plan: number) =>
      `${count(active)} pipelines ran in the last 30 days; the plan has ${count(plan)}.`,
    anomaly: (amount: string, usual: string | null, more: number, days: number) =>
      `${amount}${usual === null ? '' : `, usually ${usual}`}` +
      `${more === 0 ? '' : `; ${count(more)} more like it in the last ${count(days)} days`}.`,
    records: (number: number) => plural(number, 'record', 'records'),
    muted: (number: number, settings: string) =>
      `${plural(number, 'more that is', 'more that are')} muted (${settings}).`,

    /** Log lines that alerts read. */
    overdue: (subject: string, kind: string, reason: string, link: string | null) =>
      `The ${subject} is ${kind}. ${reason} (${f.timeZone})${link === null ? '' : ` ${link}`}`,
    overdueMany: (number: number, areMore: boolean) =>
      `${areMore ? `${count(number)} more` : count(number)} overdue, see the page.`,
    overdueByPlan: (number: number, since: string | null, names: readonly string[], link: string) =>
      `${plural(number, 'pipeline', 'pipelines')} became overdue because the plan is used up` +
      `${since === null ? '' : ` since ${f.longDay(since)}`}: ${f.list(names)}. Kondado pauses pipelines then. ${link}`,
    failing: (subject: string, kind: string, reason: string, link: string | null) =>
      `The ${subject} is ${kind}, though not overdue yet. ${reason} (${f.timeZone})${link === null ? '' : ` ${link}`}`,
    failingMany: (number: number) => `${count(number)} more began to fail, see the page.`,
    others: (number: number) => `${count(number)} more`,
    back: (subject: string, lastAt: Date, link: string | null) =>
      `The ${subject} is back: it finished on ${time(lastAt)} (${f.timeZone}).${link === null ? '' : ` ${link}`}`,
    backMany: (number: number) => `${count(number)} more ${number === 1 ? 'is' : 'are'} back, see the page.`,
    alertsSkipped: (reason: string) => `Plan and overdue pipelines were not looked at: ${reason}`,
    noTimeLeft: 'there was no time left. Raise TIME_BUDGET_SECONDS if it happens again.',
  };
}
