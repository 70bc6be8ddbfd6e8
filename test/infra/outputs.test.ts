import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { printJson } from '../../functions/json.ts';
import { parseRunRequest } from '../../functions/sync/request.ts';
import { INFRA, readHcl } from './hcl.ts';

/** What Terraform knows after an apply, as far as the outputs that are commands need it. */
const VALUES: Record<string, string> = {
  'google_cloud_scheduler_job.schedules["sync"].name': 'kondado-log-sync',
  'google_secret_manager_secret.kondado["api_key"].secret_id': 'kondado-api-key-kondado',
  'google_secret_manager_secret.kondado["token"].secret_id': 'kondado-token-kondado',
  'local._dataset': 'kondado',
  'local._service': 'kondado-log-sync',
  'local.topic_name': 'kondado-log-sync-executions',
  'local._uri': 'https://kondado-log-sync-ab12cd-uc.a.run.app',
  'local.attempt_deadline_seconds': '1800',
  'google_bigquery_dataset.kondado.location': 'US',
  'var.project_id': 'my-project',
  'var.region': 'us-central1',
};

const PROJECT = '--project=my-project';
const IN_QUOTES =
  'SELECT stream, outcome, started_at, rows_inserted, error_message FROM `my-project.kondado.sync_runs` ' +
  'WHERE started_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY) ORDER BY started_at DESC';
const COMMANDS: Record<string, string[][]> = {
  add_credentials: [
    ['gcloud', 'secrets', 'versions', 'add', 'kondado-api-key-kondado', PROJECT, '--data-file=-'],
    ['gcloud', 'secrets', 'versions', 'add', 'kondado-token-kondado', PROJECT, '--data-file=-'],
  ],
  events_pull: [
    [
      ...['gcloud', 'pubsub', 'subscriptions', 'pull', 'kondado-log-sync-executions', PROJECT],
      ...['--limit=10', '--auto-ack', '--format=table(message.publishTime, message.attributes)'],
    ],
  ],
  events_subscribe: [
    [
      ...['gcloud', 'pubsub', 'subscriptions', 'create', 'kondado-log-sync-executions', PROJECT],
      ...['--topic=kondado-log-sync-executions', '--enable-message-ordering', '--expiration-period=never'],
      '--message-filter=attributes.has_records = "true"',
    ],
  ],
  open_page: [
    [
      'gcloud',
      'run',
      'services',
      'proxy',
      'kondado-log-sync',
      PROJECT,
      '--region=us-central1',
      '--port=8080',
    ],
  ],
  query: [['bq', '--project_id=my-project', '--location=US', 'query', '--use_legacy_sql=false', IN_QUOTES]],
  read_logs: [
    [
      'gcloud',
      'logging',
      'read',
      'resource.type="cloud_run_revision" AND resource.labels.service_name="kondado-log-sync" AND jsonPayload.event:*',
      PROJECT,
      '--freshness=1h',
      '--format=table(timestamp, severity, jsonPayload.message)',
    ],
  ],
  run_now: [['gcloud', 'scheduler', 'jobs', 'run', 'kondado-log-sync', PROJECT, '--location=us-central1']],
};

/** What the function answers to a check, with what a message may hold. */
const CHECKED = {
  run_id: 'b1a3',
  mode: 'check',
  outcome: 'failed',
  checks: [
    { name: 'configuration', outcome: 'ok', message: 'All is set.' },
    { name: 'paging.model_logs', outcome: 'warning', message: 'Use models/{id}/status, "as is".' },
    { name: 'events', outcome: 'skipped', message: 'No topic.' },
    { name: 'writing', outcome: 'failed', message: 'Rows got lost: check again.' },
  ],
};

const END_OF_CALL = '\x1e';

/** A query means the same on one line. */
const onOneLine = (word: string) => word.trim().replaceAll(/\s+/g, ' ');

/** The text of an output as Terraform prints it. */
async function render(name: string): Promise<string> {
  const { output } = await readHcl(new URL('outputs.tf', INFRA));
  return String(output?.[name]?.[0]?.value).replaceAll(/\$\{([^}]+)\}/g, (_match, value: string) => {
    expect(VALUES, name).toHaveProperty([value]);
    return VALUES[value] as string;
  });
}

