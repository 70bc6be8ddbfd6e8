import type { AuthClient } from 'google-auth-library';
import { withDeadline } from '../budget.ts';

const TIMEOUT_MS = 20_000;
const JSON_BODY = { 'content-type': 'application/json' };

/** What came of a request; an answer of any status is one. */
export interface GoogleAnswer {
  /** Null if there was no answer. */
  status: number | null;
  data: unknown;
  /** A clause for a message: `it answered with HTTP 403`. */
  outcome: string;
}

export interface GoogleRest {
  /**
   * Sends one request, and again what may succeed if repeated, for 20 seconds in all; it never rejects.
   *
   * @param body as an object or as its JSON, makes it a POST, which must do no harm when it arrives twice.
   */
  send(path: string, body?: object | string): Promise<GoogleAnswer>;
}

/** There was no answer; the message says why without the rest of the cause, which holds the URL and the token. */
class NoAnswer extends Error {
  override name = 'NoAnswer' as const;
}

/**
 * Makes a client of one of Google's REST APIs; the library that signs loads with the first request.
 *
 * @param options.endpoint another server than Google's, which gets no credentials.
 */
export function connectGoogle({
  url,
  scope,
  endpoint,
}: {
  url: string;
  scope: string;
  endpoint: string | undefined;
}): GoogleRest {
  let auth: Promise<AuthClient> | undefined;

  async function signIn(): Promise<AuthClient> {
    const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
    return endpoint === undefined ? new GoogleAuth({ scopes: scope }).getClient() : new PassThroughClient();
  }

  async function authorized(): Promise<AuthClient> {
    try {
      auth ??= signIn();
      const client = await auth;
      await client.getRequestHeaders(); // a refusal of the token is no answer of the API
      return client;
    } catch {
      auth = undefined;
      throw new NoAnswer('no Google credentials could be had for it');
    }
  }

  async function answer(
    path: string,
    body: object | string | undefined,
    signal: AbortSignal,
  ): Promise<GoogleAnswer> {
    const client = await authorized();
    const request = client.request<unknown>({
      url: `${endpoint ?? url}${path}`,
      signal,
      retryConfig: { httpMethodsToRetry: ['GET', 'POST'] },
      ...(body === undefined ? {} : { method: 'POST', data: body, headers: JSON_BODY }),
    });
    const { status, data } = await request.catch(responseOf);
    return { status, data, outcome: `it answered with HTTP ${status}` };
  }

  return {
    async send(path, body) {
      const controller = new AbortController();
      const late = () => new NoAnswer(`it did not answer within ${TIMEOUT_MS / 1000} seconds`);
      try {
        return await withDeadline(answer(path, body, controller.signal), TIMEOUT_MS, late);
      } catch (error) {
        controller.abort(); // what is too late would keep the process waiting
        const outcome = error instanceof NoAnswer ? error.message : 'it could not be reached';
        return { status: null, data: undefined, outcome };
      }
    },
  };
}

/** What was answered, if the error is about that. */
function responseOf(error: unknown): { status: number; data: unknown } {
  const response = error instanceof Error && 'response' in error ? error.response : undefined;
  const isResponse = typeof response === 'object' && response !== null && 'status' in response;
  if (!isResponse || typeof response.status !== 'number') throw error;
  return { status: response.status, data: 'data' in response ? response.data : undefined };
}
