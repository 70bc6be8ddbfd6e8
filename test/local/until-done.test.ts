import { expect, test } from 'vitest';
import type { EventsReport } from '../../functions/sync/report.ts';
import { mergeReports } from '../../local/until-done.ts';
import { report } from '../support/alert-lines.ts';

const ERROR = { code: 'EVENTS_UNAVAILABLE', message: 'No.' };
const BOTH = ['pipeline_logs', 'model_logs'];

function runWith(events: EventsReport | null, names = BOTH) {
  const whole = report();
  const streams = whole.streams.filter(({ stream }) => names.includes(stream));
  return { report: { ...whole, streams, events }, config: null };
}

test.each<[string, (EventsReport | null)[], EventsReport | null, string[]]>([
  ['none of which had any', [null, null], null, BOTH],
  [
    'add up',
    [
      { published: 3, waiting: 0, error: null },
      { published: 4, waiting: 0, error: null },
    ],
    { published: 7, waiting: 0, error: null },
    BOTH,
  ],
  [
    'wait no longer once a later run has published what was left',
    [
      { published: 3, waiting: 5, error: ERROR },
      { published: 6, waiting: 0, error: null },
    ],
    { published: 9, waiting: 0, error: null },
    BOTH,
  ],
  [
    'still wait if the later run had to do with another stream',
    [
      { published: 3, waiting: 5, error: ERROR },
      { published: 1, waiting: 2, error: null },
    ],
    { published: 4, waiting: 7, error: ERROR },
    ['model_logs'],
  ],
])('the events of several runs %s', (_name, [first = null, second = null], expected, names) => {
  expect(mergeReports([runWith(first), runWith(second, names)]).events).toEqual(expected);
});
