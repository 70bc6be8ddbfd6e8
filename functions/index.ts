import { type HttpFunction, http, type Request, type Response } from '@google-cloud/functions-framework';
import { type ErrorCode, HTTP_STATUS, SyncError, toSyncError } from './errors.ts';
import { printJson } from './json.ts';
import { createLog, LOG_LEVELS, type Log, traceOf } from './log.ts';
import type { RunRequest } from './sync/request.ts';

// Express puts the stack of an error into its answers otherwise, for instance for a body that is not JSON.
process.env.NODE_ENV = 'production';

let isRunning = false;

/** Answers one HTTP request, as the contract says; checked in this order: path, method, body, a run in progress. */
export const sync: HttpFunction = async (request, response) => {
  const log = logFor(request);
  try {
    if (request.path !== '/') {
      throw new SyncError('NOT_FOUND', 'There is nothing at this path; only / is served.');
    }
    if (request.method === 'GET') await sendPage(response, log);
    else if (request.method === 'POST') await sendWork(request, response, log);
    else {
      response.set('Allow', 'GET, POST');
      throw new SyncError(
        'METHOD_NOT_ALLOWED',
        `${request.method} is not served here; GET shows the page, POST starts a run.`,
      );
    }
  } catch (error) {
    const { code, message } = toSyncError(error);
    log.write('warn', 'request_refused', `The request was refused: ${message}`, { code });
    send(response, HTTP_STATUS[code], refusalBody(code, message));
  }
};

http('sync', sync);

/** Runs or checks, one at a time; the code loads when it is asked for, so that the process listens sooner. */
async function sendWork(request: Request, response: Response, log: Log): Promise<void> {
  const { bodyText, parseRunRequest } = await import('./sync/request.ts');
  const runRequest = parseRunRequest(await bodyText(request));
  if (isRunning) throw new SyncError('RUN_IN_PROGRESS', 'A run is in progress; try again when it has ended.');
  isRunning = true;
  try {
    if (runRequest.mode === 'check') return await sendCheck(runRequest, response, log);
    const [{ untilTerminated }, { readConfig }, { run }, { reportBody, statusOf }] = await Promise.all([
      import('./termination.ts'),
      import('./config.ts'),
      import('./run.ts'),
      import('./sync/report.ts'),
    ]);
    const { report, config } = await untilTerminated(response, (stop) =>
      run(runRequest, { readConfig, log, stop }),
    );
    if (config?.continuationQueue) {
      const { continueLater } = await import('./sync/continuation.ts');
      await continueLater(runRequest, report, { queue: config.continuationQueue, log });
    }
    send(response, statusOf(report), reportBody(report));
  } finally {
    isRunning = false;
  }
}

/** A check that found something wrong has done its work: it is answered with 200 like any other. */
async function sendCheck(request: RunRequest, response: Response, log: Log): Promise<void> {
  const [{ untilTerminated }, { readConfig }, { check }] = await Promise.all([
    import('./termination.ts'),
    import('./config.ts'),
    import('./check/check.ts'),
  ]);
  send(response, 200, await untilTerminated(response, (stop) => check(request, { readConfig, log, stop })));
}

/**
 * The page shows what is stored, also while a run is in progress; its code loads when it is asked for.
 *
 * Whoever asks for a page gets one, with the status of what went wrong if something did.
 */
async function sendPage(response: Response, log: Log): Promise<void> {
  const [{ languageOf, readReadingConfig }, { CONTENT_SECURITY_POLICY }] = await Promise.all([
    import('./config.ts'),
    import('./page/document.ts'),
  ]);
  let status = 200;
  let page: string;
  try {
    const config = readReadingConfig();
    const [{ renderPage }, { loadOverview }] = await Promise.all([
      import('./page/page.ts'),
      import('./insights/overview.ts'),
    ]);
    const overview = await loadOverview(config);
    const { warehouse } = config;
    const isSandbox = warehouse.kind === 'duckdb' && warehouse.isSandbox;
    page = renderPage(overview, { ...config, isMadeUp: overview?.isMadeUp ?? isSandbox });
  } catch (error) {
    const fault = toSyncError(error);
    const { renderErrorPage } = await import('./page/error.ts');
    log.write('warn', 'request_refused', `The page could not be made: ${fault.message}`, {
      code: fault.code,
    });
    status = HTTP_STATUS[fault.code];
    page = renderErrorPage(fault, languageOf(process.env));
  }
  response
    .status(status)
    .set({
      'Cache-Control': 'no-store',
      'Content-Security-Policy': `${CONTENT_SECURITY_POLICY}; frame-ancestors 'none'`,
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    })
    .type('text/html')
    .send(page);
}

function refusalBody(code: ErrorCode, message: string): object {
  return { run_id: crypto.randomUUID(), outcome: 'failed', error: { code, message }, streams: [] };
}

function send(response: Response, status: number, body: object): void {
  response.status(status).type('application/json').send(printJson(body));
}

/** A log must not depend on a usable configuration: it is what tells that there is none. */
function logFor(request: Request): Log {
  const { env, stdout } = process;
  const header = request.get('x-cloud-trace-context') ?? request.get('traceparent');
  return createLog({
    level: LOG_LEVELS.find((level) => level === env.LOG_LEVEL) ?? 'info',
    isReadable: stdout.isTTY,
    trace: traceOf(header, env.GOOGLE_CLOUD_PROJECT ?? env.BIGQUERY_PROJECT),
    write: (line) => stdout.write(line),
  });
}
