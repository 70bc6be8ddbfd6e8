import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** One request as it came, kept before anything is done with it. */
export interface FakeCall {
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
  /** How long the answer was that its work led to. */
  answerBytes?: number;
}

export type ParameterText = string | null | (string | null)[];

export interface QueryParameter {
  name?: string;
  parameterType: { type: string; arrayType?: { type: string } };
  parameterValue?: { value?: string | null; arrayValues?: { value?: string | null }[] };
}

export interface Route {
  name: 'insertAll' | 'table' | 'dataset' | 'startQuery' | 'startJob' | 'job' | 'results' | 'unknown';
  project: string;
  dataset?: string;
  table?: string;
  jobId?: string;
  search: URLSearchParams;
}

const ROUTES = [
  { method: 'POST', name: 'insertAll', path: '/datasets/(?<dataset>[^/]+)/tables/(?<table>[^/]+)/insertAll' },
  { method: 'GET', name: 'table', path: '/datasets/(?<dataset>[^/]+)/tables/(?<table>[^/]+)' },
  { method: 'GET', name: 'dataset', path: '/datasets/(?<dataset>[^/]+)' },
  { method: 'POST', name: 'startQuery', path: '/queries' },
  { method: 'GET', name: 'results', path: '/queries/(?<jobId>[^/]+)' },
  { method: 'POST', name: 'startJob', path: '/jobs' },
  { method: 'GET', name: 'job', path: '/jobs/(?<jobId>[^/]+)' },
] as const;

export function routeOf(request: IncomingMessage): Route {
  const { pathname, searchParams: search } = new URL(request.url ?? '/', 'http://127.0.0.1');
  for (const { method, name, path } of ROUTES) {
    const match = new RegExp(`^/bigquery/v2/projects/(?<project>[^/]+)${path}$`).exec(
      decodeURIComponent(pathname),
    );
    if (match?.groups && request.method === method) {
      return { name, search, project: '', ...match.groups };
    }
  }
  return { name: 'unknown', project: '', search };
}

/** Describes a request; `queryOf` knows what the jobs that were started before it ask. */
export function describeCall(
  index: number,
  request: IncomingMessage,
  route: Route,
  text: string,
  queryOf: (jobId: string) => string | undefined,
): FakeCall {
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
  const query = isQuery ? queryConfiguration(call.body).query : queryOf(route.jobId ?? '');
  if (query !== undefined) call.query = query;
  if (isQuery) {
    const parameters: QueryParameter[] = queryConfiguration(call.body).queryParameters ?? [];
    call.parameters = Object.fromEntries(parameters.map((sent) => [sent.name ?? '', parameterText(sent)]));
  }
  return call;
}

/** What the two ways to start a query have in common. */
export function queryConfiguration(body: FakeCall['body']): {
  query?: string;
  parameterMode?: string;
  queryParameters?: QueryParameter[];
} {
  return body?.configuration?.query ?? body ?? {};
}

export function parameterText({ parameterValue }: QueryParameter): ParameterText {
  if (parameterValue?.arrayValues) return parameterValue.arrayValues.map(({ value }) => value ?? null);
  return parameterValue?.value ?? null;
}

export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
