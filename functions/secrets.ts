import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { withDeadline } from './budget.ts';
import type { Credential } from './config.ts';
import { SyncError } from './errors.ts';

type ClientOptions = NonNullable<ConstructorParameters<typeof SecretManagerServiceClient>[0]>;

const TIMEOUT_MS = 20_000;

const UNAUTHENTICATED = 16;
const UNKNOWN_REMEDY =
  'Secret Manager could not be reached, or the Google credentials are not usable; the account needs roles/secretmanager.secretAccessor on this secret';
// The codes of gRPC that have a remedy: https://grpc.io/docs/guides/status-codes/
const REMEDIES: Record<number, string> = {
  5: 'there is no such secret or version: add one with gcloud secrets versions add',
  7: 'the account of the function may not read it: grant it roles/secretmanager.secretAccessor on this secret',
  9: 'the version is disabled or destroyed: enable it or add a new one',
  [UNAUTHENTICATED]:
    'there are no valid Google credentials: run on Google Cloud, or use gcloud auth application-default login',
};

/** A credential as it was read. */
interface ReadCredential {
  value: string;
  /** The version of the secret that it was read from, `latest` resolved; null if it is not from Secret Manager. */
  version: string | null;
}

/**
 * Reads credentials, from the configuration or from Secret Manager.
 *
 * @throws {SyncError} as `readVersionedCredentials`.
 */
export async function readCredentials<const N extends string>(
  credentials: Record<N, Credential>,
  options: ClientOptions = {},
): Promise<Record<N, string>> {
  const read = Object.entries<ReadCredential>(await readVersionedCredentials(credentials, options));
  return Object.fromEntries(read.map(([name, { value }]) => [name, value])) as Record<N, string>;
}

/**
 * Reads credentials, and from which version of a secret they are.
 *
 * Read anew for each run, so that a rotated secret is used at once, and loaded only then, because the client takes longer
 * to import than the rest of the function together.
 *
 * @throws {SyncError} SECRET_UNAVAILABLE with the name of the secret and what can be done.
 */
export async function readVersionedCredentials<const N extends string>(
  credentials: Record<N, Credential>,
  options: ClientOptions = {},
): Promise<Record<N, ReadCredential>> {
  let client: Promise<SecretManagerServiceClient> | undefined;
  const read = async (credential: Credential): Promise<ReadCredential> => {
    if ('value' in credential) return { value: credential.value, version: null };
    client ??= connect(options);
    return readSecret(await client, credential.secretVersion);
  };
  try {
    const entries = Object.entries<Credential>(credentials);
    const values = entries.map(async ([name, credential]) => [name, await read(credential)]);
    return Object.fromEntries(await Promise.all(values));
  } finally {
    // A client that found no credentials cannot be closed either.
    await (await client)?.close().catch(() => undefined);
  }
}

async function connect(options: ClientOptions): Promise<SecretManagerServiceClient> {
  const { SecretManagerServiceClient } = await import('@google-cloud/secret-manager');
  return new SecretManagerServiceClient({ fallback: true, ...options });
}

async function readSecret(client: SecretManagerServiceClient, version: string): Promise<ReadCredential> {
  const unavailable = (reason: string) =>
    new SyncError('SECRET_UNAVAILABLE', `The secret ${version} could not be read: ${reason}.`);
  const access = async () => {
    await client.initialize(); // without it a client that finds no credentials rejects where nobody can catch it
    const [{ name, payload }] = await client.accessSecretVersion({ name: version });
    const text = Buffer.from(payload?.data ?? '').toString();
    // Many a secret was added with the line's end.
    return { value: text.trim(), version: /\/versions\/(\w+)$/.exec(name ?? '')?.[1] ?? 'unknown' };
  };
  const late = () => unavailable(`Secret Manager did not answer within ${TIMEOUT_MS / 1000} seconds`);
  const credential = await withDeadline(access(), TIMEOUT_MS, late).catch((error: unknown) => {
    throw error instanceof SyncError ? error : unavailable(REMEDIES[codeOf(error)] ?? UNKNOWN_REMEDY);
  });
  if (credential.value === '') throw unavailable('it is empty: add a version that holds the value');
  return credential;
}

/** The gRPC code of a failure; that there are no credentials is said without one. */
function codeOf(error: unknown): number {
  if (!(error instanceof Error)) return Number.NaN;
  return /default credentials/i.test(error.message) ? UNAUTHENTICATED : Number('code' in error && error.code);
}
