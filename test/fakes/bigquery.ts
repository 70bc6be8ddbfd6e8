import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListType,
  DuckDBListValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  LIST,
  listValue,
  StatementType,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import type { Config } from '../../functions/config.ts';
import { billingPlaceholders } from '../../functions/views/templates.ts';
import { readDuckDbViews } from '../../functions/warehouse/duckdb/schema.ts';

/** One request as it came, kept before anything is done with it. */
export type FakeCall = {
  index: number;
  /** `query` starts a query (POST queries or jobs); fetching its results afterwards is `other`. */
  kind: 'insertAll' | 'query' | 'other';
  method: string;
  path: string;
  table?: string;
  query?: string;
  /** Values as sent, by name: text, null or a list of them. */
  parameters?: Record<string, ParameterText>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it freely, its shape is what they check
  body: any;
  headers: IncomingHttpHeaders;
  atMs: number;
};

export type ParameterText = string | null | (string | null)[];
export type InsertRow = { insertId?: string; json: Record<string, unknown> };
export type RowError = { reason: string; location: string; debugInfo: string; message: string };
export type InsertErrors = { index: number; errors: RowError[] }[];

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
  | { kind: 'neverComplete' };

export type FakeBigQueryOptions = {
  /** @default 'test-project' */
  project?: string;
  /** @default 'kondado' */
  dataset?: string;
  /** Tables of `functions/schema/` that do not exist here; then there are no views either. */
  missingTables?: string[];
  /** What the views are made with. @default São Paulo, no plan */
  billing?: Config['billing'];
  /** Drop rows whose insertId was stored before. Off by default: BigQuery promises it for about a minute at best. */
  dedupe?: boolean;
  /** The clock of CURRENT_TIMESTAMP() and of the partition bounds. @default Date.now */
  now?: () => number;
  fault?: (call: FakeCall) => BigQueryFault | undefined;
};

export type FakeBigQuery = {
  /** `http://127.0.0.1:PORT`, the client's `apiEndpoint`. */
  url: string;
  project: string;
  dataset: string;
  calls: FakeCall[];
  /** The stored rows in the order of storing: INT64 as bigint, TIMESTAMP as ISO text with 6 digits and Z. */
  rows(table: string): Promise<Record<string, unknown>[]>;
  /** DuckDB SQL (not BigQuery's) on the stored data. */
  run(sql: string): Promise<Record<string, unknown>[]>;
  clear(table: string): Promise<void>;
  close(): Promise<void>;
};

type Field = { name: string; type: string; mode: string };
type Table = { name: string; fields: Field[]; partitionField: string };
type Answer = { status: number; contentType: string; text: string };
type ResultField = { name: string; type: string; mode: string };
type ResultRow = { f: { v: unknown }[] };
type Job = { query: string; location: string; complete: boolean; fields: ResultField[]; rows: ResultRow[] };
type QueryParameter = {
  name?: string;
  parameterType: { type: string; arrayType?: { type: string } };
  parameterValue?: { value?: string | null; arrayValues?: { value?: string | null }[] };
};

const requestLimitBytes = 10_000_000;
const rowsPerRequestLimit = 50_000;
const insertIdLimitCharacters = 128;
const pageLimitRows = 10_000;
const dayMs = 86_400_000;

/**
 * Serves the part of the BigQuery REST API that the product uses, on a free port of this computer. The rows live
 * in an in-memory DuckDB with the tables of `functions/schema/`. It is stricter than BigQuery where it can be, and
 * answers rows without ORDER BY in reverse, so that nothing relies on what BigQuery does not promise.
 *
 * @example
 * const fake = await startFakeBigQuery();
 * new BigQuery({ projectId: fake.project, apiEndpoint: fake.url, authClient: new PassThroughClient() });
 */
