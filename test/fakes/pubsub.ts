import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakePubSub {
  url: string;
  requests: { method: string; path: string; headers: IncomingHttpHeaders; body: string }[];
  close(): Promise<void>;
}

/** What is answered when a topic is looked for, and when it is asked what may be done with it. */
export interface TopicAnswers {
  topic: number;
  /** A status that is none of success, or the permissions that are there. */
  permissions: number | string[];
}

/**
 * A server that knows one topic as the REST API of Pub/Sub does.
 *
 * https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics
 */
export async function startFakePubSub(topic: string, answers: TopicAnswers): Promise<FakePubSub> {
  const requests: FakePubSub['requests'] = [];
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
    return answer(404);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
