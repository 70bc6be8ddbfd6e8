import { randomUUID } from 'node:crypto';

export const PROJECT = 'test';

const url = process.env.BIGQUERY_EMULATOR_URL ?? '';
if (url === '') throw new Error('BIGQUERY_EMULATOR_URL is not set: .ci/run starts the emulator and sets it.');

export { url };

/** One call to the emulator as it is, without Google's client and its retries. */
export async function call(method: string, path: string, body?: object) {
  const answer = await fetch(`${url}/bigquery/v2/projects/${PROJECT}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
}

/** As `call`, for what must go well. */
export async function api(method: string, path: string, body: object): Promise<void> {
  const { status, text } = await call(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
}

/** A name that no run before has used on the same emulator. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '_')}`;
}
