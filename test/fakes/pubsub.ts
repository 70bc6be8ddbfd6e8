import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it was published. */
export interface FakeMessage {
  data: string;
  attributes: Record<string, string>;
  orderingKey?: string;
}

export interface FakePubSub {
  url: string;
  /** What was taken, in its order. */
  messages: FakeMessage[];
  requests: { method: string; path: string; headers: IncomingHttpHeaders; body: string }[];
  close(): Promise<void>;
}

/** What is answered when a topic is looked for, and when it is asked what may be done with it. */
export interface TopicAnswers {
  topic: number;
  /** A status that is none of success, or the permissions that are there. */
  permissions: number | string[];
}

/** What goes wrong with one request to publish; `taken` is answered with nothing after the messages were taken. */
export type PublishFault = number | 'reset' | 'silence' | 'html' | 'taken' | undefined;

const MAX_BYTES = 10_000_000;

/**
 * A server that knows one topic as the REST API of Pub/Sub does.
 *
 * https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics
 */
export async function startFakePubSub(
  topic: string,
  answers: TopicAnswers = { topic: 200, permissions: ['pubsub.topics.publish'] },
  fault: (publishing: number) => PublishFault | Promise<PublishFault> = () => undefined,
): Promise<FakePubSub> {
  const requests: FakePubSub['requests'] = [];
  const messages: FakeMessage[] = [];
  let publishings = 0;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url: path = '', headers } = request;
    requests.push({ method, path, headers, body });
    const answer = (status: number, value: object = { error: { code: status } }) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (method === 'GET' && path === `/v1/${topic}`) {
      return answers.topic === 200 ? answer(200, { name: topic }) : answer(answers.topic);
    }
    if (method === 'POST' && path === `/v1/${topic}:testIamPermissions`) {
      const { permissions } = answers;
      return typeof permissions === 'number' ? answer(permissions) : answer(200, { permissions });
    }
    if (method === 'POST' && path === `/v1/${topic}:publish`) {
      const failure = await fault(publishings++);
      if (failure === 'silence') return;
      if (failure === 'reset') return request.socket.resetAndDestroy();
      if (failure === 'html') return response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
      if (typeof failure === 'number') return answer(failure);
      const published: FakeMessage[] = JSON.parse(body).messages;
      const isTooMuch = published.length > 1000 || Buffer.byteLength(body) > MAX_BYTES;
      if (isTooMuch || published.length === 0 || !published.every(isAccepted)) return answer(400);
      const first = messages.push(...published) - published.length;
      if (failure === 'taken') return request.socket.destroy();
      return answer(200, { messageIds: published.map((_, index) => String(first + index)) });
    }
    return answer(404);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    messages,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** https://docs.cloud.google.com/pubsub/quotas#resource_limits */
function isAccepted({ data, attributes, orderingKey = '' }: FakeMessage): boolean {
  const entries = Object.entries(attributes);
  const fits = entries.every(
    ([name, value]) => Buffer.byteLength(name) <= 256 && Buffer.byteLength(value) <= 1024,
  );
  return typeof data === 'string' && entries.length <= 100 && fits && Buffer.byteLength(orderingKey) <= 1024;
}
