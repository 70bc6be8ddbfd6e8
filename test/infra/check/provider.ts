import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  bytesField,
  numberField,
  oneofNumberField,
  readDynamicValue,
  readFields,
  type Value,
} from './protocol.ts';
import { type Block, type ProviderName, readSchemas, type Schema } from './schemas.ts';
import { findFaults, type Path } from './values.ts';

const NOTHING = Buffer.alloc(0);
const NESTING_MODES = { single: 1, list: 2, set: 3, map: 4, group: 5 };
const ERROR = 1;
const GRPC_OK = '0';
const GRPC_UNIMPLEMENTED = '12';
const GRPC_INTERNAL = '13';

/**
 * A Terraform provider (plugin protocol 5) that has a schema and nothing else. That is enough for `terraform validate`, and for
 * `terraform test` with mock providers; it reaches no cloud.
 */
export async function startProvider(name: ProviderName): Promise<{ address: string; stop(): void }> {
  const calls = answerCalls(name);
  const streams = new Set<ServerHttp2Stream>();
  const server = createServer().on('stream', (stream, headers) => {
    streams.add(stream);
    stream.on('close', () => streams.delete(stream)).on('error', () => stream.close());
    const [, service = '', method = ''] = String(headers[':path']).split('/');
    const chunks: Buffer[] = [];
    // The side channels of the plugin protocol send nothing, and wait for as long as they are open.
    if (service === 'plugin.GRPCBroker' || service === 'plugin.GRPCStdio')
      refuse(stream, GRPC_UNIMPLEMENTED, service);
    else
      stream
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => answer(stream, service, method, Buffer.concat(chunks).subarray(FRAME_BYTES)));
  });

  function answer(stream: ServerHttp2Stream, service: string, method: string, request: Buffer) {
    const call = service.endsWith('.Provider') ? calls[method] : CONTROL_CALLS[service];
    if (!call) return refuse(stream, GRPC_UNIMPLEMENTED, `${service}/${method}`);
    try {
      send(stream, call(request));
    } catch (error) {
      refuse(stream, GRPC_INTERNAL, String(error));
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      for (const { session } of streams) session?.destroy();
      server.close();
    },
  };
}

type Call = (request: Buffer) => Buffer;

/** Calls that are no provider's: is it there, and should it end. */
const CONTROL_CALLS: Record<string, Call> = {
  'grpc.health.v1.Health': () => numberField(1, 1),
  'plugin.GRPCController': () => NOTHING,
};

function answerCalls(name: ProviderName): Record<string, Call> {
  const { provider, resources, dataSources } = readSchemas(name);
  const schema = Buffer.concat([
    bytesField(1, schemaMessage(provider)),
    ...Object.entries(resources).map(([type, one]) => bytesField(2, entryMessage(type, one))),
    ...Object.entries(dataSources).map(([type, one]) => bytesField(3, entryMessage(type, one))),
  ]);
  const field = (request: Buffer, number: number) => readFields(request)[number] ?? NOTHING;
  return {
    GetSchema: () => schema,
    GetFunctions: () => NOTHING,
    PrepareProviderConfig: (request) => bytesField(1, field(request, 1)),
    Configure: () => NOTHING,
    Stop: () => NOTHING,
    ValidateDataSourceConfig: () => NOTHING,
    ValidateResourceTypeConfig: (request) => {
      const block = resources[field(request, 1).toString()]?.block ?? {};
      const config: Value = readDynamicValue(field(request, 2));
      return Buffer.concat(findFaults(block, config).map((fault) => diagnostic(fault.message, fault.path)));
    },
    PlanResourceChange: (request) => Buffer.concat([bytesField(1, field(request, 3)), numberField(5, 1)]),
    ApplyResourceChange: () => bytesField(3, errorMessage('A stand-in creates nothing: use mock_provider.')),
    ReadDataSource: () => bytesField(2, errorMessage('A stand-in reads nothing: use mock_provider.')),
  };
}

const diagnostic = (message: string, path: Path) => bytesField(1, errorMessage(message, path));

function errorMessage(summary: string, path: Path = []): Buffer {
  const steps = path.map((step) =>
    bytesField(1, typeof step === 'number' ? oneofNumberField(3, step) : bytesField(1, step)),
  );
  return Buffer.concat([numberField(1, ERROR), bytesField(2, summary), bytesField(4, Buffer.concat(steps))]);
}

const entryMessage = (type: string, schema: Schema) =>
  Buffer.concat([bytesField(1, type), bytesField(2, schemaMessage(schema))]);

const schemaMessage = ({ version, block }: Schema) =>
  Buffer.concat([numberField(1, version), bytesField(2, blockMessage(block))]);

function blockMessage({ attributes = {}, block_types = {} }: Block): Buffer {
  return Buffer.concat([
    ...Object.entries(attributes).map(([name, attribute]) =>
      bytesField(
        2,
        Buffer.concat([
          bytesField(1, name),
          bytesField(2, JSON.stringify(attribute.type)),
          numberField(4, attribute.required),
          numberField(5, attribute.optional),
          numberField(6, attribute.computed),
          numberField(7, attribute.sensitive),
          numberField(10, attribute.write_only),
        ]),
      ),
    ),
    ...Object.entries(block_types).map(([name, nested]) =>
      bytesField(
        3,
        Buffer.concat([
          bytesField(1, name),
          bytesField(2, blockMessage(nested.block)),
          numberField(3, NESTING_MODES[nested.nesting_mode]),
          numberField(4, nested.min_items),
          numberField(5, nested.max_items),
        ]),
      ),
    ),
  ]);
}

/** What gRPC writes before each message: whether it is compressed, and its length. */
const FRAME_BYTES = 5;
const HEADERS = { ':status': 200, 'content-type': 'application/grpc' };

function send(stream: ServerHttp2Stream, body: Buffer) {
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32BE(body.length, 1);
  stream.respond(HEADERS, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': GRPC_OK }));
  stream.end(Buffer.concat([frame, body]));
}

function refuse(stream: ServerHttp2Stream, status: string, message: string) {
  const reason = { 'grpc-status': status, 'grpc-message': encodeURIComponent(message) };
  stream.respond({ ...HEADERS, ...reason }, { endStream: true });
}
