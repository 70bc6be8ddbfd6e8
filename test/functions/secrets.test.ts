import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThroughClient } from 'google-auth-library';
import { test as base, describe, expect } from 'vitest';
import { SyncError } from '../../functions/errors.ts';
import { readCredentials, readVersionedCredentials } from '../../functions/secrets.ts';

const KEY_VERSION = 'projects/p/secrets/kondado-api-key/versions/latest';
const TOKEN_VERSION = 'projects/p/secrets/kondado-token/versions/3';
const ROLE = 'roles/secretmanager.secretAccessor';

type Reply = (response: ServerResponse) => void;

interface SecretManager {
  /** What is answered for a version; any other is unknown. */
  replies: Map<string, Reply>;
  /** The versions that were asked for. */
  asked: string[];
  read: (secretVersion: string) => Promise<string>;
  options: Parameters<typeof readCredentials>[1];
}

const test = base.extend<{ secrets: SecretManager }>({
  async secrets({ task: _task }, use) {
    const replies = new Map<string, Reply>();
    const asked: string[] = [];
    const server: Server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
      const [, version = ''] = /^\/v1\/(.+):access$/.exec(path) ?? [];
      asked.push(version);
      const reply = replies.get(version) ?? failure(404, 'NOT_FOUND', `Secret [${version}] not found.`);
      reply(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const options = {
      apiEndpoint: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      protocol: 'http',
      projectId: 'p',
      authClient: new PassThroughClient(),
    };
    await use({
      replies,
      asked,
      options,
      read: async (secretVersion) => (await readCredentials({ key: { secretVersion } }, options)).key,
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
});

/** The answer of https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access */
function payload(value: string | Buffer): Reply {
  return (response) => {
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ name: KEY_VERSION, payload: { data: Buffer.from(value).toString('base64') } }),
    );
  };
}

function failure(code: number, status: string, message: string): Reply {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code, message, status } }));
  };
}

async function faultOf(reading: Promise<unknown>): Promise<SyncError> {
  const error = await reading.then(
    (value) => expect.unreachable(`It was read: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SyncError);
  return error as SyncError;
}

describe('a credential in Secret Manager', () => {
  test('is read under its name, without the end of its line', async ({ secrets }) => {
    secrets.replies.set(KEY_VERSION, payload(' 5a4db0c5-key\r\n'));
    expect(await secrets.read(KEY_VERSION)).toBe('5a4db0c5-key');
    expect(secrets.asked).toEqual([KEY_VERSION]);
  });

  test('comes together with one that is given as it is', async ({ secrets }) => {
    secrets.replies.set(TOKEN_VERSION, payload('token-é'));
    const read = await readCredentials(
      { key: { value: 'given' }, token: { secretVersion: TOKEN_VERSION } },
      secrets.options,
    );
    expect(read).toEqual({ key: 'given', token: 'token-é' });
    expect(secrets.asked).toEqual([TOKEN_VERSION]);
  });

  test('is told with the version that latest stands for; one that is given has none', async ({ secrets }) => {
    const name = KEY_VERSION.replace('latest', '12');
    const data = Buffer.from('value').toString('base64');
    secrets.replies.set(KEY_VERSION, (response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name, payload: { data } }));
    });
    const read = await readVersionedCredentials(
      { key: { secretVersion: KEY_VERSION }, token: { value: 'given' } },
      secrets.options,
    );
    expect(read).toEqual({
      key: { value: 'value', version: '12' },
      token: { value: 'given', version: null },
    });
  });

  test('is asked for by nobody when both are given', async ({ secrets }) => {
    const given = { key: { value: 'k' }, token: { value: 't' } };
    expect(await readCredentials(given, secrets.options)).toEqual({ key: 'k', token: 't' });
    expect(secrets.asked).toEqual([]);
  });

  test('is used at once when it was rotated', async ({ secrets }) => {
    secrets.replies.set(KEY_VERSION, payload('old'));
    expect(await secrets.read(KEY_VERSION)).toBe('old');
    secrets.replies.set(KEY_VERSION, payload('new'));
    expect(await secrets.read(KEY_VERSION)).toBe('new');
  });

  test('is read at the second try when Secret Manager is away for a moment', async ({ secrets }) => {
    secrets.replies.set(KEY_VERSION, (response) => {
      secrets.replies.set(KEY_VERSION, payload('value'));
      failure(503, 'UNAVAILABLE', 'The service is currently unavailable.')(response);
    });
    expect(await secrets.read(KEY_VERSION)).toBe('value');
    expect(secrets.asked).toHaveLength(2);
  });

  test.for([
    {
      name: 'does not exist',
      reply: failure(404, 'NOT_FOUND', `Secret [${KEY_VERSION}] not found or has no versions.`),
      says: /no such secret or version/,
    },
    {
      name: 'may not be read',
      reply: failure(403, 'PERMISSION_DENIED', "Permission 'secretmanager.versions.access' denied."),
      says: /may not read it: grant it roles\/secretmanager\.secretAccessor/,
    },
    {
      name: 'is disabled',
      reply: failure(400, 'FAILED_PRECONDITION', `Secret Version [${KEY_VERSION}] is in DISABLED state.`),
      says: /disabled or destroyed/,
    },
    {
      name: 'is destroyed',
      reply: failure(400, 'FAILED_PRECONDITION', `Secret Version [${KEY_VERSION}] is in DESTROYED state.`),
      says: /disabled or destroyed/,
    },
    {
      name: 'is asked for without valid Google credentials',
      reply: failure(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
      says: /no valid Google credentials/,
    },
    { name: 'is empty', reply: payload(''), says: /is empty: add a version/ },
    { name: 'is only the end of a line', reply: payload(' \n'), says: /is empty: add a version/ },
  ])('that $name is said to be so, with its name', async ({ reply, says }, { secrets }) => {
    secrets.replies.set(KEY_VERSION, reply);
    const { code, message } = await faultOf(secrets.read(KEY_VERSION));
    expect(code).toBe('SECRET_UNAVAILABLE');
    expect(message).toContain(KEY_VERSION);
    expect(message).toMatch(says);
  });

  test('that cannot be read for a reason unknown is said to need its role', async ({ secrets }) => {
    secrets.replies.set(KEY_VERSION, failure(500, 'INTERNAL', 'Internal error encountered.'));
    const { code, message } = await faultOf(secrets.read(KEY_VERSION));
    expect(code).toBe('SECRET_UNAVAILABLE');
    expect(message).toContain(KEY_VERSION);
    expect(message).toContain(ROLE);
  });

  test('never shows in the fault of another one', async ({ secrets }) => {
    const value = 'never-to-be-seen';
    secrets.replies.set(KEY_VERSION, payload(value));
    secrets.replies.set(TOKEN_VERSION, failure(403, 'PERMISSION_DENIED', `${value} was denied`));
    const both = { key: { secretVersion: KEY_VERSION }, token: { secretVersion: TOKEN_VERSION } };
    const error = await faultOf(readCredentials(both, secrets.options));
    expect(error.message).toContain(TOKEN_VERSION);
    expect(error.message).toContain(ROLE);
    expect(error.cause).toBeUndefined();
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(value);
  });
});
