import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { VARIABLES } from '../../functions/variables.ts';
import '../../functions/index.ts';
import { parseJson } from '../../functions/json.ts';
import type { Environment } from './runs.ts';
import type { Kondado } from './test.ts';

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The function on a free port, as the framework serves it. */
export interface FunctionServer {
  url: string;
  close(): Promise<void>;
}

export async function startFunction(): Promise<FunctionServer> {
  const server = getTestServer('sync').listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: its shape is what the tests check
  body: any;
}

/** The function, served to all tests of a file; each test begins with no variable set and nothing written. */
export interface ServedFunction {
  send(init: RequestInit, path?: string): Promise<Answer>;
  post(body?: string, contentType?: string): Promise<Answer>;
  /** What the function wrote to stdout during this test. */
  output(): string;
}

export function serveFunction(): ServedFunction {
  let server: FunctionServer;
  let output = '';

  beforeAll(async () => {
    server = await startFunction();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    output = '';
    vi.spyOn(console, 'error').mockImplementation(() => {}); // the framework's own lines about malformed requests
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      output += chunk;
      return true;
    });
    for (const name of Object.keys(VARIABLES)) vi.stubEnv(name, undefined);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  const send = async (init: RequestInit, path = ''): Promise<Answer> => {
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? parseJson(text) : undefined,
    };
  };
  return {
    send,
    post: (body, contentType = 'application/json') =>
      send({
        method: 'POST',
        ...(body === undefined ? {} : { body, headers: { 'content-type': contentType } }),
      }),
    output: () => output,
  };
}

export function expectRefusal(answer: Answer, status: number, code: string): void {
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.body).toEqual({
    run_id: expect.stringMatching(UUID),
    outcome: 'failed',
    error: { code, message: expect.stringMatching(/\w{3,}/) },
    streams: [],
  });
  expect(Object.keys(answer.body)).toEqual(['run_id', 'outcome', 'error', 'streams']);
  expect(answer.status).toBe(status);
}

export function setEnvironment(env: Environment): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

/** Sets the environment of a function that reads this Kondado into a DuckDB file; returns the file's path. */
export function useDuckDb(kondado: Kondado, folder: string): string {
  const path = join(folder, 'kondado.duckdb');
  setEnvironment({ ...kondado.env, WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  return path;
}
