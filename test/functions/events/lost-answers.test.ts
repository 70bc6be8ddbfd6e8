import { expect } from 'vitest';
import type { BigQueryFault, FakeCall } from '../../fakes/bigquery.ts';
import { startFakePubSub } from '../../fakes/pubsub.ts';
import { ONE_STREAM } from '../../support/contract.ts';
import { idOf, TOPIC, topicEnv } from '../../support/events.ts';
import { idsOf } from '../../support/history.ts';
import { poster } from '../../support/post.ts';
import { load } from '../../support/rows.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse } from '../../support/warehouses.ts';

const isRowInsert = ({ kind, table }: FakeCall) => kind === 'insertAll' && table === 'pipeline_logs';

test.for<[string, BigQueryFault]>([
  ['a reset', { kind: 'resetAfter' }],
  ['silence', { kind: 'hangAfter' }],
])('rows that BigQuery has stored, and answered with %s, have their events in the next run', async ([
  ,
  fault,
], { startKondado, startBigQuery, onTestFinished }) => {
  let isBroken = false;
  const bigQuery = await startBigQuery({
    fault: (call) => (isBroken && isRowInsert(call) ? fault : undefined),
  });
  const pubsub = await startFakePubSub(TOPIC);
  onTestFinished(pubsub.close);
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 40) });
  const warehouse = bigQueryWarehouse(bigQuery);
  const env = { ...ONE_STREAM, ...topicEnv(pubsub), BIGQUERY_TIMEOUT_SECONDS: '2' };
  const post = poster(kondado, warehouse, env);
  isBroken = true;
  expect(await post()).toMatchObject({ outcome: 'failed', events: { published: 0, error: null } });
  expect((await warehouse.rows('pipeline_logs')).length).toBeGreaterThanOrEqual(40);
  expect((await warehouse.rows('sync_runs')).map(({ events_published }) => events_published)).toEqual([null]);
  isBroken = false;
  expect(await post()).toMatchObject({ outcome: 'success', events: { published: 40 } });
  expect(pubsub.messages.map(idOf)).toEqual(idsOf(kondado.streams.pipeline_logs));
});
