import { basename } from 'node:path';
import { SyncError } from './errors.ts';
import type { LogLevel } from './log.ts';
import { createSecretRemover } from './redaction.ts';
import type { ObjectKind, StreamName } from './streams.ts';
import { MINUTE_MS } from './timestamps.ts';
import { type Language, type Parsed, VARIABLES, type Variable, type VariableName } from './variables.ts';

/** Where a credential comes from: the value itself, or the Secret Manager version that holds it. */
export type Credential = { value: string } | { secretVersion: string };

export interface BigQueryConfig {
  kind: 'bigquery';
  project: string | undefined;
  dataset: string;
  location: string | undefined;
  apiEndpoint: string | undefined;
  timeoutMs: number;
}

export interface DuckDbConfig {
  kind: 'duckdb';
  path: string;
  /** Whether it is the built-in sandbox that this process reads, whose rows are made up. */
  isSandbox: boolean;
}

export interface Limits {
  perSecond: number;
  perMinute: number;
}

export interface KondadoConfig {
  baseUrl: string;
  key: Credential;
  token: Credential;
  paths: Record<StreamName, string>;
  /** With `{id}` in the place of the object's id. */
  statusPaths: Record<ObjectKind, string>;
  limits: Limits;
  rateLimitPauseMs: number;
  requestTimeoutMs: number;
}

export interface EventsConfig {
  /** `projects/P/topics/T` */
  topic: string;
  /** Another server than Google's. */
  apiEndpoint: string | undefined;
}

/** Everything that the environment decides, see the table of variables in docs/reference.md. */
export interface Config {
  kondado: KondadoConfig;
  /** The accounts or workspaces read one by one; empty: one read of all that the token may see. */
  clientIds: bigint[];
  streams: StreamName[];
  lookbackMs: number;
  initialElementId: bigint;
  timeBudgetMs: number;
  /** At most so many requests for statuses in a run; 0: none. */
  statusRequestsPerRun: number;
  /** The queue of Cloud Tasks that goes on with what a run has left; undefined: the next run of the schedule does. */
  continuationQueue: string | undefined;
  /** Undefined: no events. */
  events: EventsConfig | undefined;
  warehouse: BigQueryConfig | DuckDbConfig;
  /** For the views; `null` is unknown. */
  billing: { timeZone: string; planRecords: number | null; planPipelines: number | null };
  language: Language;
  /** The ids that nobody wants to be told about. */
  muted: { pipelines: string[]; models: string[] };
  logLevel: LogLevel;
}

/** Where the rows are, and how the views cut them. */
export type StorageConfig = Pick<Config, 'warehouse' | 'billing'>;

/** What is needed to read what is stored: none of Kondado's credentials, so that a page can be had without them. */
export type ReadingConfig = StorageConfig & Pick<Config, 'clientIds' | 'language' | 'muted'>;

/** The file of `npm run sync` without credentials: what is in it is made up. */
export const SANDBOX_FILE = 'sandbox.duckdb';

/** The key with which commands without credentials read their sandbox: whoever reads with it reads made-up rows. */
export const MADE_UP_KEY = '6d616465-2075-7020-6b65-79206f6e6c79';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the configuration from the environment.
 *
 * Called when a request comes, not on import, so that a fault is an answer and not a function that does not start.
 *
 * @throws {SyncError} CONFIG_INVALID with all faults at once: variable, what was received unless secret, what is accepted.
 */
export function readConfig(env: Environment = process.env): Config {
  const variables = createVariableReader(env);
  const { read, required } = variables;

  function readCredential(
    valueName: VariableName,
    secretName: 'KONDADO_API_KEY_SECRET' | 'KONDADO_TOKEN_SECRET',
  ) {
    const isBoth = Boolean(env[valueName]) && Boolean(env[secretName]);
    if (isBoth || (!env[valueName] && !env[secretName])) {
      const received = isBoth ? 'both are set' : 'neither is set';
      variables.addFault(`${valueName}, ${secretName}: ${received}, accepted is exactly one of the two`);
    }
    const value = read(valueName);
    return value === undefined ? { secretVersion: read(secretName) ?? '' } : { value: String(value) };
  }

  const topic = read('EVENTS_TOPIC');
  const apiEndpoint = read('PUBSUB_API_ENDPOINT');
  const config: Config = {
    kondado: {
      baseUrl: required('KONDADO_BASE_URL'),
      key: readCredential('KONDADO_API_KEY', 'KONDADO_API_KEY_SECRET'),
      token: readCredential('KONDADO_TOKEN', 'KONDADO_TOKEN_SECRET'),
      paths: {
        pipeline_logs: required('KONDADO_PIPELINE_LOGS_PATH'),
        model_logs: required('KONDADO_MODEL_LOGS_PATH'),
      },
      statusPaths: {
        pipeline: required('KONDADO_PIPELINE_STATUS_PATH'),
        model: required('KONDADO_MODEL_STATUS_PATH'),
      },
      limits: {
        perSecond: required('KONDADO_REQUESTS_PER_SECOND'),
        perMinute: required('KONDADO_REQUESTS_PER_MINUTE'),
      },
      rateLimitPauseMs: required('KONDADO_RATE_LIMIT_PAUSE_SECONDS') * 1000,
      requestTimeoutMs: required('KONDADO_REQUEST_TIMEOUT_SECONDS') * 1000,
    },
    streams: required('STREAMS'),
    lookbackMs: required('LOOKBACK_MINUTES') * MINUTE_MS,
    initialElementId: required('INITIAL_ELEMENT_ID'),
    timeBudgetMs: required('TIME_BUDGET_SECONDS') * 1000,
    statusRequestsPerRun: Number(required('STATUS_REQUESTS_PER_RUN')),
    continuationQueue: read('CONTINUATION_QUEUE'),
    events: topic === undefined ? undefined : { topic, apiEndpoint },
    ...readingConfig(variables, env),
    logLevel: required('LOG_LEVEL'),
  };
  const { warehouse } = config;
  if (warehouse.kind === 'duckdb' && !warehouse.isSandbox && basename(warehouse.path) === SANDBOX_FILE) {
    variables.addFault(
      `DUCKDB_PATH: received a file called ${SANDBOX_FILE}, which is for the made-up rows of the sandbox, accepted is any other with credentials`,
    );
  }
  variables.throwFaults();
  return config;
}

