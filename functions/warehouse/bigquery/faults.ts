import { BudgetUsedUp, SyncError } from '../../errors.ts';
import { createRedactor } from '../../redaction.ts';

const clean = createRedactor([]);

// What somebody has to do something about: https://docs.cloud.google.com/bigquery/docs/error-messages
const REMEDIES: Record<string, string> = {
  accessDenied:
    'The account of the sync needs roles/bigquery.jobUser on the project and read and insert rights on the dataset: run terraform apply',
  bytesBilledLimitExceeded: 'The query would have cost more than the sync allows itself',
  invalid: 'The tables may not fit this version of the sync: run terraform apply',
  invalidQuery: 'The tables may not fit this version of the sync: run terraform apply',
  notFound:
    'Tables and dataset are made by Terraform: run terraform apply, and check BIGQUERY_PROJECT, BIGQUERY_DATASET and BIGQUERY_LOCATION',
  quotaExceeded: "A quota of BigQuery is used up: look at the project's quotas",
};

const REASONS_BY_STATUS: Record<number, string> = {
  400: 'invalid',
  401: 'accessDenied',
  403: 'accessDenied',
  404: 'notFound',
  413: 'invalid',
};

/** BigQuery's word for what is wrong, such as `notFound`; undefined if the error is not an answer of BigQuery's. */
export function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const reason = 'errors' in error && Array.isArray(error.errors) ? error.errors[0]?.reason : undefined;
  return typeof reason === 'string' && reason !== ''
    ? reason
    : REASONS_BY_STATUS[Number('code' in error && error.code)];
}

/**
 * Turns what a call to BigQuery threw into WAREHOUSE_REJECTED if somebody has to do something, else WAREHOUSE_UNAVAILABLE.
 *
 * @param what the call was to do, for the message.
 */
export function callFault(error: unknown, what: string): SyncError | BudgetUsedUp {
  if (error instanceof SyncError || error instanceof BudgetUsedUp) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/default credentials|invalid_grant|project id/i.test(message)) {
    return new SyncError(
      'WAREHOUSE_REJECTED',
      `BigQuery cannot be used (${what}): there are no valid Google credentials, or they name no project. ` +
        'On a computer, use gcloud auth application-default login and set BIGQUERY_PROJECT.',
    );
  }
  const reason = reasonOf(error);
  const remedy = reason === undefined ? undefined : REMEDIES[reason];
  return remedy === undefined
    ? new SyncError(
        'WAREHOUSE_UNAVAILABLE',
        `BigQuery did not do its work (${what}): ${outcomeOf(error)}. Nothing is lost, the next run goes on from what is stored.`,
      )
    : new SyncError('WAREHOUSE_REJECTED', `BigQuery refused (${what}): ${clean(message)} ${remedy}.`);
}

/** The status or the code of a network error; a message may hold whatever an answer held. */
function outcomeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^\d{3}$/.test(code)) return `HTTP ${code}${reasonOf(error) ? ` ${reasonOf(error)}` : ''}`;
  return /^\w+$/.test(code) ? `the connection failed with ${code}` : 'its answer could not be read';
}