export async function startFakeBigQuery(options: FakeBigQueryOptions = {}): Promise<FakeBigQuery> {
  const {
    project = 'test-project',
    dataset = 'kondado',
    missingTables = [],
    billing = { timeZone: 'America/Sao_Paulo', planRecords: null, planPipelines: null },
    now = Date.now,
    fault,
  } = options;
  const tables = readTables().filter((table) => !missingTables.includes(table.name));
  const calls: FakeCall[] = [];
  const jobs = new Map<string, Job>();
  const storedInsertIds = new Map(tables.map((table) => [table.name, new Set<string>()]));
  const closing = new AbortController();

  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  for (const statement of [...sessionStatements, ...tablesStatements(dataset, tables)])
    await connection.run(statement);
  const views =
    missingTables.length > 0 ? new Map<string, string>() : readViews(dataset, billing, options.now);
  for (const [name, sql] of views)
    await connection.run(`CREATE VIEW ${quoted(dataset)}.${quoted(name)} AS ${sql}`);
  const exclusively = queue();

  function findTable(tableProject: string, tableDataset: string, name: string): Table {
    const table = tables.find((candidate) => candidate.name === name);
    if (table && tableProject === project && tableDataset === dataset) return table;
    const whole = `${tableProject}:${tableDataset}`;
    throw tableDataset === dataset && tableProject === project
      ? refusal(404, 'notFound', `Not found: Table ${whole}.${name}`)
      : refusal(404, 'notFound', `Not found: Dataset ${whole}`);
  }

  async function insertAll(call: FakeCall, route: Route): Promise<Answer> {
    const table = findTable(route.project, route.dataset ?? '', route.table ?? '');
    const rows: InsertRow[] = call.body?.rows ?? [];
    if (rows.length === 0) throw refusal(400, 'invalid', 'No rows present in the request.');
    if (rows.length > rowsPerRequestLimit) {
      throw refusal(400, 'invalid', `Too many rows present in the request, limit: ${rowsPerRequestLimit}.`);
    }
    if (rows.some((row) => (row.insertId?.length ?? 0) > insertIdLimitCharacters)) {
      throw refusal(400, 'invalid', `insertId is longer than ${insertIdLimitCharacters} characters.`);
    }
    const ignoreUnknownValues = call.body.ignoreUnknownValues === true;
    const checked = rows.map((row) =>
      checkRow(table, row.json, { ignoreUnknownValues, now, project, dataset }),
    );
    const hasErrors = checked.some((row) => row.errors.length > 0);
    const storable =
      hasErrors && !call.body.skipInvalidRows ? [] : checked.map((row) => row.errors.length === 0);
    await exclusively(() => append(table, rows, checked, storable));
    if (!hasErrors) return jsonAnswer(200, { kind: insertKind });
    const insertErrors = checked
      .map(({ errors }, index) => ({
        index,
        errors: errors.length > 0 || call.body.skipInvalidRows ? errors : [rowError('stopped', '', '')],
      }))
      .filter(({ errors }) => errors.length > 0);
    return jsonAnswer(200, { kind: insertKind, insertErrors });
  }

  async function append(
    table: Table,
    rows: InsertRow[],
    checked: CheckedRow[],
    storable: boolean[],
  ): Promise<void> {
    const seen = storedInsertIds.get(table.name);
    const appender = await connection.createAppender(table.name, dataset);
    for (const [index, { cells }] of checked.entries()) {
      const insertId = rows[index]?.insertId;
      if (!storable[index] || (options.dedupe && insertId && seen?.has(insertId))) continue;
      if (insertId) seen?.add(insertId);
      for (const [column, cell] of cells.entries()) {
        if (cell === null) appender.appendNull();
        else appender.appendValue(cell, columnType(table.fields[column]?.type));
      }
      appender.endRow();
    }
    appender.closeSync();
  }

  /** Runs a query and keeps its whole result, from which the pages are cut. */
  async function startJob(call: FakeCall, jobId: string, location: string, complete: boolean): Promise<Job> {
    const query = call.query ?? '';
    if (jobs.has(jobId))
      throw refusal(409, 'duplicate', `Already Exists: Job ${project}:${location}.${jobId}`);
    const job: Job = { query, location, complete, fields: [], rows: [] };
    if (complete) {
      const { parameterMode, queryParameters = [] } = queryConfiguration(call.body);
      if (parameterMode === 'POSITIONAL')
        throw refusal(400, 'invalidQuery', 'The fake takes named parameters only.');
      const nameOf = (tableProject: string, tableDataset: string, name: string) =>
        views.has(name) && tableDataset === dataset ? name : findTable(tableProject, tableDataset, name).name;
      const translated = translate(query, queryParameters, { nameOf, project, now });
      Object.assign(job, await exclusively(() => runQuery(connection, translated)));
    }
    jobs.set(jobId, job);
    return job;
  }

  function resultsAnswer(kind: string, jobId: string, job: Job, maxResults: unknown, offset: number): Answer {
    const jobReference = { projectId: project, jobId, location: job.location };
    if (!job.complete) return jsonAnswer(200, { kind, jobReference, jobComplete: false });
    const limit = Math.min(Number(maxResults ?? pageLimitRows) || pageLimitRows, pageLimitRows);
    const rows = job.rows.slice(offset, offset + limit);
    return jsonAnswer(200, {
      kind,
      jobReference,
      jobComplete: true,
      schema: { fields: job.fields },
      ...(rows.length > 0 ? { rows } : {}),
      ...(offset + rows.length < job.rows.length ? { pageToken: String(offset + rows.length) } : {}),
      totalRows: String(job.rows.length),
      totalBytesProcessed: '10485760',
      cacheHit: false,
    });
  }

  async function answerTo(call: FakeCall, route: Route, complete = true): Promise<Answer> {
    if (route.name === 'insertAll') return await insertAll(call, route);
    if (route.project !== project) throw refusal(404, 'notFound', `Not found: Project ${route.project}`);
    if (route.name === 'startQuery') {
      const jobId = `job_${randomUUID()}`;
      const job = await startJob(call, jobId, call.body.location ?? 'US', complete);
      return resultsAnswer('bigquery#queryResponse', jobId, job, call.body.maxResults, 0);
    }
    if (route.name === 'startJob') {
      const jobId = call.body.jobReference?.jobId ?? `job_${randomUUID()}`;
      const job = await startJob(call, jobId, call.body.jobReference?.location ?? 'US', complete);
      return jobAnswer(project, jobId, job);
    }
    const job = jobs.get(route.jobId ?? '');
    if (!job || !route.jobId) throw refusal(404, 'notFound', `Not found: ${call.method} ${call.path}`);
    if (route.name === 'job') return jobAnswer(project, route.jobId, job);
    // BigQuery waits for the query; an answer at once would let the client ask again without a pause.
    if (!job.complete) await wait(50, undefined, { signal: closing.signal });
    const offset = Number(route.search.get('pageToken') ?? route.search.get('startIndex') ?? 0);
    const maxResults = route.search.get('maxResults') ?? undefined;
    return resultsAnswer('bigquery#getQueryResultsResponse', route.jobId, job, maxResults, offset);
  }

  async function safelyAnswer(call: FakeCall, route: Route, complete = true): Promise<Answer> {
    try {
      return await answerTo(call, route, complete);
    } catch (error) {
      return refusalAnswer(error);
    }
  }

  async function respond(call: FakeCall, route: Route, response: ServerResponse): Promise<void> {
    const failure = fault?.(call);
    if (!failure) return send(response, await safelyAnswer(call, route));
    switch (failure.kind) {
      case 'error':
        return send(
          response,
          errorAnswer(failure.status, failure.reason, failure.message, failure.contentType),
        );
      case 'html':
        return send(response, htmlAnswer(failure.status ?? 200));
      case 'cutOff':
        if (failure.stored) await safelyAnswer(call, route);
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
        response.write('{"kind"');
        await wait(50, undefined, { signal: closing.signal });
        response.destroy();
        return;
      case 'resetBefore':
        response.destroy();
        return;
      case 'resetAfter':
        await safelyAnswer(call, route);
        response.destroy();
        return;
      case 'hang':
        return;
      case 'hangAfter':
        await safelyAnswer(call, route);
        return;
      case 'delay':
        await wait(failure.ms, undefined, { signal: closing.signal });
        return send(response, await safelyAnswer(call, route));
      case 'insertErrors':
        if (call.kind !== 'insertAll') return send(response, await safelyAnswer(call, route));
        return send(
          response,
          jsonAnswer(200, { kind: insertKind, insertErrors: failure.errors(call.body?.rows ?? []) }),
        );
      case 'neverComplete':
        return send(response, await safelyAnswer(call, route, false));
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await readBytes(request);
    const route = routeOf(request);
    const text = bytes.toString('utf8');
    const call = describeCall(calls.length, request, route, text, jobs);
    calls.push(call);
    if (bytes.length > requestLimitBytes) return send(response, htmlAnswer(413));
    if (text !== '' && typeof call.body === 'string') {
      return send(response, errorAnswer(400, 'parseError', 'Parse Error: the body is not JSON.'));
    }
    await respond(call, route, response);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // After the end nobody waits for an answer; anything else must be seen.
      if (closing.signal.aborted || response.headersSent) response.destroy();
      else send(response, refusalAnswer(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function run(sql: string): Promise<Record<string, unknown>[]> {
    const reader = await exclusively(() => connection.runAndReadAll(sql));
    const names = reader.columnNames();
    return reader
      .getRows()
      .map((row) => Object.fromEntries(row.map((value, index) => [names[index] ?? '', plain(value)])));
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    project,
    dataset,
    calls,
    run,
    rows: (table) => run(`SELECT * FROM ${quoted(dataset)}.${quoted(table)}`),
    async clear(table) {
      await run(`DELETE FROM ${quoted(dataset)}.${quoted(table)}`);
      storedInsertIds.get(table)?.clear();
    },
    async close() {
      closing.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await exclusively(async () => {
        connection.closeSync();
        instance.closeSync();
      });
    },
  };
}

// Requests and answers

type Route = {
  name: 'insertAll' | 'startQuery' | 'startJob' | 'job' | 'results' | 'unknown';
  project: string;
  dataset?: string;
  table?: string;
  jobId?: string;
  search: URLSearchParams;
};

const routes = [
  { method: 'POST', name: 'insertAll', path: '/datasets/(?<dataset>[^/]+)/tables/(?<table>[^/]+)/insertAll' },
  { method: 'POST', name: 'startQuery', path: '/queries' },
  { method: 'GET', name: 'results', path: '/queries/(?<jobId>[^/]+)' },
  { method: 'POST', name: 'startJob', path: '/jobs' },
  { method: 'GET', name: 'job', path: '/jobs/(?<jobId>[^/]+)' },
] as const;

const insertKind = 'bigquery#tableDataInsertAllResponse';

function routeOf(request: IncomingMessage): Route {
  const { pathname, searchParams: search } = new URL(request.url ?? '/', 'http://127.0.0.1');
  for (const { method, name, path } of routes) {
    const match = new RegExp(`^/bigquery/v2/projects/(?<project>[^/]+)${path}$`).exec(
      decodeURIComponent(pathname),
    );
    if (match?.groups && request.method === method) {
      return { name, search, project: '', ...match.groups };
    }
  }
  return { name: 'unknown', project: '', search };
}

function describeCall(
  index: number,
  request: IncomingMessage,
  route: Route,
  text: string,
  jobs: Map<string, Job>,
) {
  const isQuery = route.name === 'startQuery' || route.name === 'startJob';
  const call: FakeCall = {
    index,
    kind: route.name === 'insertAll' ? 'insertAll' : isQuery ? 'query' : 'other',
    method: request.method ?? '',
    path: request.url ?? '',
    body: parsedOrText(text),
    headers: request.headers,
    atMs: Date.now(),
  };
  if (route.table) call.table = route.table;
  const query = isQuery ? queryConfiguration(call.body).query : jobs.get(route.jobId ?? '')?.query;
  if (query !== undefined) call.query = query;
  if (isQuery) {
    const parameters: QueryParameter[] = queryConfiguration(call.body).queryParameters ?? [];
    call.parameters = Object.fromEntries(parameters.map((sent) => [sent.name ?? '', parameterText(sent)]));
  }
  return call;
}

/** What the two ways to start a query have in common. */
function queryConfiguration(body: FakeCall['body']): {
  query?: string;
  parameterMode?: string;
  queryParameters?: QueryParameter[];
} {
  return body?.configuration?.query ?? body ?? {};
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, contentType, text }: Answer): void {
  response.writeHead(status, { 'content-type': contentType });
  response.end(text);
}

function jsonAnswer(status: number, body: unknown): Answer {
  return { status, contentType: 'application/json', text: JSON.stringify(body) };
}

function htmlAnswer(status: number): Answer {
  return { status, contentType: 'text/html', text: `<html><title>${status}</title></html>` };
}

function errorAnswer(
  status: number,
  reason: string,
  message: string,
  contentType = 'application/json',
): Answer {
  const error = { code: status, message, errors: [{ message, domain: 'global', reason }] };
  return { status, contentType, text: JSON.stringify({ error }) };
}

function jobAnswer(project: string, jobId: string, job: Job): Answer {
  return jsonAnswer(200, {
    kind: 'bigquery#job',
    id: `${project}:${job.location}.${jobId}`,
    jobReference: { projectId: project, jobId, location: job.location },
    configuration: { jobType: 'QUERY', query: { query: job.query, useLegacySql: false } },
    status: { state: job.complete ? 'DONE' : 'RUNNING' },
  });
}

/** An error that becomes an answer. */
function refusal(status: number, reason: string, message: string): Error {
  return Object.assign(new Error(message), { status, reason });
}

function refusalAnswer(error: unknown): Answer {
  const { status, reason, message } = error as { status?: number; reason?: string; message?: string };
  if (status && reason) return errorAnswer(status, reason, message ?? '');
  return errorAnswer(500, 'internalError', `The fake itself failed: ${message ?? error}`);
}

/** One thing after the other, so that no two requests meet on the one connection. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}

// Tables and rows

type CheckedRow = { cells: DuckDBValue[]; errors: RowError[] };
type CheckOptions = { ignoreUnknownValues: boolean; now: () => number; project: string; dataset: string };

const columnTypes: Record<string, { duckdb: string; type: DuckDBType }> = {
  INT64: { duckdb: 'BIGINT', type: BIGINT },
  FLOAT64: { duckdb: 'DOUBLE', type: DOUBLE },
  BOOL: { duckdb: 'BOOLEAN', type: BOOLEAN },
  STRING: { duckdb: 'VARCHAR', type: VARCHAR },
  TIMESTAMP: { duckdb: 'TIMESTAMPTZ', type: TIMESTAMPTZ },
  JSON: { duckdb: 'JSON', type: VARCHAR },
};

function columnType(type = ''): DuckDBType {
  return columnTypes[type]?.type ?? VARCHAR;
}

function readTables(): Table[] {
  const folder = new URL('../../functions/schema/', import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const { schema, partition } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      return { name: file.replace(/\.json$/, ''), fields: schema, partitionField: partition?.field ?? '' };
    });
}

/** The views, in DuckDB's SQL: it is DuckDB that answers. */
function readViews(
  dataset: string,
  billing: Config['billing'],
  now: (() => number) | undefined,
): Map<string, string> {
  const moment = now === undefined ? 'now()' : `TIMESTAMPTZ '${isoText(BigInt(now()) * 1000n)}'`;
  return readDuckDbViews({ dataset: quoted(dataset), now: moment, ...billingPlaceholders(billing) });
}

function tablesStatements(dataset: string, tables: Table[]): string[] {
  const statements = tables.map(({ name, fields }) => {
    const columns = fields.map(
      (field) => `${quoted(field.name)} ${columnTypes[field.type]?.duckdb ?? field.type}`,
    );
    return `CREATE TABLE ${quoted(dataset)}.${quoted(name)} (${columns.join(', ')})`;
  });
  return [`CREATE SCHEMA IF NOT EXISTS ${quoted(dataset)}`, ...statements];
}

function checkRow(table: Table, json: Record<string, unknown>, options: CheckOptions): CheckedRow {
  const errors: RowError[] = [];
  for (const name of options.ignoreUnknownValues ? [] : Object.keys(json ?? {})) {
    if (!table.fields.some((field) => field.name === name)) {
      errors.push(rowError('invalid', name, `no such field: ${name}.`));
    }
  }
  const cells = table.fields.map((field) => {
    const value = json && Object.hasOwn(json, field.name) ? json[field.name] : null;
    if (value === null) {
      if (field.mode === 'REQUIRED')
        errors.push(rowError('invalid', '', `Missing required field: ${field.name}.`));
      return null;
    }
    try {
      const cell = cellOf(field.type, value);
      if (field.name === table.partitionField)
        checkBounds(table, field, cell as DuckDBTimestampTZValue, options);
      return cell;
    } catch (error) {
      errors.push(rowError('invalid', field.name, (error as Error).message));
      return null;
    }
  });
  return { cells, errors };
}

function rowError(reason: string, location: string, message: string): RowError {
  return { reason, location, debugInfo: '', message };
}

/** Which days BigQuery takes for streaming: https://cloud.google.com/bigquery/docs/write-api-rest */
function checkBounds(table: Table, field: Field, cell: DuckDBTimestampTZValue, options: CheckOptions): void {
  const { now, project, dataset } = options;
  const daysAhead = Math.floor(Number(cell.micros) / 1000 / dayMs) - Math.floor(now() / dayMs);
  if (daysAhead >= -3650 && daysAhead <= 366) return;
  throw new RangeError(
    `Value ${isoText(cell.micros)} for field ${field.name} of the destination table ${project}:${dataset}.${table.name} ` +
      'is outside the allowed bounds. You can only stream to date range within 3650 days in the past and 366 days ' +
      'in the future relative to the current date.',
  );
}

function cellOf(type: string, value: unknown): DuckDBValue {
  if (Array.isArray(value)) throw new TypeError('Array specified for non-repeated field.');
  if (typeof value === 'object') throw new TypeError('This field is not a record.');
  switch (type) {
    case 'INT64':
      return int64Of(value);
    case 'FLOAT64': {
      const isNumeric = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
      if (isNumeric && Number.isFinite(Number(value))) return Number(value);
      throw new TypeError(`Cannot convert value to floating point (bad value): ${value}`);
    }
    case 'BOOL':
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw new TypeError(`Cannot convert value to boolean (bad value): ${value}`);
    case 'STRING':
      if (typeof value === 'string') return value;
      throw new TypeError(`Cannot convert value to string (bad value): ${value}`);
    case 'TIMESTAMP':
      return timestampOf(value);
    case 'JSON':
      if (typeof value === 'string') return storedJson(value);
      throw new TypeError(`Cannot convert value to JSON, text expected (bad value): ${value}`);
    default:
      throw new TypeError(`The fake knows no column type ${type}.`);
  }
}

/** A number above 2^53 has lost digits on its way, so it is refused although BigQuery might take it. */
function int64Of(value: unknown): bigint {
  const isInteger =
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^[+-]?\d+$/.test(value));
  const integer = isInteger
    ? BigInt(typeof value === 'string' ? value.replace('+', '') : (value as number))
    : undefined;
  if (integer !== undefined && BigInt.asIntN(64, integer) === integer) return integer;
  throw new TypeError(`Cannot convert value to integer (bad value): ${value}`);
}

function timestampOf(value: unknown): DuckDBTimestampTZValue {
  if (typeof value === 'number' && value >= -62_135_596_800 && value < 253_402_300_800) {
    return new DuckDBTimestampTZValue(BigInt(Math.round(value * 1_000_000)));
  }
  const text = typeof value === 'string' ? value : '';
  const match =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z| UTC|([+-])(\d\d)(?::?(\d\d))?)$/.exec(text);
  const [, date, time, fraction = '', sign, hours = '0', minutes = '0'] = match ?? [];
  const utc = new Date(`${date}T${time}.000Z`);
  // The 30th of February would become the 2nd of March.
  if (!match || Number.isNaN(utc.getTime()) || !utc.toISOString().startsWith(`${date}T${time}`)) {
    throw new TypeError(`Could not parse '${value}' as a timestamp.`);
  }
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  return new DuckDBTimestampTZValue(
    BigInt(utc.getTime() - offsetMs) * 1000n + BigInt(fraction.padEnd(6, '0')),
  );
}

/**
 * What BigQuery keeps of a JSON text: no spaces, keys sorted, integers of up to 64 bits exact, other numbers as
 * FLOAT64 (`1` and `1.0` stay apart), so that nothing relies on getting back the text that was sent.
 */
function storedJson(text: string): string {
  const json = JSON as unknown as { rawJSON(text: string): unknown; isRawJSON(value: unknown): boolean };
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source ?? '';
    if (typeof value === 'number') {
      const integer = /^-?\d+$/.test(source) ? BigInt(source) : undefined;
      if (integer !== undefined && integer >= -(2n ** 63n) && integer < 2n ** 64n)
        return json.rawJSON(source);
      if (!Number.isFinite(value)) throw new RangeError(`Number out of range: ${source}`);
      return Number.isInteger(value) && Math.abs(value) < 1e15 ? json.rawJSON(`${value}.0`) : value;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value) || json.isRawJSON(value))
      return value;
    return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
  };
  return JSON.stringify(JSON.parse(text, revive));
}

