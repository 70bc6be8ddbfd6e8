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
 * Turns whatever was thrown into a SyncError.
 *
 * The text of an error that we did not foresee may hold anything, so only its type goes out.
 */
export function toSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  const type = error instanceof Error ? error.name : typeof error;
  return new SyncError(
    'INTERNAL',
    `An unexpected ${type} ended this part of the run: this is a fault of the sync itself. What was stored is kept and the next run goes on from there; please report it with the log lines of this run.`,
  );
}
