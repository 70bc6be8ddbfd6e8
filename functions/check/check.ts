import { randomUUID } from 'node:crypto';
import { type Budget, startBudget, untilAborted } from '../budget.ts';
import type { Config, Credential } from '../config.ts';
import { createKondadoClient } from '../kondado/client.ts';
import type { Log } from '../log.ts';
import { createSecretRemover } from '../redaction.ts';
import { readVersionedCredentials } from '../secrets.ts';
import { STREAM_NAMES } from '../streams.ts';
import type { StreamReport } from '../sync/report.ts';
import type { RunRequest } from '../sync/request.ts';
import { timestampOf } from '../timestamps.ts';
import { openForInspection } from '../warehouse/open.ts';
import type { InspectedWarehouse } from '../warehouse/warehouse.ts';
import { type Check, type Checks, createChecks, type Finding, ok, skipped, warning } from './checks.ts';
import { eventsFinding } from './events.ts';
import { checkStream, clockFinding, ONE_ATTEMPT, skipStream } from './kondado.ts';
import { tablesFinding, viewsFinding, writingFinding } from './warehouse.ts';

/** What a check has found, as the contract's JSON shows it. */
export interface CheckReport {
  run_id: string;
  mode: 'check';
  outcome: 'success' | 'failed';
  checks: Check[];
}

/** What a check needs from outside. */
export interface CheckDependencies {
  /** Called when the check starts; what it throws is what the check has found. */
  readConfig: () => Config;
  log: Log;
  /** Ends the check early, as the time budget does. */
  stop?: AbortSignal;
}

interface Setup {
  config: Config;
  budget: Budget;
}

/**
 * Looks at everything that a run needs, and tests every assumption that can be tested by asking.
 *
 * It never rejects and stores no log row, so it is the first thing to do with a real account.
 */
export async function check(
  request: Pick<RunRequest, 'streams'>,
  { readConfig, log, stop }: CheckDependencies,
): Promise<CheckReport> {
  const runId = randomUUID();
  const startedAt = timestampOf(Date.now());
  const checks = createChecks();
  const setup = await checks.run('configuration', ['configuration', readConfig], async (read) => {
    const config = read();
    return ok(configurationSentence(config), { config, budget: startBudget(config.timeBudgetMs, stop) });
  });
  const credentials = await checks.run('credentials', ['configuration', setup], credentialsFinding);
  const kondado =
    setup &&
    credentials &&
    createKondadoClient(setup.config.kondado, credentials, setup.budget, log, ONE_ATTEMPT);
  const warehouse = await checks.run('warehouse', ['configuration', setup], openFinding);
  try {
    const brokenTables = await checks.run('tables', ['warehouse', warehouse], tablesFinding);
    await checks.run('views', ['warehouse', warehouse], viewsFinding);

    const reports: StreamReport[] = [];
    const streams = request.streams ?? setup?.config.streams ?? STREAM_NAMES;
    for (const stream of STREAM_NAMES) {
      if (streams.includes(stream)) {
        const stored = brokenTables?.has(stream) ? undefined : warehouse;
        reports.push(
          await checkStream(stream, { checks, config: setup?.config, kondado, warehouse: stored, runId }),
        );
      } else skipStream(stream, checks);
    }
    await checks.run('clock', ['credentials', kondado], clockFinding);
    const writable = brokenTables?.has('sync_runs') ? undefined : warehouse;
    await checks.run('writing', ['tables', writable], (found) =>
      writingFinding(found, reports, { runId, startedAt }),
    );
  } finally {
    await warehouse?.close();
  }
  await checkRest(checks, setup);
  return reportOf(runId, checks, credentials);
}

/** What depends on the configuration alone. */
async function checkRest(checks: Checks, setup: Setup | undefined): Promise<void> {
  await checks.run('events', ['configuration', setup], ({ config: { events }, budget }) =>
    events === undefined
      ? Promise.resolve(skipped('EVENTS_TOPIC is not set, so there are no events.'))
      : untilAborted(eventsFinding(events), budget.reading),
  );
  await checks.run('plan', ['configuration', setup], async ({ config }) => planFinding(config));
}

function reportOf(
  runId: string,
  checks: Checks,
  credentials: { key: string; token: string } | undefined,
): CheckReport {
  const removeSecrets = createSecretRemover([credentials?.key ?? '', credentials?.token ?? '']);
  const list = checks.list().map((each) => ({ ...each, message: removeSecrets(each.message) }));
  const isFailed = list.some(({ outcome }) => outcome === 'failed');
  return { run_id: runId, mode: 'check', outcome: isFailed ? 'failed' : 'success', checks: list };
}

function configurationSentence({ streams, clientIds, warehouse }: Config): string {
  const clients = clientIds.length === 0 ? '' : ` of the clients ${clientIds.join(', ')}`;
  return `The environment is usable: ${streams.join(' and ')}${clients} go to ${warehouse.kind}.`;
}

async function credentialsFinding({ config, budget }: Setup): Promise<
  Finding<{
    key: string;
    token: string;
  }>
> {
  const { key, token } = config.kondado;
  const read = await untilAborted(readVersionedCredentials({ key, token }), budget.reading);
  return ok(
    `Both are there: the key from ${originOf(key, read.key.version)}, the token from ${originOf(token, read.token.version)}.`,
    { key: read.key.value, token: read.token.value },
  );
}

function originOf(credential: Credential, version: string | null): string {
  if ('value' in credential) return 'the environment';
  return `version ${version} of ${credential.secretVersion.replace(/\/versions\/.*/, '')}`;
}

async function openFinding({ config, budget }: Setup): Promise<Finding<InspectedWarehouse>> {
  const warehouse = await openForInspection(config, budget);
  try {
    return ok(`It can be reached: ${await warehouse.locate()}.`, warehouse);
  } catch (error) {
    await warehouse.close();
    throw error;
  }
}

function planFinding({ billing: { planRecords, planPipelines } }: Config): Finding {
  const unknown = [
    ...(planRecords === null ? ['PLAN_RECORDS_PER_MONTH'] : []),
    ...(planPipelines === null ? ['PLAN_ACTIVE_PIPELINES'] : []),
  ];
  return unknown.length === 0
    ? ok(`The plan has ${planRecords} records a month and ${planPipelines} active pipelines.`)
    : warning(
        `The plan's limits are not all known, so nobody can be told whether it will last. Set ${unknown.join(' and ')}.`,
      );
}