function isoText(micros: bigint): string {
  const fraction = ((micros % 1000n) + 1000n) % 1000n;
  const text = new Date(Number((micros - fraction) / 1000n)).toISOString();
  return `${text.slice(0, -1)}${String(fraction).padStart(3, '0')}Z`;
}

function plain(value: DuckDBValue): unknown {
  if (value instanceof DuckDBTimestampTZValue) return isoText(value.micros);
  if (value instanceof DuckDBListValue) return value.items.map(plain);
  const hasText = value instanceof DuckDBDecimalValue || value instanceof DuckDBDateValue;
  return hasText || value instanceof DuckDBTimestampValue ? value.toString() : value;
}

// Queries

type Translated = {
  sql: string;
  values: Record<string, DuckDBValue>;
  types: Record<string, DuckDBType>;
  isOrdered: boolean;
};

/** Functions of BigQuery that DuckDB lacks. `if`, `ifnull`, `countif` and QUALIFY it has. */
const sessionStatements = [
  "SET TimeZone = 'UTC'",
  "SET default_null_order = 'nulls_first_on_asc_last_on_desc'",
  'CREATE MACRO timestamp_sub(moment, amount) AS moment - amount',
  'CREATE MACRO timestamp_add(moment, amount) AS moment + amount',
  'CREATE MACRO bq_timestamp(value) AS CAST(value AS TIMESTAMPTZ)',
  "CREATE MACRO to_json_string(value) AS coalesce(CAST(to_json(value) AS VARCHAR), 'null')",
  'CREATE MACRO parse_json(value) AS CAST(value AS JSON)',
  'CREATE MACRO unix_micros(moment) AS epoch_us(moment)',
  'CREATE MACRO unix_millis(moment) AS epoch_ms(moment)',
  'CREATE MACRO timestamp_micros(micros) AS make_timestamptz(micros)',
  'CREATE MACRO timestamp_millis(millis) AS make_timestamptz(millis * 1000)',
  'CREATE MACRO timestamp_seconds(seconds) AS make_timestamptz(seconds * 1000000)',
  'CREATE MACRO logical_or(value) AS bool_or(value)',
  'CREATE MACRO logical_and(value) AS bool_and(value)',
];

