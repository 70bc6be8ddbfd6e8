import type { Formats } from '../formats.ts';

/** What is true now: the first sentence of the page, of the summary and of `plan_usage`. */
export function states(f: Formats) {
  const { percent, count, longDay, longTime, roughTime } = f;
  const course = (share: number | null) => (share === null ? '' : `, on course for ${percent(share)}`);
  const used = (share: number, projected: number | null) =>
    `${percent(share)} of the plan used${course(projected)}`;
  const read = (share: number | null, through: Date | null) =>
    [
      share === null ? '' : ` ${percent(share)} of 90 days`,
      through === null ? '' : ` through ${f.dateOf(through)}`,
    ]
      .filter((part) => part !== '')
      .join(',');

  return {
    noLogs: 'No logs are stored yet.',
    noLogsAdvice: (command: string, request: string) =>
      `A sync brings them: ${command} on a computer, ${request} at the function. ` +
      "The first one reads up to 90 days, which may take hours at Kondado's rate limit.",
    noExecutions: 'No execution of a pipeline is stored yet.',
    loading: (share: number | null, through: Date | null, minutesLeft: number | null) =>
      `Reading Kondado's logs:${read(share, through) || ' they have just begun to arrive'}` +
      `${minutesLeft === null ? '' : `, about ${roughTime(minutesLeft)} left`}.`,
    loadingFailed: (share: number | null, through: Date | null) =>
      `Reading Kondado's logs:${read(share, through) || ' nothing is stored yet'}; the last run failed.`,
    loadingPaused: (share: number | null, through: Date | null, since: Date) =>
      `Kondado's logs are read in part only:${read(share, through) || ' nothing is stored yet'}. ` +
      `No sync has run since ${longTime(since)}.`,
    loadingNote:
      'There is no forecast and no status before all logs are read: what is shown is a part of the truth.',
    staleFailing: (since: Date, minutes: number) =>
      `Nothing new since ${longTime(since)}: the sync has failed for ${roughTime(minutes)}.`,
    staleIdle: (since: Date, minutes: number) =>
      `Nothing new since ${longTime(since)}: no sync has run for ${roughTime(minutes)}.`,
    staleCatchingUp: (since: Date, through: Date | null) =>
      `Complete only through ${longTime(since)}: the sync is catching up` +
      `${through === null ? '' : ` and has read through ${f.dateOf(through)}`}.`,
    staleNote: (since: Date) => `Everything below is as of ${longTime(since)}.`,
    usedThen: (share: number) => `By then ${percent(share)} of the plan was used.`,
    recordsThen: (records: number) => `By then there were ${count(records)} billable records this month.`,
    /** What to do about an error code, for those who do not know it. */
    advice: {
      CONFIG_INVALID: 'Check the environment: a setting has a value that is not accepted.',
      KONDADO_UNAUTHORIZED: 'Check the API key and the token of Kondado: they are refused.',
      KONDADO_RATE_LIMITED:
        'Find out what else uses the same key or address: the rate limit leaves nothing to the sync.',
      KONDADO_UNAVAILABLE: 'Kondado does not answer. The next run tries again; nothing is lost for 90 days.',
      KONDADO_UNEXPECTED_RESPONSE:
        'Kondado answers in a way that is not known. The last rows of sync_runs say what came.',
      WAREHOUSE_UNAVAILABLE: 'The warehouse does not answer. The next run tries again.',
      WAREHOUSE_REJECTED:
        'The warehouse refuses: check permissions, tables and quotas. The last rows of sync_runs say more.',
      SECRET_UNAVAILABLE: 'Check that the secrets exist, and that the function may read them.',
    } as Record<string, string>,
    otherAdvice: 'The last rows of sync_runs and the log lines say what happened.',
    idleAdvice: 'Start a sync (npm run sync), or look at the schedule of the function.',
    madeUp:
      'Made-up data: this is the built-in sandbox, not your account. ' +
      'Set KONDADO_API_KEY and KONDADO_TOKEN for your own logs.',
    unreadable: 'How far the plan is used could not be read.',

    dayOf: (day: number, length: number) => `Day ${count(day)} of ${count(length)}: `,
    limitUnknown: (records: number, projected: number | null, setting: string) =>
      `${count(records)} billable records this month${projected === null ? '' : `, on course for ${count(projected)}`}; ` +
      `the limit of the plan is not known: ${setting} sets it.`,
    usedUp: (since: string | null, share: number, projected: number | null) =>
      `the plan is used up${since === null ? '' : ` since ${longDay(since)}`}` +
      `${projected === null ? `, at ${percent(share)}` : course(projected)}.`,
    limitAhead: (share: number, projected: number | null, limitDay: string) =>
      `${used(share, projected)}: the limit is reached on ${longDay(limitDay)}.`,
    limitThisMonth: (share: number, projected: number | null) =>
      `${used(share, projected)}: the limit is reached this month, on which day is not known yet.`,
    mayReachLimit: (share: number, projected: number | null, high: number) =>
      `${used(share, projected)}: it should last, but up to ${percent(high)} is possible.`,
    lasts: (share: number, projected: number | null) => `${used(share, projected)}: it lasts this month.`,
    noForecast: (share: number) => `${used(share, null)}; what the month will bring is not known yet.`,

    newest: (moment: string, minutes: number) => `Newest execution: ${moment}, ${roughTime(minutes)} ago.`,
    /** The same in parts, around a moment that is marked up. */
    newestBefore: 'Newest execution:',
    newestAfter: (minutes: number) => `, ${roughTime(minutes)} ago.`,
    knownBefore: 'Complete through',
  };
}
