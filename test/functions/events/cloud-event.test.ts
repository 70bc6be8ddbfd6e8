import { type CloudEvent, HTTP } from 'cloudevents';
import { describe, expect, test } from 'vitest';
import { eventOf, type Message, messageOf, structuredLine } from '../../../functions/events/cloud-event.ts';
import { parseEntry, startReading } from '../../../functions/rows.ts';
import type { Row } from '../../../functions/schema/tables.ts';
import type { StreamName } from '../../../functions/streams.ts';
import { type ApiRow, DOCUMENTED_ROW, modelRow } from '../../support/rows.ts';

const DOCUMENTED = {
  id: 5181910,
  pipeline_id: 702,
  pipeline_name: 'Kondado - Blog - wp_options',
  client_id: 1,
  row_count: 256,
  has_deltas: false,
  execution_time_seconds: 0.486988,
  updatedat: '2020-09-17T00:03:48.108Z',
  createdat: '2020-09-17T00:03:48.108Z',
  initial_savepoint: null,
  new_savepoint: null,
  external_ip: '3.220.239.218',
  is_billable: true,
  raw_row_count: 123,
  mb_estimate: 0.00231,
};

function valuesOf(sent: ApiRow, stream: StreamName = 'pipeline_logs'): Row {
  const parsed = parseEntry(sent, startReading({ stream, clientId: null }, 'run'));
  if (parsed.kind !== 'row') throw new Error(parsed.reason);
  return parsed.values;
}

const eventFor = (fields: ApiRow) => eventOf('pipeline_logs', valuesOf({ ...DOCUMENTED_ROW, ...fields }));
const messageFor = (fields: ApiRow) => messageOf(eventFor(fields));
const dataOf = ({ data }: Message) => JSON.parse(Buffer.from(data, 'base64').toString());

describe('the message of the documented row', () => {
  const message = messageFor({});

  test('has the attributes of a CloudEvent in binary mode, and those that subscriptions filter by', () => {
    expect(message.attributes).toEqual({
      'ce-specversion': '1.0',
      'ce-id': 'pipeline_logs-5181910',
      'ce-source': '//kondado/clients/1/pipelines/702',
      'ce-type': 'log.kondado.pipeline.finished.v1',
      'ce-time': '2020-09-17T00:03:48.108Z',
      'ce-subject': 'Kondado - Blog - wp_options',
      'content-type': 'application/json',
      stream: 'pipeline_logs',
      client_id: '1',
      pipeline_id: '702',
      has_records: 'true',
    });
    expect(message.orderingKey).toBe('//kondado/clients/1/pipelines/702');
  });

  test('holds every column that comes from Kondado', () => {
    expect(dataOf(message)).toEqual(DOCUMENTED);
  });

  test.for<[string, Parameters<typeof HTTP.toEvent>[0]]>([
    ['binary', { headers: message.attributes, body: Buffer.from(message.data, 'base64').toString() }],
    [
      'structured',
      { headers: { 'content-type': 'application/cloudevents+json' }, body: structuredLine(eventFor({})) },
    ],
  ])('is read by the parser of CloudEvents in %s mode', ([, sent]) => {
    const event = HTTP.toEvent(sent) as CloudEvent;
    expect(event.validate()).toBe(true);
    expect(event).toMatchObject({
      id: 'pipeline_logs-5181910',
      source: '//kondado/clients/1/pipelines/702',
      type: 'log.kondado.pipeline.finished.v1',
      time: '2020-09-17T00:03:48.108Z',
      subject: 'Kondado - Blog - wp_options',
      data: DOCUMENTED,
    });
  });
});

test('a model has its own type, source and filter', () => {
  const event = eventOf('model_logs', valuesOf(modelRow(9, { row_count: 0 }), 'model_logs'));
  expect(messageOf(event)).toMatchObject({
    attributes: {
      'ce-id': 'model_logs-9',
      'ce-source': '//kondado/clients/1/models/162',
      'ce-type': 'log.kondado.model.finished.v1',
      'ce-subject': 'Receita mensal',
      model_id: '162',
      has_records: 'false',
    },
    orderingKey: '//kondado/clients/1/models/162',
  });
});

test('what a row lacks is unknown in the source, and absent elsewhere', () => {
  const { attributes, orderingKey } = messageFor({
    client_id: null,
    pipeline_id: 'none',
    pipeline_name: '',
    row_count: null,
  });
  expect(Object.keys(attributes).sort()).toEqual([
    'ce-id',
    'ce-source',
    'ce-specversion',
    'ce-time',
    'ce-type',
    'content-type',
    'has_records',
    'stream',
  ]);
  expect(attributes).toMatchObject({
    'ce-source': '//kondado/clients/unknown/pipelines/unknown',
    has_records: 'false',
  });
  expect(orderingKey).toBe(attributes['ce-source']);
});

test.for([
  ['9007199254740992', 9007199254740992],
  ['9007199254740993', '9007199254740993'],
  ['-9223372036854775808', '-9223372036854775808'],
  ['0', 0],
])('an INT64 of %s loses no digit', ([sent, expected]) => {
  expect(dataOf(messageFor({ row_count: sent }))).toMatchObject({ row_count: expected });
});

test('microseconds stay', () => {
  const message = messageFor({ createdAt: '2026-11-23T12:00:00.000001+02:00' });
  expect(message.attributes['ce-time']).toBe('2026-11-23T10:00:00.000001Z');
  expect(dataOf(message)).toMatchObject({ createdat: '2026-11-23T10:00:00.000001Z' });
});

test.for<[string, string, string]>([
  ['a long one', 'a'.repeat(300), 'a'.repeat(256)],
  ['a long one of emoji', '🐘'.repeat(300), '🐘'.repeat(256)],
  ['with a line break', 'a\r\nce-id: 7', 'a  ce-id: 7'],
  ['with half a character', 'a\ud800b', 'a\ufffdb'],
])('a name becomes a subject that every transport takes: %s', ([, name, subject]) => {
  const { attributes } = messageFor({ pipeline_name: name });
  expect(attributes['ce-subject']).toBe(subject);
  expect(Buffer.byteLength(subject)).toBeLessThanOrEqual(1024);
});

test.for([
  ['of plain letters', 'a'],
  ['of control characters', '\u0001'],
  ['of emoji', '🐘'],
])('a row that no message could hold loses the end of its texts: %s', ([, character]) => {
  const long = (character as string).repeat(3_500_000);
  const message = messageFor({ initial_savepoint: long, new_savepoint: long });
  expect(JSON.stringify(message).length).toBeLessThan(9_500_000);
  const { initial_savepoint, ...others } = dataOf(message);
  expect(initial_savepoint).toHaveLength(100_000);
  expect(others).toMatchObject({ id: 5181910, pipeline_name: DOCUMENTED.pipeline_name });
});