const castTypes: Record<string, string> = {
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  BOOL: 'BOOLEAN',
  STRING: 'VARCHAR',
  TIMESTAMP: 'TIMESTAMPTZ',
  NUMERIC: 'DECIMAL(38, 9)',
};

const intervalFunctions: Record<string, (amount: string) => string> = {
  MICROSECOND: (amount) => `to_microseconds(${amount})`,
  MILLISECOND: (amount) => `to_milliseconds(${amount})`,
  SECOND: (amount) => `to_seconds(${amount})`,
  MINUTE: (amount) => `to_minutes(${amount})`,
  HOUR: (amount) => `to_hours(${amount})`,
  DAY: (amount) => `to_hours(24 * (${amount}))`,
};

const tokens =
  /--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|[rR]?'(?:\\[\s\S]|[^'\\])*'|[rR]?"(?:\\[\s\S]|[^"\\])*"|`[^`]+`/g;

/**
 * BigQuery SQL as DuckDB SQL. Texts and names in quotes are taken out first, so that the patterns see only code.
 * Parameters become typed casts: a NULL has a type too, and a wrong type fails as it does in BigQuery.
 */
function translate(
  query: string,
  parameters: QueryParameter[],
  context: {
    nameOf: (project: string, dataset: string, name: string) => string;
    project: string;
    now: () => number;
  },
): Translated {
  const kept: string[] = [];
  const keep = (marker: string, text: string) => `⟦${marker}${kept.push(text) - 1}⟧`;
  const values: Translated['values'] = {};
  const types: Translated['types'] = {};
  const code = query.replace(tokens, (token) => {
    if (/^(--|#|\/\*)/.test(token)) return ' ';
    return token.startsWith('`')
      ? keep('name', tableOrName(token, context))
      : keep('text', duckdbText(token));
  });
  const moment = isoText(BigInt(context.now()) * 1000n);
  let sql = code
    .replace(/\bCURRENT_TIMESTAMP\b(\s*\(\s*\))?/gi, () => `TIMESTAMPTZ ${keep('text', `'${moment}'`)}`)
    .replace(/\bSAFE_CAST\s*\(/gi, 'TRY_CAST(')
    .replace(/\bTIMESTAMP\s*\(/gi, 'bq_timestamp(')
    .replace(/\bTIMESTAMP\s+(?=⟦text)/gi, 'TIMESTAMPTZ ')
    .replace(/\bAS\s+(\w+)\s*\)/gi, (whole, type: string) => {
      const castType = castTypes[type.toUpperCase()];
      return castType ? `AS ${castType})` : whole;
    })
    .replace(/\*\s*EXCEPT\s*\(/gi, '* EXCLUDE (')
    .replace(/\bINTERVAL\s+(@?\w+|\([^()]*\))\s+(\w+)/gi, (whole, amount: string, unit: string) => {
      return intervalFunctions[unit.toUpperCase()]?.(amount) ?? whole;
    });
  sql = replaceUnnest(sql).replace(/@(\w+)/g, (_whole, name: string) => {
    const parameter = parameters.find((sent) => sent.name?.toLowerCase() === name.toLowerCase());
    if (!parameter) throw refusal(400, 'invalidQuery', `Query parameter '${name}' not found`);
    const key = `parameter_${name.toLowerCase()}`;
    const { type, value, castType } = parameterOf(parameter);
    values[key] = value;
    if (value !== null) types[key] = type;
    return `CAST($${key} AS ${castType})`;
  });
  const isOrdered = /\bORDER\s+BY\b/i.test(withoutParentheses(sql));
  sql = sql.replace(/⟦(?:name|text)(\d+)⟧/g, (_whole, index: string) => kept[Number(index)] ?? '');
  return { sql, values, types, isOrdered };
}

function tableOrName(
  token: string,
  {
    nameOf,
    project,
  }: { nameOf: (project: string, dataset: string, name: string) => string; project: string },
): string {
  const parts = token.slice(1, -1).split('.');
  const name = parts.pop() ?? '';
  const dataset = parts.pop();
  if (dataset === undefined) return quoted(name);
  return `${quoted(dataset)}.${quoted(nameOf(parts.length > 0 ? parts.join('.') : project, dataset, name))}`;
}

const escapes: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
};

function duckdbText(token: string): string {
  const isRaw = /^r/i.test(token);
  const body = token.slice(isRaw ? 2 : 1, -1);
  const text = isRaw
    ? body
    : body.replace(/\\([\s\S])/g, (_whole, letter: string) => {
        const character = escapes[letter];
        if (character === undefined)
          throw refusal(400, 'invalidQuery', `Syntax error: Illegal escape: \\${letter}`);
        return character;
      });
  return `'${text.replaceAll("'", "''")}'`;
}

/** `x IN UNNEST(list)` and `FROM UNNEST(list) AS name`; DuckDB's unnest is a column there, not a list or a table. */
function replaceUnnest(sql: string): string {
  const start = /\bUNNEST\s*\(/i.exec(sql);
  if (!start) return sql;
  const open = start.index + start[0].length;
  let end = open;
  for (let depth = 1; end < sql.length && depth > 0; end += 1) {
    if (sql[end] === '(') depth += 1;
    else if (sql[end] === ')') depth -= 1;
  }
  const before = sql.slice(0, start.index);
  const list = `un_nest(${replaceUnnest(sql.slice(open, end - 1))})`;
  const rest = sql.slice(end);
  const alias = /^\s+AS\s+(\w+)/i.exec(rest);
  const isTable = alias && !/\bIN\s*$/i.test(before);
  const after = replaceUnnest(isTable ? rest.slice(alias[0].length) : rest);
  const replaced = isTable ? `(SELECT ${list} AS ${alias[1]}) AS ${alias[1]}` : `(SELECT ${list})`;
  return `${before}${replaced}${after}`.replaceAll('un_nest(', 'unnest(');
}

function withoutParentheses(sql: string): string {
  const flat = sql.replace(/\([^()]*\)/g, ' ');
  return flat === sql ? sql : withoutParentheses(flat);
}

function parameterText({ parameterValue }: QueryParameter): ParameterText {
  if (parameterValue?.arrayValues) return parameterValue.arrayValues.map(({ value }) => value ?? null);
  return parameterValue?.value ?? null;
}

function parameterOf(parameter: QueryParameter): { type: DuckDBType; value: DuckDBValue; castType: string } {
  const isList = parameter.parameterType.type === 'ARRAY';
  const name = (isList ? parameter.parameterType.arrayType?.type : parameter.parameterType.type) ?? '';
  const scalar = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' }[name] ?? name;
  const known = columnTypes[scalar];
  if (!known) throw refusal(400, 'invalidQuery', `The fake knows no parameter type ${name}.`);
  const parsed = (text: string | null): DuckDBValue => {
    try {
      // The client writes nine digits, of which BigQuery keeps six.
      return text === null
        ? null
        : cellOf(scalar, scalar === 'TIMESTAMP' ? text.replace(/(\.\d{6})000/, '$1') : text);
    } catch (error) {
      throw refusal(
        400,
        'invalid',
        `Invalid value for parameter '${parameter.name}': ${(error as Error).message}`,
      );
    }
  };
  const text = parameterText(parameter);
  if (!isList) return { type: known.type, value: parsed(text as string | null), castType: known.duckdb };
  const value = Array.isArray(text) ? listValue(text.map(parsed)) : null;
  return { type: LIST(known.type), value, castType: `${known.duckdb}[]` };
}

async function runQuery(
  connection: DuckDBConnection,
  { sql, values, types, isOrdered }: Translated,
): Promise<{ fields: ResultField[]; rows: ResultRow[] }> {
  try {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) throw new Error('The fake runs one statement at a time.');
    const prepared = await statements.prepare(0);
    if (prepared.statementType !== StatementType.SELECT) throw new Error('The fake runs queries only.');
    prepared.bind(values, types);
    const reader = await prepared.runAndReadAll();
    const columns = reader.columnTypes();
    const fields = reader.columnNames().map((name, index) => resultField(name, index, columns[index]));
    const rows = reader.getRows().map((row) => ({ f: row.map((value) => ({ v: resultValue(value) })) }));
    return { fields, rows: isOrdered ? rows : rows.reverse() };
  } catch (error) {
    throw refusal(400, 'invalidQuery', (error as Error).message);
  }
}

const resultTypes: Partial<Record<DuckDBTypeId, string>> = {
  [DuckDBTypeId.TINYINT]: 'INTEGER',
  [DuckDBTypeId.SMALLINT]: 'INTEGER',
  [DuckDBTypeId.INTEGER]: 'INTEGER',
  [DuckDBTypeId.BIGINT]: 'INTEGER',
  [DuckDBTypeId.HUGEINT]: 'INTEGER',
  [DuckDBTypeId.UBIGINT]: 'INTEGER',
  [DuckDBTypeId.FLOAT]: 'FLOAT',
  [DuckDBTypeId.DOUBLE]: 'FLOAT',
  [DuckDBTypeId.DECIMAL]: 'NUMERIC',
  [DuckDBTypeId.BOOLEAN]: 'BOOLEAN',
  [DuckDBTypeId.VARCHAR]: 'STRING',
  [DuckDBTypeId.DATE]: 'DATE',
  [DuckDBTypeId.TIMESTAMP]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'TIMESTAMP',
  [DuckDBTypeId.SQLNULL]: 'INTEGER',
};

/** A column without a name is `f0_`, `f1_`, … in BigQuery. */
function resultField(name: string, index: number, columnType: DuckDBType | undefined): ResultField {
  const isList = columnType instanceof DuckDBListType;
  const scalar = isList ? columnType.valueType : columnType;
  const type = scalar?.alias === 'JSON' ? 'JSON' : scalar && resultTypes[scalar.typeId];
  if (!type) throw new Error(`The fake cannot answer column ${name} of type ${columnType}.`);
  return {
    name: /^[A-Za-z_]\w*$/.test(name) ? name : `f${index}_`,
    type,
    mode: isList ? 'REPEATED' : 'NULLABLE',
  };
}

function resultValue(value: DuckDBValue): unknown {
  if (value === null) return null;
  if (value instanceof DuckDBTimestampTZValue) return String(value.micros);
  if (value instanceof DuckDBTimestampValue) return value.toString().replace(' ', 'T');
  if (value instanceof DuckDBListValue) return value.items.map((item) => ({ v: resultValue(item) }));
  return String(value);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
