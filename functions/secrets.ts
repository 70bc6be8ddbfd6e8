import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { withDeadline } from './budget.ts';
import type { Credential } from './config.ts';
import { SyncError } from './errors.ts';

type ClientOptions = NonNullable<ConstructorParameters<typeof SecretManagerServiceClient>[0]>;

const TIMEOUT_MS = 20_000;

// The codes of gRPC that have a remedy: https://grpc.io/docs/guides/status-codes/
const REMEDIES: Record<number, string> = {
  5: 'there is no such secret or version: add one with gcloud secrets versions add',
  7: 'the account of the function may not read it: grant it roles/secretmanager.secretAccessor on this secret',
  9: 'the version is disabled or destroyed: enable it or add a new one',
  16: 'there are no valid Google credentials: run on Google Cloud, or use gcloud auth application-default login',
};

/**
 * Reads credentials, from the configuration or from Secret Manager.
 *
 * Read anew for each run, so that a rotated secret is used at once, and loaded only then, because the client takes longer
 * to import than the rest of the function together.
 *
 * @throws {SyncError} SECRET_UNAVAILABLE with the name of the secret and what can be done.
 */
export async function readCredentials<const N extends string>(
  credentials: Record<N, Credential>,
  options: ClientOptions = {},
): Promise<Record<N, string>> {
  const entries = Object.entries<Credential>(credentials);
  const isManaged = entries.some(([, credential]) => 'secretVersion' in credential);
  const client = isManaged ? await connect(options) : undefined;
  try {
    const values = entries.map(async ([name, credential]) => {
      if ('value' in credential) return [name, credential.value];
      return [name, await readSecret(client, credential.secretVersion)];
    });
    return Object.fromEntries(await Promise.all(values));
  } finally {
    await client?.close().catch(() => undefined); // one that found no credentials cannot be closed either
  }
}

async function readSecret(client: SecretManagerServiceClient | undefined, version: string): Promise<string> {
  // Without initialize() a client that finds no credentials rejects where nobody can catch it.
  const reading = client?.initialize().then(() => client.accessSecretVersion({ name: version }));
  const text = reading?.then(([{ payload }]) =>
    Buffer.from(payload?.data ?? '')
      .toString()
      .trim(),
  );
  return textOf(text, version);
}

async function connect(options: ClientOptions) {
  const { SecretManagerServiceClient } = await import('@google-cloud/secret-manager');
  return new SecretManagerServiceClient({ fallback: true, ...options });
}

async function textOf(reading: Promise<string> | undefined, version: string): Promise<string> {
  const unavailable = (reason: string) =>
    new SyncError('SECRET_UNAVAILABLE', `The secret ${version} could not be read: ${reason}.`);
  const late = () => unavailable(`Secret Manager did not answer within ${TIMEOUT_MS / 1000} seconds`);
  let value: string | undefined;
  try {
    value = await withDeadline(Promise.resolve(reading), TIMEOUT_MS, late);
  } catch (error) {
    if (error instanceof SyncError) throw error;
    const code = error instanceof Error && 'code' in error ? Number(error.code) : Number.NaN;
    throw unavailable(
      REMEDIES[code] ??
        `Secret Manager or the Google credentials are not usable (code ${code}); the account needs roles/secretmanager.secretAccessor on the secret`,
    );
  }
  if (!value) throw unavailable('it is empty: add a version that holds the value');
  return value;
}
