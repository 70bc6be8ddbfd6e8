import { expect } from 'vitest';
import { startFakePubSub, type TopicAnswers } from '../../fakes/pubsub.ts';
import { checked, outcomes } from '../../support/checks.ts';
import { freePort } from '../../support/ports.ts';
import { load } from '../../support/rows.ts';
import { serveFunction } from '../../support/server.ts';
import { test as base } from '../../support/test.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

const served = serveFunction();
const TOPIC = 'projects/my-project/topics/kondado';
const PUBLISH = 'pubsub.topics.publish';

const test = base.extend<{ check: (endpoint: string) => ReturnType<typeof checked> }>({
  async check({ folder, startKondado }, use) {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 3),
      model_logs: load('model_logs', 3),
    });
    const env = (endpoint: string) => ({ EVENTS_TOPIC: TOPIC, PUBSUB_API_ENDPOINT: endpoint });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    await use((endpoint) => checked(served, kondado, warehouse, { env: env(endpoint) }));
  },
});

test.for<[string, TopicAnswers, string, RegExp]>([
  ['is there and takes events', { topic: 200, permissions: [PUBLISH] }, 'ok', /may be published to/],
  [
    'may be published to but not looked at',
    { topic: 403, permissions: [PUBLISH] },
    'ok',
    /may be published to/,
  ],
  [
    'is not there',
    { topic: 404, permissions: [] },
    'failed',
    /There is no topic projects\/my-project\/topics\/kondado.*EVENTS_TOPIC/,
  ],
  [
    'may not be published to',
    { topic: 200, permissions: [] },
    'failed',
    /may not be published to.*roles\/pubsub\.publisher/,
  ],
  [
    'is on a server that knows no permissions',
    { topic: 200, permissions: 501 },
    'warning',
    /whether it may be published to\. If it is an emulator/,
  ],
  [
    'is on a server that knows no topics',
    { topic: 501, permissions: 501 },
    'warning',
    /whether it is there\. If it is an emulator/,
  ],
])('a topic that %s', async ([, answers, outcome, message], { check, onTestFinished }) => {
  const pubsub = await startFakePubSub(TOPIC, answers);
  onTestFinished(pubsub.close);
  const { outcomes: found, messages } = await check(pubsub.url);
  expect(found).toEqual(outcomes({ events: outcome }));
  expect(messages.events).toMatch(message);
  expect(pubsub.requests.filter(({ path }) => path.endsWith(':publish'))).toEqual([]);
  expect(pubsub.requests.some(({ headers }) => headers.authorization)).toBe(false);
  const asked = pubsub.requests.find(({ method }) => method === 'POST');
  if (asked) expect(JSON.parse(asked.body)).toEqual({ permissions: [PUBLISH] });
});

test('Pub/Sub that cannot be reached', async ({ check }) => {
  const { outcomes: found, messages } = await check(`http://127.0.0.1:${await freePort()}`);
  expect(found).toEqual(outcomes({ events: 'failed' }));
  expect(messages.events).toMatch(/could not be reached for projects\/my-project\/topics\/kondado/);
});
