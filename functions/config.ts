import { SyncError } from './errors.ts';
import { LOG_LEVELS, type LogLevel } from './log.ts';
import { createSecretRemover } from './redaction.ts';
import { STREAM_NAMES, type StreamName } from './streams.ts';

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
  limits: Limits;
  rateLimitPauseMs: number;
  requestTimeoutMs: number;
}

/** Everything that the environment decides, see the table of variables in README.md. */
export interface Config {
  kondado: KondadoConfig;
  /** The accounts or workspaces read one by one; empty: one read of all that the token may see. */
  clientIds: bigint[];
  streams: StreamName[];
  lookbackMs: number;
  initialElementId: bigint;
  timeBudgetMs: number;
  /** The queue of Cloud Tasks that goes on with what a run has left; undefined: the next run of the schedule does. */
  continuationQueue: string | undefined;
  warehouse: BigQueryConfig | DuckDbConfig;
  /** For the views; `null` is unknown. */
  billing: { timeZone: string; planRecords: number | null; planPipelines: number | null };
  logLevel: LogLevel;
}

/** What is needed to read what is stored: nothing of Kondado's, so that a page can be had without its credentials. */
export type ReadingConfig = Pick<Config, 'warehouse' | 'billing'>;

type Environment = Readonly<Record<string, string | undefined>>;

interface Variable<T> {
  default: string;
  /** What is accepted, as it stands in the error message. */
  accepts: string;
  /** Undefined if the text is not accepted. Never called for an empty text. */
  parse: (text: string) => T | undefined;
  /** A value that must not be repeated in a message, even a wrong one. */
  isSecret?: true;
}

