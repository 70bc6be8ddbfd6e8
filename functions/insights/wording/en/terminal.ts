import type { Formats } from '../formats.ts';

/** What `npm run sync` says. */
export function terminal(f: Formats) {
  const { count, plural, seconds } = f;
  const rows = (number: number) => plural(number, 'new row', 'new rows');
  return {
    failed: (mode: string, time: string, inserted: number) =>
      `The ${mode} run failed after ${time}; ${rows(inserted)} stored.`,
    dryRun: (time: string) => `Dry run, ${time}: nothing was written.`,
    interrupted: (time: string, inserted: number) =>
      `Interrupted after ${time}; ${rows(inserted)} stored, and kept.`,
    partial: (time: string, inserted: number) =>
      `Not all was read in ${time}; ${rows(inserted)} stored, and kept.`,
    done: (time: string, inserted: number) => `Done in ${time}; ${rows(inserted)} stored.`,
    /** Messages of the function are English; where that is not the reader's language, the advice comes first. */
    error: (code: string, message: string, _codeAndAdvice: string) => `${code}: ${message}`,
    rejected: (number: number, query: string) =>
      `${plural(number, 'row could not be stored and was', 'rows could not be stored and were')} set aside, see: ${query}`,
    rateLimited: (hits: number) =>
      `Kondado's rate limit was hit ${hits === 1 ? 'once' : `${count(hits)} times`}: ` +
      'another program seems to use the same key or address.',
    noMoreLetThrough: 'Kondado let nothing more through.',
    nextRun: 'The next npm run sync continues from what is stored.',
    continueWith: (command: string) => `Continue with: ${command}`,

    unreadable: (path: string, page: string, reason: string) =>
      `The data is in ${path}. Its summary and ${page} could not be made: ${reason}`,
    inBigQuery: (dataset: string) => `The data is in BigQuery, dataset ${dataset}. Ask for it with:`,
    inFile: (path: string) => `The data is in ${path}`,
    page: (page: string) => `The page is ${page}: open it in a browser. Or ask:`,
    timesUtc: 'Times are UTC.',
    timesOf: (zone: string) => `Times are those of ${zone}.`,
    createdBetween: (oldest: string, newest: string) => `${oldest} to ${newest} UTC`,
    ahead: (number: number) => `${plural(number, 'row', 'rows')} more, dated ahead of now`,
    attention: 'Needs attention',
    moreItems: (more: number, page: string) => `and ${plural(more, 'more item', 'more items')}, see ${page}`,
    usage: (month: string, zone: string) => `Billable records in ${f.monthOf(month)} (${zone})`,
    noneYet: 'none yet',
    pipeline: 'pipeline',
    client: 'client',
    records: 'records',
    ofPlan: (records: number) => `of the plan's ${count(records)}`,
    ofMonth: 'of the month',
    others: (number: number) => plural(number, 'other', 'others'),
    all: 'all',

    /** Titles of the tables that a run ends with. */
    titles: {
      stream: 'stream',
      outcome: 'outcome',
      inserted: 'inserted',
      duplicate: 'duplicate',
      rejected: 'rejected',
      ids: 'ids',
      dataThrough: 'data through (UTC)',
      requests: 'requests',
      time: 'time',
      rows: 'rows',
      storedAlready: 'stored already',
      runs: 'runs',
    },

    usesSandbox:
      'No Kondado credentials in the environment: this uses the built-in sandbox, a made-up company. ' +
      'Set KONDADO_API_KEY and KONDADO_TOKEN for your own logs.',
    stopping: 'stopping; press Ctrl-C again to end at once',
    read: (rows: number, requests: number) =>
      `${plural(rows, 'row', 'rows')}, ${plural(requests, 'request', 'requests')}`,
    pace: (rowsPerSecond: string) => `${rowsPerSecond} rows/s`,
    reading: 'reading',
    afterLogs: 'all logs read, now the statuses and the alerts',
    left: (time: string) => `about ${time} left`,
    waiting: (secondsLeft: number) => `waiting ${seconds(secondsLeft)} for Kondado's limit`,
  };
}
