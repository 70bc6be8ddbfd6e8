import { gzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { expectRefusal, serveFunction, useDuckDb } from '../../support/server.ts';
import { test } from '../../support/test.ts';
import { runInDuckDb } from '../../support/warehouses.ts';

const { send, post } = serveFunction();

describe('the body', () => {
  const body = '{"streams":["model_logs"]}';
  test.for([
    'application/json',
    'application/json; charset=utf-8',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'text/plain',
    'text/html',
    'application/cloudevents+json',
    'multipart/form-data; boundary=x',
  ])('is read as JSON when it comes as %s', async (contentType, { folder, startKondado }) => {
    useDuckDb(await startKondado(), folder);
    const answer = await post(body, contentType);
    expect(answer.status).toBe(200);
    expect(answer.body.streams.map(({ stream }: { stream: string }) => stream)).toEqual(['model_logs']);
  });

  test('is read when it is compressed, too', async ({ folder, startKondado }) => {
    useDuckDb(await startKondado(), folder);
    const headers = { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' };
    const answer = await send({ method: 'POST', body: gzipSync(body), headers });
    expect(answer.body.streams).toHaveLength(1);
  });

  test.for<[string, RequestInit]>([
    ['nothing', {}],
    ['nothing, as JSON', { headers: { 'content-type': 'application/json' } }],
    ['nothing, as bytes', { headers: { 'content-type': 'application/octet-stream' } }],
    ['an empty text', { body: '' }],
    ['white space', { body: ' \r\n' }],
    ['an empty stream', { body: new Blob([]).stream(), duplex: 'half' } as RequestInit],
    ['an empty object', { body: '{}' }],
    ['an empty object behind a byte order mark', { body: '\ufeff{}' }],
  ])('of %s asks for all streams', async ([, init], { folder, startKondado }) => {
    useDuckDb(await startKondado(), folder);
    const answer = await send({ method: 'POST', ...init });
    expect(answer.body).toMatchObject({ outcome: 'success' });
    expect(answer.body.streams).toHaveLength(2);
  });

  test.for<[string, RequestInit, RegExp]>([
    ['without a Content-Type', { body: new TextEncoder().encode(body) }, /Content-Type/],
    [
      'in chunks without a Content-Type',
      { body: new Blob([body]).stream(), duplex: 'half' } as RequestInit,
      /Content-Type/,
    ],
    ['with an empty Content-Type', { body, headers: { 'content-type': '' } }, /Content-Type/],
    ['with a Content-Type that is none', { body, headers: { 'content-type': 'garbage' } }, /Content-Type/],
    ['that is no JSON, as a text', { body: 'streams=model_logs' }, /not JSON/],
    [
      'that is a form',
      { body: 'streams=model_logs', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      /not JSON/,
    ],
    [
      'that is no UTF-8',
      { body: new Uint8Array([0x7b, 0xff, 0x7d]), headers: { 'content-type': 'text/plain' } },
      /UTF-8/,
    ],
    ['that is an array', { body: '[]', headers: { 'content-type': 'application/json' } }, /JSON object/],
    ['with a key that does not exist', { body: '{"stream":["model_logs"]}' }, /"stream" is not a known key/],
  ])('%s is refused, and nothing is read or written', async ([, init, message], { folder, startKondado }) => {
    const kondado = await startKondado();
    const path = useDuckDb(kondado, folder);
    const answer = await send({ method: 'POST', ...init });
    expectRefusal(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.error.message).toMatch(message);
    expect(kondado.sandbox.requests).toEqual([]);
    expect(await runInDuckDb(path, 'SHOW TABLES')).toEqual([]);
  });

  test('names every fault at once', async () => {
    const answer = await post('{"streams":[],"from":"2026-09-01T00:00:00","from_id":-1,"speed":9}');
    expectRefusal(answer, 400, 'INVALID_REQUEST');
    for (const name of ['"streams"', '"from"', '"from_id"', '"speed"']) {
      expect(answer.body.error.message).toContain(name);
    }
  });

  test('sent as JSON that is none is refused by the framework with 400, without a stack', async () => {
    const { status, text } = await post('{"streams":', 'application/json');
    expect(status).toBe(400);
    expect(text).not.toMatch(/\bat .*:\d+:\d+|node_modules|SyntaxError/);
  });
});
