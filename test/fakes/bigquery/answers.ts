import type { ServerResponse } from 'node:http';

export interface Answer {
  status: number;
  contentType: string;
  text: string;
}

export function send(response: ServerResponse, { status, contentType, text }: Answer): void {
  response.writeHead(status, { 'content-type': contentType });
  response.end(text);
}

export function jsonAnswer(status: number, body: unknown): Answer {
  return { status, contentType: 'application/json', text: JSON.stringify(body) };
}

export function htmlAnswer(status: number): Answer {
  return { status, contentType: 'text/html', text: `<html><title>${status}</title></html>` };
}

export function insertAnswer(insertErrors?: unknown): Answer {
  const kind = 'bigquery#tableDataInsertAllResponse';
  return jsonAnswer(200, { kind, ...(insertErrors === undefined ? {} : { insertErrors }) });
}

export function errorAnswer(
  status: number,
  reason: string,
  message: string,
  contentType = 'application/json',
): Answer {
  const error = { code: status, message, errors: [{ message, domain: 'global', reason }] };
  return { status, contentType, text: JSON.stringify({ error }) };
}

/** An error that becomes an answer. */
export function refusal(status: number, reason: string, message: string): Error {
  return Object.assign(new Error(message), { status, reason });
}

export function refusalAnswer(error: unknown): Answer {
  const { status, reason, message } = error as { status?: number; reason?: string; message?: string };
  if (status && reason) return errorAnswer(status, reason, message ?? '');
  return errorAnswer(500, 'internalError', `The fake itself failed: ${message ?? error}`);
}
