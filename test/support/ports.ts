import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A port that is taken until it is freed. */
export async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, free: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** A port on which nobody listens now: the framework does not say which one it got for 0. */
export async function freePort(): Promise<number> {
  const { port, free } = await takenPort();
  await free();
  return port;
}
