import { describe, expect } from 'vitest';
import type { Fault } from '../../../local/sandbox/server.ts';
import { testWith } from '../../support/contract.ts';
import { poster } from '../../support/post.ts';
import { load, pipelineRow } from '../../support/rows.ts';

const test = testWith('BigQuery');

describe('what an answer means does not depend on the credentials', () => {
  test.concurrent.for([
    { what: 'token', key: 'a-usual-key', token: 'T' },
    { what: 'token', key: 'a-usual-key', token: 'E' },
    { what: 'key', key: '_', token: 'a-usual-token' },
    { what: 'key', key: 'RATE', token: 'LIMIT' },
  ])('when throttled, with the $what $key and $token', async ({ key, token }, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 3),
      key: `${key}`,
      token,
      fault: ({ index }) => (index === 0 ? { kind: 'rateLimit' } : undefined),
    });
    const { stream } = await poster(kondado, warehouse)();
    expect(stream).toMatchObject({ outcome: 'success', rate_limit_hits: 1, rows_inserted: 3 });
  });

  test.concurrent.for<{ token: string; fault: Fault; code: string }>([
    {
      token: 'A',
      fault: { kind: 'envelopeError', error: 'UNAUTHORIZED', message: 'No.' },
      code: 'KONDADO_UNAUTHORIZED',
    },
    {
      token: 'K',
      fault: { kind: 'envelopeError', error: 'INVALID_KEY', message: 'No.' },
      code: 'KONDADO_UNAUTHORIZED',
    },
    {
      token: 'S',
      fault: { kind: 'envelopeError', error: 'SOMETHING', message: 'No.' },
      code: 'KONDADO_UNEXPECTED_RESPONSE',
    },
  ])('when refused, with the token $token', async ({ token, fault, code }, { startKondado, warehouse }) => {
    const kondado = await startKondado({ token, fault: () => fault });
    const { stream } = await poster(kondado, warehouse)();
    expect(stream.error?.code).toBe(code);
  });

  test.concurrent('and rows are stored as they came', async ({ startKondado, warehouse }) => {
    const token = 'o';
    const rows = [pipelineRow(1, { pipeline_name: 'Orders of Kondado', note: 'o o o' })];
    const kondado = await startKondado({ token, pipeline_logs: rows });
    await poster(kondado, warehouse)();
    expect(await warehouse.latest('pipeline_logs')).toMatchObject([
      { pipeline_name: 'Orders of Kondado', _extra: '{"note":"o o o"}' },
    ]);
  });
});

describe('an answer in another charset', () => {
  const NAME = 'Anúncios — ação';
  const LATIN = 'Anúncios e ação';

  test.concurrent.for([
    'application/json; charset=iso-8859-1',
    'application/json; charset=ISO-8859-1',
    'application/json;charset="iso-8859-1"',
    'application/json; charset=latin1; profile=x',
    'application/json; Charset=windows-1252',
  ])('is decoded as it declares: %s', async (contentType, { startKondado, warehouse }) => {
    const kondado = await startKondado({
      pipeline_logs: [pipelineRow(1, { pipeline_name: LATIN })],
      encoding: 'latin1',
      headers: { 'content-type': contentType },
    });
    const { stream, lines } = await poster(kondado, warehouse)();
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 1 });
    expect(await warehouse.latest('pipeline_logs')).toMatchObject([{ pipeline_name: LATIN, _extra: null }]);
    expect(lines.filter(({ severity }) => severity === 'WARNING')).toEqual([]);
  });

  test.concurrent.for([
    'application/json',
    'application/json; charset=utf-8',
    'text/plain',
    'application/json; charset=',
  ])('that declares none, or UTF-8, is UTF-8: %s', async (contentType, { startKondado, warehouse }) => {
    const kondado = await startKondado({
      pipeline_logs: [pipelineRow(1, { pipeline_name: NAME })],
      headers: { 'content-type': contentType },
    });
    const { stream, lines } = await poster(kondado, warehouse)();
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 1 });
    expect(await warehouse.latest('pipeline_logs')).toMatchObject([{ pipeline_name: NAME }]);
    expect(lines.filter(({ severity }) => severity === 'WARNING')).toEqual([]);
  });

  test.concurrent.for([
    'application/json',
    'application/json; charset=utf-8',
  ])('whose bytes do not fit is warned of, once a run: %s', async (contentType, {
    startKondado,
    warehouse,
  }) => {
    const rows = load('pipeline_logs', 120).map((row) => ({ ...row, pipeline_name: LATIN }));
    const kondado = await startKondado({
      pipeline_logs: rows,
      encoding: 'latin1',
      headers: { 'content-type': contentType },
    });
    const { stream, lines } = await poster(kondado, warehouse)();
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 120 });
    const warnings = lines.filter(({ severity }) => severity === 'WARNING');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toMatch(/charset|encod|UTF-8|bytes/i);
    expect(warnings[0]).toMatchObject({ event: 'schema_drift', stream: 'pipeline_logs' });
  });

  test.concurrent('that nobody knows is told, and is no accident', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      pipeline_logs: [pipelineRow(1, { pipeline_name: LATIN })],
      encoding: 'latin1',
      headers: { 'content-type': 'application/json; charset=x-klingon' },
    });
    const { stream, lines } = await poster(kondado, warehouse)();
    const warnings = lines.filter(({ severity }) => severity === 'WARNING');
    // It is stored with a warning, or refused.
    expect([stream.rows_inserted, warnings.length, stream.error?.code]).toBeOneOf([
      [1, 1, undefined],
      [0, expect.any(Number), 'KONDADO_UNEXPECTED_RESPONSE'],
    ]);
  });

  test.concurrent('may begin with a byte order mark', async ({ startKondado, warehouse }) => {
    const row = pipelineRow(1, { pipeline_name: NAME });
    const body = JSON.stringify({ success: true, data: { success: true, data: [row] } });
    const kondado = await startKondado({
      fault: () => ({ kind: 'text', body: Buffer.from(`\ufeff${body}`) }),
    });
    const { stream } = await poster(kondado, warehouse)();
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 1 });
    expect(await warehouse.latest('pipeline_logs')).toMatchObject([{ pipeline_name: NAME }]);
  });
});
