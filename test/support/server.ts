import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import '../../functions/index.ts';

/** The function on a free port, as the framework serves it. */
export interface FunctionServer {
  url: string;
  close(): Promise<void>;
}

export async function startFunction(): Promise<FunctionServer> {
  const server = getTestServer('sync').listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
