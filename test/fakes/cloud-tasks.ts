import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A task as it was created; Cloud Tasks would send it later. */
export interface FakeTask {
  name: string;
  scheduleTime: string;
  dispatchDeadline: string;
  httpRequest: { url: string; httpMethod: string; headers: Record<string, string>; body: string };
}

export interface FakeCloudTasks {
  url: string;
  /** Those that the test has not taken yet, in their order. */
  tasks: FakeTask[];
  /** The headers of all requests. */
  headers: IncomingHttpHeaders[];
  close(): Promise<void>;
}

/** What goes wrong with one request to create a task. */
export type TaskFault = number | 'reset' | 'text';

/**
 * A server that takes tasks as the REST API of Cloud Tasks does, each name once.
 *
 * https://docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create
 */
export async function startFakeCloudTasks(
  queue: string,
  fault: (index: number) => TaskFault | undefined = () => undefined,
): Promise<FakeCloudTasks> {
  const tasks: FakeTask[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const names = new Set<string>();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const failure = fault(headers.push(request.headers) - 1);
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const refuse = (code: number) => answer(code, { error: { code, message: 'No.', status: 'NONE' } });
    if (failure === 'reset') return request.socket.resetAndDestroy();
    if (failure === 'text') return response.writeHead(502, { 'content-type': 'text/html' }).end('<html>');
    if (failure !== undefined) return refuse(failure);
    if (request.method !== 'POST' || request.url !== `/v2/${queue}/tasks`) return refuse(404);
    const { task } = JSON.parse(text) as { task: FakeTask };
    if (!task.name.startsWith(`${queue}/tasks/`) || !/^[\w-]{1,500}$/.test(task.name.split('/')[7] ?? '')) {
      return refuse(400);
    }
    if (names.has(task.name)) return refuse(409);
    names.add(task.name);
    tasks.push(task);
    return answer(200, task);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tasks,
    headers,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
