import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../functions/errors.ts';
import { parseRunRequest } from '../../../functions/sync/request.ts';

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();

function refusalOf(body: string): string {
  try {
    parseRunRequest(body);
  } catch (error) {
    expect(error).toBeInstanceOf(SyncError);
    expect(error).toMatchObject({ code: 'INVALID_REQUEST' });
    return (error as SyncError).message;
  }
  throw new Error(`accepted: ${body}`);
}

describe('asks for what the body says', () => {
  const nothing = {
    streams: undefined,
    from: undefined,
    to: undefined,
    fromId: undefined,
    dryRun: false,
    acceptGap: false,
    publish: false,
  };
  test.each([
    ['', { mode: 'incremental', ...nothing }],
    [' \n', { mode: 'incremental', ...nothing }],
    ['{}', { mode: 'incremental', ...nothing }],
    ['{"streams":["model_logs"]}', { ...nothing, mode: 'incremental', streams: ['model_logs'] }],
    ['{"dry_run":true}', { ...nothing, mode: 'incremental', dryRun: true }],
    ['{"verify":true}', { ...nothing, mode: 'verify' }],
    ['{"verify":false}', { ...nothing, mode: 'incremental' }],
    ['{"check":true}', { ...nothing, mode: 'check' }],
    ['{"check":true,"streams":["model_logs"]}', { ...nothing, mode: 'check', streams: ['model_logs'] }],
    ['{"check":false,"verify":true}', { ...nothing, mode: 'verify' }],
    ['{"from":"2026-09-01"}', { ...nothing, mode: 'backfill', from: '2026-09-01T00:00:00.000000Z' }],
    [
      '{"from":"2026-09-01T12:00:00.000001-03:00"}',
      { ...nothing, mode: 'backfill', from: '2026-09-01T15:00:00.000001Z' },
    ],
    [
      '{"from":"2026-09-01","verify":true}',
      { ...nothing, mode: 'verify', from: '2026-09-01T00:00:00.000000Z' },
    ],
    ['{"from_id":0}', { ...nothing, mode: 'backfill', fromId: 0n }],
    ['{"from_id":9007199254740993}', { ...nothing, mode: 'backfill', fromId: 9007199254740993n }],
    ['{"from_id":9223372036854775807}', { ...nothing, mode: 'backfill', fromId: 9223372036854775807n }],
    ['{"from_id":5,"publish":true}', { ...nothing, mode: 'backfill', fromId: 5n, publish: true }],
    ['{"verify":true,"publish":true}', { ...nothing, mode: 'verify', publish: true }],
    ['{"publish":false}', { ...nothing, mode: 'incremental' }],
    [
      '{"from_id":5,"to":"2026-09-01"}',
      { ...nothing, mode: 'backfill', fromId: 5n, to: '2026-09-01T00:00:00.000000Z' },
    ],
    [
      `{"from":"2026-09-01","to":"${TOMORROW}"}`,
      {
        ...nothing,
        mode: 'backfill',
        from: '2026-09-01T00:00:00.000000Z',
        to: TOMORROW.replace('Z', '000Z'),
      },
    ],
  ])('%s', (body, expected) => {
    expect(parseRunRequest(body)).toEqual(expected);
  });
});

describe('refuses and says why', () => {
  test.each([
    ['not JSON', /not JSON/],
    ['{"streams":', /not JSON/],
    ['null', /JSON object/],
    ['[]', /JSON object/],
    ['"model_logs"', /JSON object/],
    ['{"stream":["model_logs"]}', /"stream" is not a known key/],
    ['{"__proto__":{"dry_run":true}}', /"__proto__" is not a known key/],
    ['{"constructor":1}', /"constructor" is not a known key/],
    ['{"streams":[]}', /"streams" must not be empty/],
    ['{"streams":"model_logs"}', /"streams" must be an array/],
    ['{"streams":null}', /"streams" must be an array/],
    ['{"streams":["models"]}', /"streams" must be one of pipeline_logs, model_logs/],
    ['{"streams":["model_logs","model_logs"]}', /twice/],
    ['{"from":"2026-09-01T12:00:00"}', /"from" must be a date .* with zone/],
    ['{"from":"2026-09-01 12:00:00Z"}', /"from" must be/],
    ['{"from":"2026-02-30"}', /"from" must be/],
    ['{"from":"yesterday"}', /"from" must be/],
    ['{"from":""}', /"from" must be/],
    ['{"from":20260901}', /"from" must be/],
    [`{"from":"${TOMORROW}"}`, /"from" lies in the future/],
    ['{"to":"2026-09-01"}', /"to" needs "from" or "from_id"/],
    ['{"to":"2026-09-01","verify":true}', /"to" needs "from" or "from_id"/],
    ['{"from":"2026-09-02","to":"2026-09-01"}', /"to" must be after "from"/],
    ['{"from":"2026-09-01","to":"2026-09-01"}', /"to" must be after "from"/],
    ['{"from":"2026-09-01","from_id":1}', /"from_id" cannot go together with "from"/],
    ['{"from_id":-1}', /"from_id" must be a whole number from 0 on/],
    ['{"from_id":1.5}', /"from_id" must be a whole number/],
    ['{"from_id":"1"}', /"from_id" must be a whole number/],
    ['{"from_id":9223372036854775808}', /"from_id" must be .* 64 bits/],
    ['{"from_id":1e400}', /"from_id" must be a whole number/],
    ['{"verify":"true"}', /"verify" must be true or false/],
    ['{"check":1}', /"check" must be true or false/],
    ['{"check":true,"dry_run":true}', /"dry_run" cannot go together with "check"/],
    ['{"check":true,"from":"2026-09-01"}', /"from" cannot go together with "check"/],
    [
      '{"check":true,"verify":false,"from_id":1}',
      /"from_id" cannot.*"verify" cannot go together with "check"/,
    ],
    ['{"publish":true}', /"publish" needs "from", "from_id" or "verify"/],
    ['{"publish":true,"verify":false}', /"publish" needs/],
    ['{"publish":"yes","verify":true}', /"publish" must be true or false/],
    ['{"check":true,"publish":true}', /"publish" cannot go together with "check"/],
    ['{"dry_run":1}', /"dry_run" must be true or false/],
  ])('%s', (body, message) => {
    expect(refusalOf(body)).toMatch(message);
  });

  test('every fault at once, and which keys there are', () => {
    const message = refusalOf('{"streams":["x"],"from":"soon","from_id":-1,"dry_run":"no","mode":"all"}');
    expect(message).toMatch(/"streams" must be/);
    expect(message).toMatch(/"from" must be/);
    expect(message).toMatch(/"from_id"/);
    expect(message).toMatch(/"dry_run"/);
    expect(message).toMatch(/"mode" is not a known key/);
    expect(message).toMatch(/keys streams, from, to, from_id, verify, dry_run/);
  });

  test('the rules between keys too, when there are other faults beside them', () => {
    const message = refusalOf('{"to":"2026-09-01","mode":"all"}');
    expect(message).toMatch(/"to" needs/);
    expect(message).toMatch(/"mode" is not a known key/);
  });
});
