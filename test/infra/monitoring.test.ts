import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HTTP_STATUS } from '../../functions/errors.ts';
import { INFRA, ROOT, readTexts } from './hcl.ts';

test('the events and outcomes that alerts wait for are those that the function writes', () => {
  const log = readFileSync(new URL('functions/log.ts', ROOT), 'utf8');
  const union = /export type LogEvent =([^;]+);/.exec(log)?.[1] ?? '';
  const events = [...union.matchAll(/'(\w+)'/g)].map(([, name]) => name);
  expect(events).toContain('sync_finished');
  const monitoring = readTexts(INFRA);
  const list = /for event in \[([^\]]+)\]/.exec(monitoring)?.[1] ?? '';
  const filtered = [
    ...list.matchAll(/"(\w+)"/g),
    ...monitoring.matchAll(/jsonPayload\.event=\\"(\w+)\\"/g),
  ].map(([, name]) => name);
  expect(filtered.length).toBeGreaterThan(3);
  for (const name of filtered) expect(events).toContain(name);

  const report = readFileSync(new URL('functions/sync/report.ts', ROOT), 'utf8');
  for (const [, names] of monitoring.matchAll(/outcome=~?\\+"([\w|]+)\\/g))
    for (const outcome of names?.split('|') ?? []) expect(report, outcome).toContain(`'${outcome}'`);
  const fields = [...monitoring.matchAll(/jsonPayload\.(\w+)/g)].map(([, name]) => name);
  const written = [
    ...['event', 'outcome', 'mode', 'dry_run', 'error_code', 'stream', 'used_percent', 'limit_date'],
    ...['client_id', 'link', 'model_id', 'model_name', 'month', 'pipeline_id', 'pipeline_name'],
    ...['code', 'message', 'progressed', 'reason'],
  ];
  const scheduler = ['status'];
  for (const name of fields) expect([...written, ...scheduler]).toContain(name);
  const source = globSync('functions/**/*.ts', { cwd: ROOT })
    .map((file) => readFileSync(new URL(file, ROOT), 'utf8'))
    .join('\n');
  for (const name of written) expect(source, name).toMatch(new RegExp(`\\b${name}\\b`));
});

test('the schedule’s alert leaves out what the function answers itself, and nothing that only the platform answers', () => {
  const alerts = readFileSync(new URL('alerts.tf', INFRA), 'utf8');
  const [, list = ''] = /NOT httpRequest\.status=\(([\d OR]+)\)/.exec(alerts) ?? [];
  // A schedule's body, path and method are right, so these are what it can get.
  const answered = Object.entries(HTTP_STATUS)
    .filter(([code]) => !['INVALID_REQUEST', 'NOT_FOUND', 'METHOD_NOT_ALLOWED'].includes(code))
    .map(([, status]) => status);
  expect(list.split(' OR ').map(Number)).toEqual([...new Set(answered)].sort());
});
