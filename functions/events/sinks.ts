import type { EventsConfig } from '../config.ts';
import { connectPubSub } from '../google/pubsub.ts';
import { type FinishedEvent, messageOf, structuredLine } from './cloud-event.ts';

/** https://docs.cloud.google.com/pubsub/quotas#resource_limits */
const MAX_MESSAGES = 1000;
const MAX_BYTES = 9_500_000;

/** Events were not taken; the message says why, and what the reader can do. */
export class EventsFault extends Error {
  override name = 'EventsFault' as const;
  readonly code: 'EVENTS_UNAVAILABLE' | 'EVENTS_REJECTED';

  constructor(code: EventsFault['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Where events go. */
export interface Sink {
  /** Resolves once all are out, in their order; rejects with EventsFault. */
  send(events: readonly FinishedEvent[]): Promise<void>;
}

/** https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish */
export function createTopic({ topic, apiEndpoint }: EventsConfig): Sink {
  const pubsub = connectPubSub(apiEndpoint);

  async function publish(messages: readonly string[]): Promise<void> {
    const { status, data, outcome } = await pubsub.send(
      `/v1/${topic}:publish`,
      `{"messages":[${messages.join(',')}]}`,
    );
    if (status !== 200) throw refusal(topic, status, outcome);
    if (countIds(data) === messages.length) return;
    throw new EventsFault(
      'EVENTS_UNAVAILABLE',
      `What answers for ${topic} is not Pub/Sub: it named ${countIds(data)} of ${messages.length} messages. Check PUBSUB_API_ENDPOINT and the network.`,
    );
  }

  return {
    async send(events) {
      for (const batch of batches(events.map((event) => JSON.stringify(messageOf(event))))) {
        await publish(batch);
      }
    },
  };
}

/** @param write takes whole lines. */
export function createPrinter(write: (text: string) => Promise<void>): Sink {
  return {
    async send(events) {
      try {
        await write(events.map((event) => `${structuredLine(event)}\n`).join(''));
      } catch {
        throw new EventsFault('EVENTS_UNAVAILABLE', 'Whoever read the printed events has left.');
      }
    },
  };
}

function refusal(topic: string, status: number | null, outcome: string): EventsFault {
  const isPassing = status === null || status === 408 || status === 429 || status >= 500;
  const advice =
    status === 404
      ? 'Check EVENTS_TOPIC, or make the topic with terraform apply.'
      : status === 401 || status === 403
        ? 'Grant the account of the function roles/pubsub.publisher on the topic.'
        : isPassing
          ? 'If it happens again, check the Google credentials, the network and the quotas of Pub/Sub.'
          : 'Check EVENTS_TOPIC.';
  return new EventsFault(
    isPassing ? 'EVENTS_UNAVAILABLE' : 'EVENTS_REJECTED',
    `Pub/Sub took no events for ${topic}: ${outcome}. ${advice}`,
  );
}

function countIds(data: unknown): number {
  const isAnswer = typeof data === 'object' && data !== null && 'messageIds' in data;
  return isAnswer && Array.isArray(data.messageIds) ? data.messageIds.length : 0;
}

function* batches(messages: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(message) + 1;
    if (batch.length === MAX_MESSAGES || (bytes + size > MAX_BYTES && batch.length > 0)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
