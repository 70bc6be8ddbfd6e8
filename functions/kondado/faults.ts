import type { KondadoConfig } from '../config.ts';
import { SyncError } from '../errors.ts';
import type { Answer } from './answer.ts';
import type { Endpoint } from './endpoints.ts';

type EndpointName = Pick<Endpoint<unknown>, 'name' | 'path' | 'pathVariable'>;

/** An attempt that brought no answer worth reading, and why; it holds no URL, unlike the error it stands for. */
export class AttemptFailed extends Error {
  override name = 'AttemptFailed' as const;
  readonly isAnswered: boolean;

  constructor(reason: string, isAnswered: boolean) {
    super(reason);
    this.isAnswered = isAnswered;
  }
}

/** What is said when all attempts have failed: as KONDADO_UNEXPECTED_RESPONSE if the last one was answered, with something else. */
export function unavailable(
  { message, isAnswered }: Pick<AttemptFailed, 'message' | 'isAnswered'>,
  attempts: number,
  { name }: EndpointName,
  { baseUrl }: KondadoConfig,
): SyncError {
  const after = attempts === 1 ? '' : `, after ${attempts} attempts`;
  const what = `${name} could not be read from ${baseUrl}: ${message}${after}. Nothing is lost`;
  return isAnswered
    ? new SyncError(
        'KONDADO_UNEXPECTED_RESPONSE',
        `${what}; check KONDADO_BASE_URL, or what stands between here and Kondado.`,
      )
    : new SyncError('KONDADO_UNAVAILABLE', `${what}, the next run tries again.`);
}

/**
 * What is said of an answer that repeating would not change.
 *
 * @param redact cleans what Kondado said for display, after its meaning is known.
 */
export function refusal(
  { status, error, message }: Extract<Answer<unknown>, { kind: 'refused' }>,
  redact: (text: string) => string,
  { name, path, pathVariable }: EndpointName,
  { baseUrl }: KondadoConfig,
): SyncError {
  const words = [redact(error), redact(message)].filter(Boolean).join(': ').replace(/\.+$/, '');
  const said = `Kondado answered ${name} with HTTP ${status}${words === '' ? '' : ` ${words}`}`;
  if (status === 401 || status === 403 || /auth|key|token|permission|forbidden|credential/i.test(error)) {
    return new SyncError(
      'KONDADO_UNAUTHORIZED',
      `${said}. Check KONDADO_API_KEY and KONDADO_TOKEN (or the secrets they are read from): both must ` +
        'belong to the same user, who must be allowed to see the logs.',
    );
  }
  const advice =
    status === 404
      ? `There is no ${path} at ${baseUrl}: check ${pathVariable}`
      : 'This is not an answer that the sync knows; if it stays, ask Kondado what it means';
  return new SyncError('KONDADO_UNEXPECTED_RESPONSE', `${said}. ${advice}.`);
}

/** What is said after so many answers RATE_LIMIT_EXCEEDED in a row. */
export function rateLimited(
  hits: number,
  { name }: EndpointName,
  { rateLimitPauseMs }: KondadoConfig,
): SyncError {
  const often =
    hits === 1
      ? 'with RATE_LIMIT_EXCEEDED'
      : `${hits} times in a row with RATE_LIMIT_EXCEEDED, in spite of pauses of ${rateLimitPauseMs / 1000} seconds or more`;
  return new SyncError(
    'KONDADO_RATE_LIMITED',
    `Kondado refused ${name} ${often}. Another program uses the same key or address: stop it, ` +
      'or lower KONDADO_REQUESTS_PER_MINUTE.',
  );
}
