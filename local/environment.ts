import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { languageOf, MADE_UP_KEY, SANDBOX_FILE } from '../functions/config.ts';
import { createWording, type Wording } from '../functions/insights/wording/wording.ts';
import { createCompany, PLAN_ACTIVE_PIPELINES, PLAN_RECORDS_PER_MONTH } from './sandbox/company.ts';
import { SANDBOX_TOKEN, startSandbox } from './sandbox/server.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LocalEnvironment {
  /** Replaces process.env. */
  env: Environment;
  isSandbox: boolean;
  /** Stops the sandbox server, if there is one. */
  close(): Promise<void>;
}

/** The reader's language, for what tells no time: the environment's time zone may be one that is refused. */
export function wordingOf(env: Environment): Wording {
  return createWording({ language: languageOf(env), timeZone: 'UTC' });
}

/** Says that the data is made up. */
export function sandboxNotice(env: Environment): string {
  return wordingOf(env).terminal.usesSandbox;
}

const CREDENTIALS = ['KONDADO_API_KEY', 'KONDADO_TOKEN', 'KONDADO_API_KEY_SECRET', 'KONDADO_TOKEN_SECRET'];

const DEFAULTS = { WAREHOUSE: 'duckdb' };

const SANDBOX_DEFAULTS = {
  DUCKDB_PATH: SANDBOX_FILE,
  KONDADO_REQUESTS_PER_SECOND: '1000000',
  KONDADO_REQUESTS_PER_MINUTE: '100000000',
  STATUS_REQUESTS_PER_RUN: '1000',
  PLAN_RECORDS_PER_MONTH: String(PLAN_RECORDS_PER_MONTH),
  PLAN_ACTIVE_PIPELINES: String(PLAN_ACTIVE_PIPELINES),
};

/** The environment of this process, with what a file `.env` in the current folder adds to it. */
export function readEnvironment(): Environment {
  if (existsSync('.env')) {
    for (const [name, value] of Object.entries(parseEnv(readEnvFile()))) process.env[name] ??= value;
  }
  return process.env;
}

/** Variables that were lost to another encoding would be missed by nobody: without credentials there is the sandbox. */
function readEnvFile(): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync('.env'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isRead = code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
    const reason = isRead ? 'it is not text in UTF-8' : `it could not be read (${code})`;
    process.stderr.write(
      `The file .env of this folder cannot be used: ${reason}. Make it a text file with lines like KONDADO_TOKEN=..., or move it away.\n`,
    );
    process.exit(2);
  }
}

/** The environment of a command on this computer, with the defaults that differ from those in Google Cloud. */
export function withLocalDefaults(env: Environment): { env: Environment; isSandbox: boolean } {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const local: Environment = { ...DEFAULTS, ...given };
  // Made-up rows must not end up among real ones in Google Cloud.
  const isHarmless = local.WAREHOUSE !== 'bigquery' || local.BIGQUERY_API_ENDPOINT !== undefined;
  const isSandbox = isHarmless && CREDENTIALS.every((name) => given[name] === undefined);
  return { env: isSandbox ? { ...SANDBOX_DEFAULTS, ...local } : local, isSandbox };
}

/** The same, with the sandbox server started if there are no credentials. */
export async function openLocalEnvironment(processEnv: Environment): Promise<LocalEnvironment> {
  const { env, isSandbox } = withLocalDefaults(processEnv);
  if (!isSandbox) return { env, isSandbox, close: async () => {} };
  const sandbox = await startSandbox({ source: createCompany(), limits: null, key: MADE_UP_KEY });
  const address = {
    KONDADO_BASE_URL: sandbox.url,
    KONDADO_API_KEY: MADE_UP_KEY,
    KONDADO_TOKEN: SANDBOX_TOKEN,
    KONDADO_PIPELINE_LOGS_PATH: '',
    KONDADO_MODEL_LOGS_PATH: '',
    KONDADO_PIPELINE_STATUS_PATH: '',
    KONDADO_MODEL_STATUS_PATH: '',
  };
  return { env: { ...env, ...address }, isSandbox, close: sandbox.close };
}
