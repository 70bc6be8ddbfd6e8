import { expect, test } from 'vitest';
import { createLog } from '../../../functions/log.ts';
import { createProgressLog } from '../../../functions/sync/progress-log.ts';
import { startStreamReport } from '../../../functions/sync/report.ts';
import type { Timestamp } from '../../../functions/timestamps.ts';

const READ_TO = '2026-11-23T12:00:01.000Z' as Timestamp;
const pipelines = { ...startStreamReport({ stream: 'pipeline_logs', clientId: null }), rows_read: 51 };
const models = startStreamReport({ stream: 'model_logs', clientId: 7n });

/** A progress log with a clock in seconds, and the lines that it has written. */
function start() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'info',
    isReadable: false,
    write: (line) => lines.push(JSON.parse(line)),
  });
  const clock = { seconds: 1000 };
  return { lines, clock, logProgress: createProgressLog('run', log, () => clock.seconds * 1000) };
}

test('says after each minute how far a stream is, and nothing in between', () => {
  const { lines, clock, logProgress } = start();
  for (const seconds of [1001, 1059, 1060, 1061, 1119, 1121]) {
    clock.seconds = seconds;
    logProgress(pipelines, READ_TO);
  }
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({
    event: 'sync_progress',
    severity: 'INFO',
    message: expect.stringMatching(/51 rows read, through 2026-11-23T12:00:01/),
    run_id: 'run',
    stream: 'pipeline_logs',
    rows_read: 51,
    read_through: READ_TO,
  });
});

test('each stream has a line of its own', () => {
  const { lines, clock, logProgress } = start();
  clock.seconds += 60;
  logProgress(pipelines, READ_TO);
  logProgress(models, READ_TO);
  logProgress({ ...models, client_id: 8n }, READ_TO); // with hundreds of clients, still a line a minute
  expect(lines.map(({ stream }) => stream)).toEqual(['pipeline_logs', 'model_logs']);
});

test('a stream that starts or ends is no progress', () => {
  const { lines, clock, logProgress } = start();
  clock.seconds += 600;
  logProgress(pipelines);
  expect(lines).toEqual([]);
});
