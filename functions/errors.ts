/** The HTTP status of each error code, as the contract lists them. */
export const HTTP_STATUS = {
  INVALID_REQUEST: 400,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  RUN_IN_PROGRESS: 409,
  CONFIG_INVALID: 500,
  SECRET_UNAVAILABLE: 500,
  INTERNAL: 500,
  KONDADO_UNAUTHORIZED: 502,
  KONDADO_RATE_LIMITED: 502,
  KONDADO_UNAVAILABLE: 502,
  KONDADO_UNEXPECTED_RESPONSE: 502,
  WAREHOUSE_UNAVAILABLE: 503,
  WAREHOUSE_REJECTED: 503,
} as const;

export type ErrorCode = keyof typeof HTTP_STATUS;

/**
 * A failure with one of the contract's codes; its message says what happened, where, and what the reader can do.
 *
 * It never has a `cause`: the errors of ky and of Google's clients carry URLs, and with them key and token.
 */
export class SyncError extends Error {
  override name = 'SyncError' as const;
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The time budget is used up, or the run was asked to stop: no fault, the next run goes on from what is stored. */
export class BudgetUsedUp extends Error {
  override name = 'BudgetUsedUp' as const;
}

/**
 * A pause that Kondado asked for lasts longer than the run may: waiting for its end would only spend the time budget.
 *
 * Whether it is a fault depends on what the stream has done before, so it carries the code that it has if it is one.
 */
export class PauseTooLong extends Error {
  override name = 'PauseTooLong' as const;
  readonly code: 'KONDADO_RATE_LIMITED' | 'KONDADO_UNAVAILABLE';

  constructor(code: PauseTooLong['code'], pauseMs: number) {
    const reason = code === 'KONDADO_RATE_LIMITED' ? 'its rate limit was hit' : 'it is not available';
    super(
      `Kondado is not to be asked for another ${Math.ceil(pauseMs / 1000)} seconds (${reason}), which is ` +
        'longer than this run may take. Nothing is lost: the first run after that goes on.',
    );
    this.code = code;
  }
}

/**
 * Turns whatever was thrown into a SyncError.
 *
 * The text of an error that we did not foresee may hold anything, so only its type goes out.
 */
export function toSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  if (error instanceof PauseTooLong) return new SyncError(error.code, error.message);
  const type = error instanceof Error ? error.name : typeof error;
  return new SyncError(
    'INTERNAL',
    `An unexpected ${type} ended this part of the run: this is a fault of the sync itself. What was ` +
      'stored is kept and the next run goes on from there; please report it with the log lines of this run.',
  );
}
