import { homedir } from 'node:os';
import { LOG_LEVELS } from './log.ts';
import { STREAM_NAMES } from './streams.ts';
import timeZones from './time-zones.json' with { type: 'json' };

/** In which people are spoken to; each has a folder in insights/wording/. */
export const LANGUAGES = ['en', 'pt-BR'] as const;

export type Language = (typeof LANGUAGES)[number];

export interface Variable<T> {
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
const statusPath = (defaultText: string): Variable<string> => {
  const path = urlPath(defaultText);
  return {
    default: defaultText,
    accepts: `a path below KONDADO_BASE_URL with {id} in it once, such as ${defaultText}`,
    parse: (value) => {
      const isOnce = value.split('{id}').length === 2;
      const isPath = path.parse(value.replace('{id}', '0')) !== undefined;
      return isOnce && isPath ? value.replaceAll(/^\/|\/$/g, '') : undefined;
    },
  };
};
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

const ids = listOf('whole numbers with commas between them, none twice', (item) =>
  /^\d{1,18}$/.test(item) ? BigInt(item) : undefined,
);

/**
 * What BigQuery accepts as a time zone, which Terraform compares with too: the IANA database, release 2026c.
 *
 * JavaScript knows these as well but accepts more, such as other spellings and offsets.
 */
export const TIME_ZONES = new Set(timeZones.flatMap((names) => names.split(' ')));

/** Every variable of the contract; Terraform and docs/reference.md name the same ones, which tests compare. */
export const VARIABLES = {
  KONDADO_BASE_URL: httpUrl('https://k2.kondado.com.br'),
  KONDADO_API_KEY: secretText,
  KONDADO_TOKEN: secretText,
  KONDADO_API_KEY_SECRET: secretVersion,
  KONDADO_TOKEN_SECRET: secretVersion,
  KONDADO_CLIENT_IDS: ids,
  KONDADO_PIPELINE_LOGS_PATH: urlPath('pipeline_logs'),
  KONDADO_MODEL_LOGS_PATH: urlPath('model_logs'),
  KONDADO_PIPELINE_STATUS_PATH: statusPath('pipelines/{id}/status'),
  KONDADO_MODEL_STATUS_PATH: statusPath('models/{id}/status'),
  STATUS_REQUESTS_PER_RUN: wholeNumber('20', 0n),
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
  EVENTS_TOPIC: {
    default: '',
    accepts: 'the name of a Pub/Sub topic, projects/P/topics/T',
    parse: (value) => (/^projects\/[\w.:-]+\/topics\/[\w.~+%-]+$/.test(value) ? value : undefined),
  },
  PUBSUB_API_ENDPOINT: httpUrl(''),
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
  DUCKDB_PATH: {
    default: 'kondado.duckdb',
    accepts: 'the path of a file',
    // DuckDB would take every leading ~ for it, and who looks whether the file is there would take none.
    parse: (value) => value.replace(/^~(?=\/)/, homedir).replace(/^~/, './~'),
  },
  BILLING_TIME_ZONE: {
    default: 'America/Sao_Paulo',
    accepts: 'a name of the IANA time zone database spelt as there, such as America/Sao_Paulo',
    parse: (value) => (TIME_ZONES.has(value) ? value : undefined),
  },
  DISPLAY_LANGUAGE: oneOf(LANGUAGES, 'en'),
  PLAN_RECORDS_PER_MONTH: wholeNumber('', 1n),
  PLAN_ACTIVE_PIPELINES: wholeNumber('', 1n),
  MUTED_PIPELINES: ids,
  MUTED_MODELS: ids,
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info'),
  SOURCE_HASH: {
    default: '',
    accepts: 'the first 12 hexadecimal digits of the hash of the source',
    parse: (value) => (/^[0-9a-f]{12}$/.test(value) ? value : undefined),
  },
} satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof VARIABLES;
/** What a text becomes when it is accepted. */
export type Parsed<N extends VariableName> = NonNullable<ReturnType<(typeof VARIABLES)[N]['parse']>>;

function decimal(value: string, isAccepted: (number: number) => boolean): number | undefined {
  const number = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  return isAccepted(number) && number <= 1e9 ? number : undefined;
}
