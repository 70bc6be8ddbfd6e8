import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../functions/json.ts';
import { type ObjectState, statusOf } from '../../../functions/kondado/statuses.ts';

const ID = 2040n;

function read(fields: object) {
  return statusOf(ID).parse({ [String(ID)]: fields });
}

describe('the state is the first that holds:', () => {
  test.each<[ObjectState, object]>([
    ['ok', { status: 'running' }],
    ['ok', { status: 'scheduled', is_active: true, is_blocked: false }],
    ['ok', { status: 'active', kubo_status_type: 'operational' }],
    ['blocked', { status: 'scheduled', is_blocked: true }],
    ['blocked', { status: 'error_building_tables__blocked', is_active: false }],
    ['failing', { status: 'error_building_tables', is_active: false }],
    ['failing', { status: 'too_many_consecutive_failed_builds' }],
    ['disabled', { status: 'not_active' }],
    ['disabled', { status: 'scheduled', is_active: false, kubo_status_type: 'not_published' }],
    ['building', { status: 'building_tables' }],
    ['building', { status: 'active', kubo_status_type: 'rebuilding' }],
    ['draft', { status: 'active', kubo_status_type: 'not_published' }],
    ['unknown', { status: 'dreaming' }],
    ['unknown', { status: null }],
    ['unknown', {}],
  ])('%s of %o', (state, fields) => {
    expect(read(fields).state).toBe(state);
  });
});

test('what is documented is read, of a pipeline as of a model in its envelope', () => {
  const pipeline = {
    status: 'scheduled',
    is_running: false,
    is_active: true,
    is_blocked: false,
    raw_msg: null,
  };
  expect(read(pipeline)).toEqual({
    state: 'ok',
    status: 'scheduled',
    is_running: false,
    is_active: true,
    is_blocked: false,
    kubo_status_type: null,
    message: null,
    extra: null,
  });
  const model = { status: 'active', is_running: true, kubo_status_type: 'operational', raw_msg: 'Well.' };
  expect(statusOf(162n).parse({ success: true, data: { 162: model } })).toMatchObject({
    state: 'ok',
    is_running: true,
    kubo_status_type: 'operational',
    message: 'Well.',
  });
});

test('what has no place, or does not fit it, is kept without losing a digit', () => {
  const body = parseJson('{"2040": {"status": 7, "is_active": "yes", "job": 9007199254740993}}');
  const { state, status, is_active, extra } = statusOf(ID).parse(body);
  expect({ state, status, is_active }).toEqual({ state: 'unknown', status: null, is_active: null });
  expect(extra).toBe('{"status":7,"is_active":"yes","job":9007199254740993}');
});

test.each([
  null,
  [],
  {},
  { 2041: {} },
  { 2040: 'running' },
  { success: true, data: {} },
])('%o is none', (body) => {
  expect(statusOf(ID).safeParse(body).success).toBe(false);
});
