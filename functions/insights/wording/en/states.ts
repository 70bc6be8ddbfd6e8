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

  const clientsOf = (ids: readonly string[]) => `client${ids.length === 1 ? '' : 's'} ${f.firstOf(ids)}`;
  const nothingNew = (since: Date, ids: readonly string[] | null) =>
    `Nothing new${ids === null ? '' : ` of ${clientsOf(ids)}`} since ${longTime(since)}: `;
  const notRun = (ids: readonly string[] | null) =>
    ids === null ? 'no sync has run' : `${ids.length === 1 ? 'it has' : 'they have'} not been read`;

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
    /** Where it is not all clients of which nothing new is known, they are named. */
    staleFailing: (
      since: Date,
      clients: readonly string[] | null,
      { code, at, minutes }: { code: string | null; at: Date; minutes: number | null },
    ) =>
      nothingNew(since, clients) +
      (minutes === null
        ? `the last run ${code === null ? 'came no further' : 'failed'} on ${longTime(at)}.`
        : `the sync has ${code === null ? 'come no further' : 'failed'} for ${roughTime(minutes)}.`),
    staleIdle: (since: Date, clients: readonly string[] | null, minutes: number | null) =>
      nothingNew(since, clients) +
      (minutes === null ? 'the last run has read no more' : `${notRun(clients)} for ${roughTime(minutes)}`) +
      '.',
    staleCatchingUp: (since: Date, clients: readonly string[] | null, through: Date | null) =>
      `${clients === null ? 'Complete' : `Of ${clientsOf(clients)} complete`} only through ${longTime(since)}: ` +
      `the sync is catching up${through === null ? '' : ` and has read through ${f.dateOf(through)}`}.`,
    staleNote: (since: Date, clients: readonly string[] | null) =>
      clients === null
        ? `Everything below is as of ${longTime(since)}.`
        : `What is below of ${clientsOf(clients)} is as of ${longTime(since)}; the other clients are up to date.`,
    clientsNotRead: (clients: readonly string[], setting: string) =>
      `There is no forecast because ${clientsOf(clients)} ${clients.length === 1 ? 'is' : 'are'} not read any more: ` +
      `not in ${setting}.`,
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
