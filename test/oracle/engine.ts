import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';

const START_TIMEOUT_MS = 15_000;
const CALL_TIMEOUT_MS = 150_000;

/** The file that is the engine, by platform and processor. */
const ENGINES: Record<string, string> = {
  'linux-x64': 'remote_server.so',
  'linux-arm64': 'remote_server_arm.so',
  'darwin-x64': 'remote_server',
  'darwin-arm64': 'remote_server_arm',
};

export interface Engine {
  /** Rejects with what the engine says: what is wrong with the SQL, or with the rows. */
  call<T extends object>(method: string, request: object): Promise<T>;
  stop(): Promise<void>;
}

/** The part of gRPC's client that is used; its packages are not there when the types are checked. */
interface Client {
  [method: string]: (
    request: object,
    options: object,
    done: (error: Error | null, answer: never) => void,
  ) => void;
}

interface Connection {
  waitForReady(deadlineMs: number, done: (error?: Error) => void): void;
  close(): void;
}

/** Starts the engine on a free port of this computer. */
export async function startEngine(): Promise<Engine> {
  const load = createRequire(import.meta.url);
  const folder = join(load.resolve('@fivetrandevelopers/zetasql/package.json'), '../lib/zetasql');
  const file = ENGINES[`${process.platform}-${process.arch}`];
  if (file === undefined) throw new Error(`There is no engine for ${process.platform}-${process.arch}.`);

  const port = await freePort();
  const server = spawn(join(folder, file), ['localhost', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-2_000);
    });
  }
  const ended = new Promise<string>((resolve) => {
    server.once('error', (error) => resolve(`could not be started: ${error.message}`));
    server.once('exit', (code, signal) => resolve(`ended (${signal ?? `status ${code}`}): ${output.trim()}`));
  });

  const client = connect(load, folder, port);
  async function stop(): Promise<void> {
    client.close();
    kill();
    process.removeListener('exit', kill);
    await ended;
  }
  const ready = new Promise<undefined>((resolve, reject) => {
    client.waitForReady(Date.now() + START_TIMEOUT_MS, (error) =>
      error ? reject(error) : resolve(undefined),
    );
  });
  const end = await Promise.race([ready, ended]).catch(async (error) => {
    await stop();
    throw error;
  });
  if (end !== undefined) throw new Error(`The engine ${end}`);
  return {
    call: (method, request) =>
      new Promise((resolve, reject) => {
        const options = { deadline: Date.now() + CALL_TIMEOUT_MS };
        client[method]?.(request, options, (error, answer) => (error ? reject(error) : resolve(answer)));
      }),
    stop,
  };
}

function connect(load: NodeJS.Require, folder: string, port: number): Client & Connection {
  const grpc = load('@grpc/grpc-js');
  const definition = load('@grpc/proto-loader').loadSync('local_service.proto', {
    includeDirs: [join(folder, 'protos')],
    keepCase: true,
    longs: String,
    enums: String,
    bytes: Buffer,
    oneofs: true,
    arrays: true,
  });
  const { ZetaSqlLocalService } = grpc.loadPackageDefinition(definition).zetasql.local_service;
  return new ZetaSqlLocalService(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.enable_http_proxy': 0, // a proxy of the environment does not know this computer's ports
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
