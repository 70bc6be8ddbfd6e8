import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeMessage } from '../fakes/pubsub.ts';
import { freePort } from '../support/ports.ts';

const PROJECT = 'projects/test';

export interface PubSubEmulator {
  host: string;
  /** The full name of a new topic, with a subscription of the same name that keeps the order. */
  createTopic(name: string): Promise<string>;
  /** All that has arrived in a subscription, in its order. */
  pullAll(name: string): Promise<FakeMessage[]>;
  stop(): Promise<void>;
}

/** Starts Google's emulator, which keeps everything in memory. */
export async function startPubSubEmulator(): Promise<PubSubEmulator> {
  const program = process.env.PUBSUB_EMULATOR;
  if (!program) throw new Error('PUBSUB_EMULATOR is not set: .ci/run finds the emulator and sets it.');
  const port = await freePort();
  // The script starts Java, which a signal to the script alone would not reach.
  const emulator = spawn(program, ['--host=127.0.0.1', `--port=${port}`], {
    stdio: 'ignore',
    detached: true,
  });
  const host = `127.0.0.1:${port}`;

  async function send(method: string, path: string, body: object): Promise<unknown> {
    const answer = await fetch(`http://${host}/v1/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  await untilReady(emulator, host);
  return {
    host,
    async createTopic(name) {
      const topic = `${PROJECT}/topics/${name}`;
      await send('PUT', topic, {});
      await send('PUT', `${PROJECT}/subscriptions/${name}`, {
        topic,
        enableMessageOrdering: true,
        ackDeadlineSeconds: 600,
      });
      return topic;
    },
    async pullAll(name) {
      const subscription = `${PROJECT}/subscriptions/${name}`;
      const messages: FakeMessage[] = [];
      for (let empty = 0; empty < 3; ) {
        const pulled = (await send('POST', `${subscription}:pull`, {
          maxMessages: 1000,
          returnImmediately: true,
        })) as Pulled;
        const { receivedMessages: received = [] } = pulled;
        empty = received.length === 0 ? empty + 1 : 0;
        if (received.length === 0) continue;
        messages.push(...received.map(({ message }) => message));
        await send('POST', `${subscription}:acknowledge`, { ackIds: received.map(({ ackId }) => ackId) });
      }
      return messages;
    },
    async stop() {
      const ended = once(emulator, 'exit');
      process.kill(-(emulator.pid ?? 0), 'SIGTERM');
      await ended;
    },
  };
}

interface Pulled {
  receivedMessages?: { ackId: string; message: FakeMessage }[];
}

async function untilReady(emulator: ChildProcess, host: string): Promise<void> {
  for (let attempts = 0; attempts < 300 && emulator.exitCode === null; attempts++) {
    const isUp = await fetch(`http://${host}/`).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await sleep(100);
  }
  throw new Error(`The Pub/Sub emulator did not start on ${host}.`);
}