// The commands are for a POSIX shell, which Windows lacks.
describe.skipIf(process.platform === 'win32')('pasted into a shell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kondado-outputs-'));
  const calls = join(folder, 'calls');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const program of ['gcloud', 'bq', 'curl']) {
    const words = `for word in ${program} "$@"; do printf '%s\\0' "$word"; done; printf '${END_OF_CALL}'`;
    const text = `#!/bin/sh\nif [ "$1" = auth ]; then echo IDENTITY; exit; fi\n{ ${words}; } >>"${calls}"\nprintf '%s' "$ANSWER"\n`;
    writeFileSync(join(folder, program), text);
    chmodSync(join(folder, program), 0o755);
  }

  /** The words with which the command calls programs. */
  function call(command: string): string[][] {
    writeFileSync(calls, '');
    execFileSync('sh', ['-euc', command], { env: { PATH: `${folder}:/usr/bin:/bin`, ANSWER: '' } });
    return readFileSync(calls, 'utf8')
      .split(END_OF_CALL)
      .slice(0, -1)
      .map((words) => words.split('\0').slice(0, -1).map(onOneLine));
  }

  test.each(Object.entries(COMMANDS))('%s calls the program with these words', async (name, expected) => {
    expect(call(await render(name))).toEqual(expected);
  });

  /** What the command prints if the function answers this. */
  const printed = (command: string, answer: string) =>
    execFileSync('sh', ['-euc', command], {
      env: { PATH: `${folder}:/usr/bin:/bin`, ANSWER: answer },
      encoding: 'utf8',
    });

  test('check posts a body that the function accepts, with an identity', async () => {
    const [words = []] = call(await render('check'));
    expect(words[0]).toBe('curl');
    expect(words).toContain(VALUES['local._uri']);
    expect(words).toContain('Authorization: Bearer IDENTITY');
    expect(parseRunRequest(String(words.at(-1))).mode).toBe('check');
  });

  test('check prints what failed and what is to be warned of, and nothing of the rest', async () => {
    const command = await render('check');
    expect(printed(command, printJson(CHECKED)).trim().split('\n')).toEqual([
      'check: failed',
      'warning: paging.model_logs: Use models/{id}/status, \\"as is\\".',
      'failed: writing: Rows got lost: check again.',
    ]);
    const well = { ...CHECKED, outcome: 'success', checks: CHECKED.checks.slice(0, 1) };
    expect(printed(command, printJson(well)).trim()).toBe('check: success');
  });

  test('check prints any other answer as it is, such as that of a service that knows nobody', async () => {
    const refusal = '<h1>Error: Forbidden</h1>\n<h2>Your client does not have permission.</h2>';
    expect(printed(await render('check'), refusal).trim()).toBe(refusal);
  });

  test('backfill posts a body that the function accepts, with an identity', async () => {
    const [words = []] = call(await render('backfill'));
    const after = (option: string) =>
      words.flatMap((word, index) => (word === option ? [words[index + 1]] : []));
    expect(words.slice(0, 2)).toEqual(['curl', '--fail-with-body']);
    expect(words).toContain(VALUES['local._uri']);
    expect(after('--max-time')).toEqual(['1800']);
    expect(after('-H')).toEqual(['Authorization: Bearer IDENTITY', 'Content-Type: application/json']);
    expect(parseRunRequest(String(after('-d')[0]))).toMatchObject({ mode: 'backfill', dryRun: true });
  });
});

test('every output is a command that is tried here, or no command', async () => {
  const { output = {} } = await readHcl(new URL('outputs.tf', INFRA));
  expect(Object.keys(output).sort()).toEqual(
    [
      ...Object.keys(COMMANDS),
      'backfill',
      'check',
      'console',
      'dataset',
      'looker_studio',
      'service_accounts',
      'url',
    ].sort(),
  );
});

test('every output is described', async () => {
  const { output = {} } = await readHcl(new URL('outputs.tf', INFRA));
  for (const [name, [body]] of Object.entries(output)) expect(body?.description, name).toMatch(/^[A-Z].*\.$/);
});