/**
 * Reads what the page needs of the environment; what is wrong with the rest does not matter to it.
 *
 * @throws {SyncError} as `readConfig`.
 */
export function readReadingConfig(env: Environment = process.env): ReadingConfig {
  const variables = createVariableReader(env);
  const config = readingConfig(variables, env);
  variables.throwFaults();
  return config;
}

/** The language to speak before the environment is known to be usable. */
export function languageOf({ DISPLAY_LANGUAGE }: Environment): Language {
  const { parse } = VARIABLES.DISPLAY_LANGUAGE;
  return parse(DISPLAY_LANGUAGE ?? '') ?? 'en';
}

function readingConfig({ read, required }: VariableReader, env: Environment): ReadingConfig {
  const bigquery: BigQueryConfig = {
    kind: 'bigquery',
    project: read('BIGQUERY_PROJECT'),
    dataset: required('BIGQUERY_DATASET'),
    location: read('BIGQUERY_LOCATION'),
    apiEndpoint: read('BIGQUERY_API_ENDPOINT'),
    timeoutMs: required('BIGQUERY_TIMEOUT_SECONDS') * 1000,
  };
  const duckdb: DuckDbConfig = {
    kind: 'duckdb',
    path: required('DUCKDB_PATH'),
    isSandbox: env.KONDADO_API_KEY === MADE_UP_KEY,
  };
  return {
    warehouse: required('WAREHOUSE') === 'duckdb' ? duckdb : bigquery,
    billing: {
      timeZone: required('BILLING_TIME_ZONE'),
      planRecords: numberOrNull(read('PLAN_RECORDS_PER_MONTH')),
      planPipelines: numberOrNull(read('PLAN_ACTIVE_PIPELINES')),
    },
    clientIds: read('KONDADO_CLIENT_IDS') ?? [],
    language: required('DISPLAY_LANGUAGE'),
    muted: {
      pipelines: (read('MUTED_PIPELINES') ?? []).map(String),
      models: (read('MUTED_MODELS') ?? []).map(String),
    },
  };
}

type VariableReader = ReturnType<typeof createVariableReader>;

/** Reads variable after variable, and keeps the faults until all are read. */
function createVariableReader(env: Environment) {
  const faults: string[] = [];
  const removeSecrets = createSecretRemover([env.KONDADO_API_KEY ?? '', env.KONDADO_TOKEN ?? '']);
  /** A wrong value may be a whole URL that was pasted, with key and token in its query. */
  const harmless = (received: string) => removeSecrets(received.replace(/\?.*/s, '?…'));

  /** The value of a variable; undefined if it is unset and has no default, or wrong. */
  function read<N extends VariableName>(name: N): Parsed<N> | undefined {
    const variable: Variable<unknown> = VARIABLES[name];
    const received = env[name] || variable.default;
    if (received === '') return undefined;
    const value = variable.parse(received);
    if (value === undefined) {
      const shown = variable.isSecret ? 'a value that is not shown' : JSON.stringify(harmless(received));
      faults.push(`${name}: received ${shown}, accepted is ${variable.accepts}`);
    }
    return value as Parsed<N> | undefined;
  }

  return {
    read,
    /** The value of a variable that has a default. What stands in for a wrong one is never used: a fault ends the reading. */
    required: <N extends VariableName>(name: N): Parsed<N> => read(name) as Parsed<N>,
    addFault: (fault: string) => void faults.push(fault),
    throwFaults() {
      if (faults.length === 0) return;
      throw new SyncError('CONFIG_INVALID', `The environment is not usable. ${faults.join('. ')}.`);
    },
  };
}

function numberOrNull(value: bigint | undefined): number | null {
  return value === undefined ? null : Number(value);
}
