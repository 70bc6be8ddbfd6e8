import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type Answer, jsonAnswer, refusal } from './answers.ts';
import type { FakeCall, Route } from './calls.ts';
import type { QueryResult, Store } from './store.ts';

interface Job extends QueryResult {
  query: string;
  location: string;
  isComplete: boolean;
}

export interface Jobs {
  queryOf(jobId: string): string | undefined;
  /** Answers everything but inserts; a query that is not complete never will be. */
  answer(call: FakeCall, route: Route, isComplete: boolean): Promise<Answer>;
}

const PAGE_LIMIT_ROWS = 10_000;
// BigQuery waits for the query; an answer at once would let the client ask again without a pause.
const RESULT_WAIT_MS = 50;

/** The queries that were started, with their whole results, from which the pages are cut. */
export function createJobs(store: Store, project: string, closing: AbortSignal): Jobs {
  const jobs = new Map<string, Job>();

  async function start(
    call: FakeCall,
    { jobId = `job_${randomUUID()}`, location = 'US' }: { jobId?: string; location?: string },
    isComplete: boolean,
  ): Promise<{ jobId: string; job: Job }> {
    const { query = '' } = call;
    if (jobs.has(jobId))
      throw refusal(409, 'duplicate', `Already Exists: Job ${project}:${location}.${jobId}`);
    const result = isComplete ? await store.query(call) : { fields: [], rows: [] };
    const job = { query, location, isComplete, ...result };
    jobs.set(jobId, job);
    return { jobId, job };
  }

  function jobAnswer(jobId: string, { location, query, isComplete }: Job): Answer {
    return jsonAnswer(200, {
      kind: 'bigquery#job',
      id: `${project}:${location}.${jobId}`,
      jobReference: { projectId: project, jobId, location },
      configuration: { jobType: 'QUERY', query: { query, useLegacySql: false } },
      status: { state: isComplete ? 'DONE' : 'RUNNING' },
    });
  }

  function resultsAnswer(kind: string, jobId: string, job: Job, maxResults: unknown, offset: number): Answer {
    const jobReference = { projectId: project, jobId, location: job.location };
    if (!job.isComplete) return jsonAnswer(200, { kind, jobReference, jobComplete: false });
    const limit = Math.min(Number(maxResults ?? PAGE_LIMIT_ROWS) || PAGE_LIMIT_ROWS, PAGE_LIMIT_ROWS);
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

  return {
    queryOf: (jobId) => jobs.get(jobId)?.query,
    async answer(call, route, isComplete) {
      if (route.project !== project) throw refusal(404, 'notFound', `Not found: Project ${route.project}`);
      const { body } = call;
      if (route.name === 'table' || route.name === 'dataset') return jsonAnswer(200, store.metadata(route));
      if (route.name === 'startQuery' && body.dryRun === true) {
        const { fields } = await store.query(call);
        return jsonAnswer(200, {
          kind: 'bigquery#queryResponse',
          jobComplete: true,
          jobReference: { projectId: project, location: body.location ?? 'US' },
          schema: { fields },
          totalBytesProcessed: '10485760',
          cacheHit: false,
        });
      }
      if (route.name === 'startQuery') {
        const { jobId, job } = await start(call, { location: body.location }, isComplete);
        return resultsAnswer('bigquery#queryResponse', jobId, job, body.maxResults, 0);
      }
      if (route.name === 'startJob') {
        const { jobId, job } = await start(call, body.jobReference ?? {}, isComplete);
        return jobAnswer(jobId, job);
      }
      const { jobId = '', search } = route;
      const job = jobs.get(jobId);
      if (!job) throw refusal(404, 'notFound', `Not found: ${call.method} ${call.path}`);
      if (route.name === 'job') return jobAnswer(jobId, job);
      if (!job.isComplete) await wait(RESULT_WAIT_MS, undefined, { signal: closing });
      const offset = Number(search.get('pageToken') ?? search.get('startIndex') ?? 0);
      const maxResults = search.get('maxResults') ?? undefined;
      return resultsAnswer('bigquery#getQueryResultsResponse', jobId, job, maxResults, offset);
    },
  };
}
