import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { INFRA, ROOT } from './hcl.ts';

test('the events and outcomes that alerts wait for are those that the function writes', () => {
  const log = readFileSync(new URL('functions/log.ts', ROOT), 'utf8');
  const union = /export type LogEvent =([^;]+);/.exec(log)?.[1] ?? '';
  const events = [...union.matchAll(/'(\w+)'/g)].map(([, name]) => name);
  expect(events).toContain('sync_finished');
  const monitoring = readFileSync(new URL('monitoring.tf', INFRA), 'utf8');
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
    ...['client_id', 'model_id', 'model_name', 'pipeline_id', 'pipeline_name'],
  ];
  const scheduler = ['status'];
  for (const name of fields) expect([...written, ...scheduler]).toContain(name);
  const source = [
    'run.ts',
    'sync/report.ts',
    'sync/read-source.ts',
    'log.ts',
    'insights/alerts.ts',
    'views/columns.ts',
  ]
    .map((file) => readFileSync(new URL(`functions/${file}`, ROOT), 'utf8'))
    .join('\n');
  for (const name of written) expect(source, name).toMatch(new RegExp(`\\b${name}\\b`));
});
