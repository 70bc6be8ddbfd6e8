import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createWording } from '../../../functions/insights/wording/wording.ts';
import { startStreamReport } from '../../../functions/sync/report.ts';
import { DAY_MS, timestampOf } from '../../../functions/timestamps.ts';
import { startProgress } from '../../../local/terminal/progress.ts';
import { createScreen, type Terminal } from '../../../local/terminal/screen.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);

function terminal(isTTY: boolean) {
  let text = '';
  const stream: Terminal = {
    isTTY,
    columns: 90,
    rows: 24,
    write: (chunk) => {
      text += chunk;
    },
  };
  return { stream, text: () => text };
}

const BACKFILL = { to: undefined, mode: 'backfill' } as const;
const WORDING = createWording({ language: 'en', timeZone: 'UTC' });

/** A report of a first run that has read so many of the 90 days. */
function report(days: number) {
  return {
    ...startStreamReport({ stream: 'pipeline_logs', clientId: null }),
    rows_read: days * 100,
    requests: days * 2,
  };
}

const readTo = (days: number) => timestampOf(NOON_MS - (90 - days) * DAY_MS);

describe('the progress', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOON_MS, toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a terminal shows bars, the time left by the limit, and its wait', () => {
    const { stream, text } = terminal(true);
    const progress = startProgress(createScreen(stream, {}), BACKFILL, WORDING);
    progress.limitTo(20);
    const live = report(0);
    progress.onStart({ waitMs: () => 12_300 });
    progress.onProgress(live, readTo(0));
    Object.assign(live, report(45));
    progress.onProgress(live, readTo(45));
    vi.advanceTimersByTime(1000);
    const frame = text().split('\u001b[J').at(-1);
    expect(frame?.split('\n')).toEqual([
      'pipeline_logs ██████████░░░░░░░░░░  49 %  4,500 rows, 90 requests',
      "4,500 rows/s, 1.0 s, about 5 minutes left, waiting 13 s for Kondado's limit",
    ]);
    live.outcome = 'success';
    progress.note('stopping');
    expect(text().split('\u001b[J').at(-1)).toMatch(
      /100 %.*\n4,500 rows\/s, 1.0 s, waiting[^\n]+\nstopping$/,
    );
    progress.end();
    expect(text().endsWith('\r\u001b[2A\u001b[J')).toBe(true);
  });

  test('what is no terminal gets a plain line every five seconds, and none in a short run', () => {
    const { stream, text } = terminal(false);
    const progress = startProgress(createScreen(stream, {}), BACKFILL, WORDING);
    const live = report(0);
    progress.onProgress(live, readTo(0));
    Object.assign(live, report(30));
    progress.onProgress(live, readTo(30));
    vi.advanceTimersByTime(4900);
    expect(text()).toBe('');
    vi.advanceTimersByTime(5200);
    expect(text().split('\n')).toEqual([
      'pipeline_logs: 33 %  3,000 rows, 60 requests; 600 rows/s, 5.0 s, about 11 s left',
      'pipeline_logs: 33 %  3,000 rows, 60 requests; 300 rows/s, 10 s, about 21 s left',
      '',
    ]);
    progress.end();
  });

  test('after the logs it says what is still to come', () => {
    const { stream, text } = terminal(false);
    const progress = startProgress(createScreen(stream, {}), { to: undefined, mode: 'incremental' }, WORDING);
    const live = report(90);
    progress.onProgress(live, readTo(90));
    vi.advanceTimersByTime(5000);
    expect(text()).not.toContain('statuses');
    live.outcome = 'success';
    vi.advanceTimersByTime(5000);
    expect(text()).toContain('10 s, all logs read, now the statuses and the alerts');
    progress.end();
  });

  test('a run that continues another is counted with it', () => {
    const { stream, text } = terminal(false);
    const progress = startProgress(createScreen(stream, {}), BACKFILL, WORDING);
    progress.onProgress(report(10));
    progress.onProgress(report(20));
    vi.advanceTimersByTime(5000);
    expect(text()).toContain('3,000 rows, 60 requests');
    progress.end();
  });

  test('a long line does not break a narrow terminal, nor many streams a low one', () => {
    const { stream, text } = terminal(true);
    const screen = createScreen({ ...stream, columns: 10, rows: 3 }, {});
    screen.draw(['a line that is too long', 'two', 'three']);
    expect(text()).toBe('a line t…\ntwo');
    screen.print('a warning\n');
    expect(text()).toBe('a line t…\ntwo\r\u001b[1A\u001b[Ja warning\n');
    expect(createScreen(stream, { TERM: 'dumb' }).isInteractive).toBe(false);
  });
});
