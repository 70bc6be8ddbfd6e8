import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { HTTP } from 'cloudevents';
import { expect, test } from 'vitest';
import { createReceiver, type Execution } from '../examples/webhook/receive.ts';
import { eventOf, messageOf } from '../functions/events/cloud-event.ts';

/** What Pub/Sub posts of a message whose attributes it writes as headers. */
function pushed(id: bigint) {
  const { attributes, data } = messageOf(
    eventOf('pipeline_logs', {
      id,
      createdat: '2026-11-24T03:02:11.108000Z',
      pipeline_id: 702n,
      row_count: 256n,
    }),
  );
  return { headers: attributes, body: Buffer.from(data, 'base64').toString() };
}

test('the webhook handles each execution once, and lets a failure come again', async ({ onTestFinished }) => {
  const handled: Execution[] = [];
  let isBroken = true;
  const server = createReceiver({
    verify: async ({ authorization }) => {
      if (authorization !== 'Bearer good') throw new Error('No.');
    },
    handle: async (execution) => {
      if (isBroken) throw new Error('Not now.');
      handled.push(execution);
    },
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const post = async (id: bigint, token: string) => {
    const { headers, body } = pushed(id);
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body,
    });
    return answer.status;
  };
  expect(await post(1n, 'bad')).toBe(401);
  expect(await post(1n, 'good')).toBe(500);
  isBroken = false;
  expect([await post(1n, 'good'), await post(1n, 'good'), await post(2n, 'good')]).toEqual([204, 204, 204]);
  expect(handled).toMatchObject([
    { id: 'pipeline_logs-1', source: '//kondado/clients/unknown/pipelines/702', row: { row_count: 256 } },
    { id: 'pipeline_logs-2' },
  ]);
});

test('what is pushed without a wrapper is a CloudEvent over HTTP', () => {
  const event = HTTP.toEvent(pushed(7n));
  expect(event).toMatchObject({ id: 'pipeline_logs-7', type: 'log.kondado.pipeline.finished.v1' });
});
