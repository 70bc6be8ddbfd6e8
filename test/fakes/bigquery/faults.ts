import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { type Answer, errorAnswer, htmlAnswer, insertAnswer, send } from './answers.ts';
import type { FakeCall } from './calls.ts';
import type { InsertErrors, InsertRow } from './rows.ts';

/** What goes wrong with a call. Only `resetAfter`, `hangAfter`, `delay` and `cutOff` with `stored` do its work. */
export type BigQueryFault =
  | { kind: 'error'; status: number; reason: string; message: string; contentType?: string }
  | { kind: 'html'; status?: number }
  | { kind: 'cutOff'; stored?: boolean }
  | { kind: 'resetBefore' }
  | { kind: 'resetAfter' }
  | { kind: 'hang' }
  | { kind: 'hangAfter' }
  | { kind: 'delay'; ms: number }
  | { kind: 'insertErrors'; errors: (rows: InsertRow[]) => InsertErrors }
  | { kind: 'neverComplete' }
  /** As a table does that was just made again: the rows are accepted, and gone. */
  | { kind: 'swallow' }
  /** The regular answer, changed. */
  | { kind: 'mutate'; change: (body: Record<string, unknown>) => object };

/** Long enough for what was written to reach the client before the connection ends. */
const FLUSH_MS = 50;

export interface FaultOptions {
  call: FakeCall;
  response: ServerResponse;
  /** Does the work of the call; a query that is not complete never will be. */
  work: (isComplete?: boolean) => Promise<Answer>;
  closing: AbortSignal;
}

export async function respondWithFault(
  fault: BigQueryFault,
  { call, response, work, closing: signal }: FaultOptions,
): Promise<void> {
  switch (fault.kind) {
    case 'error':
      return send(response, errorAnswer(fault.status, fault.reason, fault.message, fault.contentType));
    case 'html':
      return send(response, htmlAnswer(fault.status ?? 200));
    case 'cutOff':
      if (fault.stored) await work();
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      response.write('{"kind"');
      await wait(FLUSH_MS, undefined, { signal });
      response.destroy();
      return;
    case 'resetBefore':
      response.destroy();
      return;
    case 'resetAfter':
      await work();
      response.destroy();
      return;
    case 'hang':
      return;
    case 'hangAfter':
      await work();
      return;
    case 'delay':
      await wait(fault.ms, undefined, { signal });
      return send(response, await work());
    case 'insertErrors':
      return send(
        response,
        call.kind === 'insertAll' ? insertAnswer(fault.errors(call.body?.rows ?? [])) : await work(),
      );
    case 'swallow':
      return send(response, call.kind === 'insertAll' ? insertAnswer(undefined) : await work());
    case 'mutate': {
      const answer = await work();
      return send(response, { ...answer, text: JSON.stringify(fault.change(JSON.parse(answer.text))) });
    }
    case 'neverComplete':
      return send(response, await work(false));
  }
}