const text: Variable<string> = { default: '', accepts: 'any text', parse: (value) => value };
const secretText: Variable<string> = { ...text, parse: (value) => value.trim() || undefined, isSecret: true };
const secretVersion: Variable<string> = {
  default: '',
  accepts: 'the name of a Secret Manager version, projects/P/secrets/S/versions/V',
  parse: (value) => (/^projects\/[^/\s]+\/secrets\/[\w-]+\/versions\/\w+$/.test(value) ? value : undefined),
  isSecret: true, // somebody may have put the secret itself here
};
const positiveNumber = (defaultText: string): Variable<number> => ({
  default: defaultText,
  accepts: 'a positive number',
  parse: (value) => decimal(value, (number) => number > 0),
});
const wholeNumber = (defaultText: string, minimum: bigint): Variable<bigint> => ({
  default: defaultText,
  accepts: `a whole number from ${minimum} on`,
  parse: (value) => (/^\d{1,18}$/.test(value) && BigInt(value) >= minimum ? BigInt(value) : undefined),
});
const httpUrl = (defaultText: string): Variable<string> => ({
  default: defaultText,
  accepts: 'a URL with http:// or https://, without user, query and fragment',
  parse: (value) => {
    const url = URL.parse(value);
    const isPlain = /^https?:$/.test(url?.protocol ?? '') && !/[?#@\s]/.test(value);
    return isPlain ? value.replace(/\/+$/, '') : undefined;
  },
});
const urlPath = (defaultText: string): Variable<string> => ({
  default: defaultText,
  accepts: 'a path below KONDADO_BASE_URL, such as pipeline_logs',
  parse: (value) => /^\/?([\w~-][\w.~-]*(?:\/[\w~-][\w.~-]*)*)\/?$/.exec(value)?.[1],
});
const oneOf = <const T extends string>(names: readonly T[], defaultText: T): Variable<T> => ({
  default: defaultText,
  accepts: names.join(' or '),
  parse: (value) => names.find((name) => name === value),
});
const listOf = <T>(
  accepts: string,
  parseItem: (item: string) => T | undefined,
  defaultText = '',
): Variable<T[]> => ({
  default: defaultText,
  accepts,
  parse: (value) => {
    const items = value.split(',').map((item) => parseItem(item.trim()));
    const known = items.filter((item) => item !== undefined);
    return known.length === items.length && new Set(known).size === items.length ? known : undefined;
  },
});

/** Every variable of the contract; Terraform and README name the same ones, which a test compares. */
export const VARIABLES = {
  KONDADO_BASE_URL: httpUrl('https://k2.kondado.com.br'),
  KONDADO_API_KEY: secretText,
  KONDADO_TOKEN: secretText,
  KONDADO_API_KEY_SECRET: secretVersion,
  KONDADO_TOKEN_SECRET: secretVersion,
  KONDADO_CLIENT_IDS: listOf('whole numbers with commas between them, none twice', (item) =>
    /^\d{1,18}$/.test(item) ? BigInt(item) : undefined,
  ),
  KONDADO_PIPELINE_LOGS_PATH: urlPath('pipeline_logs'),
  KONDADO_MODEL_LOGS_PATH: urlPath('model_logs'),
  KONDADO_REQUESTS_PER_SECOND: positiveNumber('1'),
  KONDADO_REQUESTS_PER_MINUTE: positiveNumber('20'),
  KONDADO_RATE_LIMIT_PAUSE_SECONDS: positiveNumber('60'),
  KONDADO_REQUEST_TIMEOUT_SECONDS: positiveNumber('30'),
  STREAMS: listOf(
    `${STREAM_NAMES.join(', ')} or both with a comma between them`,
    (item) => STREAM_NAMES.find((name) => name === item),
    STREAM_NAMES.join(','),
  ),
  LOOKBACK_MINUTES: {
    default: '60',
    accepts: 'a number from 0 on',
    parse: (value) => decimal(value, (number) => number >= 0),
  },
  INITIAL_ELEMENT_ID: wholeNumber('0', 0n),
  TIME_BUDGET_SECONDS: positiveNumber('1500'),
  CONTINUATION_QUEUE: {
    default: '',
    accepts: 'the name of a queue of Cloud Tasks, projects/P/locations/L/queues/Q',
    parse: (value) =>
      /^projects\/[\w.:-]+\/locations\/[\w-]+\/queues\/[\w-]+$/.test(value) ? value : undefined,
  },
  WAREHOUSE: oneOf(['bigquery', 'duckdb'], 'bigquery'),
  BIGQUERY_PROJECT: {
    default: '',
    accepts: 'a project id, such as my-project',
    parse: (value) => /^[\w.:-]+$/.exec(value)?.[0],
  },
  BIGQUERY_DATASET: {
    default: 'kondado',
    accepts: 'a dataset name of letters, digits and underscores',
    parse: (value) => /^\w+$/.exec(value)?.[0],
  },
  BIGQUERY_LOCATION: {
    default: '',
    accepts: 'a location, such as EU or southamerica-east1',
    parse: (value) => /^[\w-]+$/.exec(value)?.[0],
  },
  BIGQUERY_API_ENDPOINT: httpUrl(''),
  BIGQUERY_TIMEOUT_SECONDS: positiveNumber('60'),
  DUCKDB_PATH: { ...text, default: 'kondado.duckdb', accepts: 'the path of a file' },
  BILLING_TIME_ZONE: {
    default: 'America/Sao_Paulo',
    accepts: 'an IANA time zone, such as America/Sao_Paulo',
    parse: (value) => (isTimeZone(value) ? value : undefined),
  },
  PLAN_RECORDS_PER_MONTH: wholeNumber('', 1n),
  PLAN_ACTIVE_PIPELINES: wholeNumber('', 1n),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info'),
} satisfies Record<string, Variable<unknown>>;

type VariableName = keyof typeof VARIABLES;
type Parsed<N extends VariableName> = NonNullable<ReturnType<(typeof VARIABLES)[N]['parse']>>;

/**
 * Reads the configuration from the environment.
 *
 * Called when a request comes, not on import, so that a fault is an answer and not a function that does not start.
 *
 * @throws {SyncError} CONFIG_INVALID with all faults at once: variable, what was received unless secret, what is accepted.
 */
export function readConfig(env: Environment = process.env): Config {
  const variables = createVariableReader(env);
  const { read, need } = variables;

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

  const config: Config = {
    kondado: {
      baseUrl: need('KONDADO_BASE_URL'),
      key: readCredential('KONDADO_API_KEY', 'KONDADO_API_KEY_SECRET'),
      token: readCredential('KONDADO_TOKEN', 'KONDADO_TOKEN_SECRET'),
      paths: {
        pipeline_logs: need('KONDADO_PIPELINE_LOGS_PATH'),
        model_logs: need('KONDADO_MODEL_LOGS_PATH'),
      },
      limits: {
        perSecond: need('KONDADO_REQUESTS_PER_SECOND'),
        perMinute: need('KONDADO_REQUESTS_PER_MINUTE'),
      },
      rateLimitPauseMs: need('KONDADO_RATE_LIMIT_PAUSE_SECONDS') * 1000,
      requestTimeoutMs: need('KONDADO_REQUEST_TIMEOUT_SECONDS') * 1000,
    },
    clientIds: read('KONDADO_CLIENT_IDS') ?? [],
    streams: need('STREAMS'),
    lookbackMs: need('LOOKBACK_MINUTES') * 60_000,
    initialElementId: need('INITIAL_ELEMENT_ID'),
    timeBudgetMs: need('TIME_BUDGET_SECONDS') * 1000,
    continuationQueue: read('CONTINUATION_QUEUE'),
    ...readingConfig(variables),
    logLevel: need('LOG_LEVEL'),
  };
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
  const config = readingConfig(variables);
  variables.throwFaults();
  return config;
}

function readingConfig({ read, need }: VariableReader): ReadingConfig {
  const bigquery: BigQueryConfig = {
    kind: 'bigquery',
    project: read('BIGQUERY_PROJECT'),
    dataset: need('BIGQUERY_DATASET'),
    location: read('BIGQUERY_LOCATION'),
    apiEndpoint: read('BIGQUERY_API_ENDPOINT'),
    timeoutMs: need('BIGQUERY_TIMEOUT_SECONDS') * 1000,
  };
  const duckdb: DuckDbConfig = { kind: 'duckdb', path: need('DUCKDB_PATH') };
  return {
    warehouse: need('WAREHOUSE') === 'duckdb' ? duckdb : bigquery,
    billing: {
      timeZone: need('BILLING_TIME_ZONE'),
      planRecords: numberOrNull(read('PLAN_RECORDS_PER_MONTH')),
      planPipelines: numberOrNull(read('PLAN_ACTIVE_PIPELINES')),
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
    need: <N extends VariableName>(name: N): Parsed<N> => read(name) as Parsed<N>,
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

function decimal(value: string, isAccepted: (number: number) => boolean): number | undefined {
  const number = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  return isAccepted(number) && number <= 1e9 ? number : undefined;
}

function isTimeZone(name: string): boolean {
  // An offset such as +03:00 is one for JavaScript, but not for BigQuery's and DuckDB's SQL in the same way.
  if (!/^[A-Za-z][\w/+-]*$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
