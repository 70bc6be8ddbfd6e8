import { expect, test } from 'vitest';
import { eventOf } from '../../../functions/events/cloud-event.ts';
import { createPrinter, createTopic } from '../../../functions/events/sinks.ts';
import { type PublishFault, startFakePubSub } from '../../fakes/pubsub.ts';
import { TOPIC } from '../../support/events.ts';
import { freePort } from '../../support/ports.ts';

const events = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    eventOf('pipeline_logs', {
      id: BigInt(index),
      createdat: '2026-11-24T03:02:11.108000Z',
      pipeline_id: 7n,
    }),
  );

test.for<[PublishFault, string, RegExp]>([
  [403, 'EVENTS_REJECTED', /HTTP 403.*roles\/pubsub\.publisher/],
  [401, 'EVENTS_REJECTED', /HTTP 401.*roles\/pubsub\.publisher/],
  [404, 'EVENTS_REJECTED', /HTTP 404.*EVENTS_TOPIC.*terraform apply/],
  [400, 'EVENTS_REJECTED', /HTTP 400/],
  [503, 'EVENTS_UNAVAILABLE', /HTTP 503/],
  [429, 'EVENTS_UNAVAILABLE', /HTTP 429.*quotas/],
  ['reset', 'EVENTS_UNAVAILABLE', /could not be reached/],
  ['html', 'EVENTS_UNAVAILABLE', /is not Pub\/Sub: it named 0 of 3 messages/],
])('a topic that answers with %s is told, without its address', async ([fault, code, message], {
  onTestFinished,
}) => {
  const pubsub = await startFakePubSub(TOPIC, undefined, () => fault);
  onTestFinished(pubsub.close);
  const sent = createTopic({ topic: TOPIC, apiEndpoint: pubsub.url }).send(events(3));
  await expect(sent).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  await expect(sent).rejects.not.toMatchObject({ message: expect.stringContaining(pubsub.url) });
});

test('a server that is not there is told', async () => {
  const apiEndpoint = `http://127.0.0.1:${await freePort()}`;
  await expect(createTopic({ topic: TOPIC, apiEndpoint }).send(events(1))).rejects.toMatchObject({
    code: 'EVENTS_UNAVAILABLE',
    message: expect.stringMatching(/could not be reached/),
  });
});

test('what passes is tried again, and a request holds a thousand at most', async ({ onTestFinished }) => {
  const pubsub = await startFakePubSub(TOPIC, undefined, (publishing) =>
    publishing === 1 ? 503 : undefined,
  );
  onTestFinished(pubsub.close);
  await createTopic({ topic: TOPIC, apiEndpoint: pubsub.url }).send(events(2_001));
  expect(pubsub.requests).toHaveLength(4);
  const ids = pubsub.messages.map(({ attributes }) => attributes['ce-id']);
  expect(ids).toEqual(events(2_001).map(({ attributes }) => attributes.id));
  expect(pubsub.requests[0]?.headers['content-type']).toBe('application/json');
});

test('printed events are lines, and a reader who has left is told', async () => {
  let printed = '';
  await createPrinter(async (lines) => {
    printed += lines;
  }).send(events(2));
  expect(printed.endsWith('\n')).toBe(true);
  expect(
    printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id),
  ).toEqual(['pipeline_logs-0', 'pipeline_logs-1']);
  const closed = createPrinter(() => Promise.reject(new Error('EPIPE')));
  await expect(closed.send(events(1))).rejects.toMatchObject({ code: 'EVENTS_UNAVAILABLE' });
});
