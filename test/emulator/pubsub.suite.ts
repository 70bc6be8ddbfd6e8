import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect } from 'vitest';
import { createRandom } from '../../local/sandbox/random.ts';
import type { FakeMessage } from '../fakes/pubsub.ts';
import { CHILD_ENV } from '../support/child-env.ts';
import { latestIds } from '../support/contract.ts';
import { idOf } from '../support/events.ts';
import { idsOf } from '../support/history.ts';
import type { ApiRow } from '../support/rows.ts';
import { test } from '../support/test.ts';
import { duckDbWarehouse } from '../support/warehouses.ts';
import { rowsBetween } from '../support/worlds.ts';
import { startPubSubEmulator } from './pubsub.ts';

const CHILD = fileURLToPath(new URL('../support/child.ts', import.meta.url));
const PULL_TS = fileURLToPath(new URL('../../examples/pull/pull.ts', import.meta.url));
const PULL_PY = fileURLToPath(new URL('../../examples/pull/pull.py', import.meta.url));
const PIPELINES = 20;
const KILLS = 16;
const RUNS_WITHOUT_TOPIC = 3;

const emulator = await startPubSubEmulator();
afterAll(() => emulator.stop());

const sourceOf = ({ attributes }: FakeMessage) => String(attributes['ce-source']);

test('1,000 executions, kills at random moments, and a topic that is away for three runs', {
  timeout: 180_000,
}, async ({ folder, startKondado }) => {
  const random = createRandom(14);
  const topic = await emulator.createTopic('executions');
  const old = rowsBetween(40 * 60, 30 * 60, 100, 1_000);
  const recent = rowsBetween(22 * 60, 10, 1_000, 10_000);
  const all = [...old, ...recent].map((row, index): ApiRow => ({ ...row, pipeline_id: index % PIPELINES }));
  const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
  let onRequest = () => {};
  const kondado = await startKondado({
    pageSize: 25,
    latencyMs: 5,
    fault: () => {
      onRequest();
      return undefined;
    },
  });
  const shown = kondado.streams.pipeline_logs;
  const env = {
    ...CHILD_ENV,
    ...kondado.env,
    ...warehouse.env,
    STREAMS: 'pipeline_logs',
    PUBSUB_API_ENDPOINT: `http://${emulator.host}`,
    EVENTS_TOPIC: topic,
  };
  const start = (more: Record<string, string> = {}) =>
    spawn(process.execPath, [CHILD], { env: { ...env, ...more }, stdio: ['ignore', 'ignore', 'inherit'] });
  /** A run to its end, after which all that is shown is stored. */
  const complete = async (more?: Record<string, string>) => {
    const [status] = await once(start(more), 'exit');
    expect(status).toBe(0);
    expect(await latestIds(warehouse)).toEqual(idsOf(shown));
  };
  /** A run that is killed so many milliseconds after it has sent so many requests to Kondado; whether it was still going. */
  const kill = async (requests: number, milliseconds: number) => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    let left = requests;
    onRequest = () => {
      if (--left === 0) resolve();
    };
    const child = start();
    const ended = once(child, 'exit');
    await Promise.race([asked.then(() => sleep(milliseconds)), ended]);
    child.kill('SIGKILL');
    const [status] = await ended;
    return status === null;
  };

  const show = (count: number) => shown.push(...all.slice(shown.length, shown.length + count));
  let kills = 0;
  show(400);
  for (let round = 0; round < KILLS; round++) {
    if (await kill(Math.ceil(random.between(1, 4)), random.between(0, 120))) kills++;
    show(40);
    if (round % 4 === 3) await complete();
  }
  expect(kills).toBeGreaterThan(KILLS / 2);
  for (let round = 0; round < RUNS_WITHOUT_TOPIC; round++) {
    show(40);
    await complete({ EVENTS_TOPIC: `${topic}-absent` });
  }
  show(all.length);
  await complete();
  await complete();

  const messages = await emulator.pullAll('executions');
  const firsts = [
    ...new Map(messages.toReversed().map((message) => [idOf(message), message])).values(),
  ].toReversed();
  process.stderr.write(`${kills} kills; ${messages.length} messages of ${firsts.length} events\n`);
  expect(firsts.map(idOf).toSorted((one, other) => one - other)).toEqual(idsOf(recent));
  for (const [source, ofSource] of Map.groupBy(firsts, sourceOf)) {
    const ids = ofSource.map(idOf);
    expect(ids, source).toEqual(ids.toSorted((one, other) => one - other));
  }
  expect(new Set(messages.map(({ orderingKey }) => orderingKey)).size).toBeGreaterThanOrEqual(PIPELINES);
});

test('the examples pull what has arrived', async ({ folder, startKondado }) => {
  const { PYTHON } = process.env;
  if (!PYTHON) throw new Error('PYTHON is not set: .ci/run sets it to one that has google-cloud-pubsub.');
  const topic = await emulator.createTopic('executions-to-pull');
  const rows = rowsBetween(60, 30, 3, 1_000);
  const kondado = await startKondado({ pipeline_logs: rows });
  const env = { ...CHILD_ENV, PUBSUB_EMULATOR_HOST: emulator.host };
  const publish = async (file: string) => {
    const warehouse = duckDbWarehouse(`${folder}/${file}`);
    const events = { PUBSUB_API_ENDPOINT: `http://${emulator.host}`, EVENTS_TOPIC: topic };
    const child = spawn(process.execPath, [CHILD], {
      env: { ...CHILD_ENV, ...kondado.env, ...warehouse.env, ...events },
    });
    await once(child, 'exit');
  };
  const expected = idsOf(rows).map((id) => `pipeline_logs-${id}`);
  const idsIn = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);

  await publish('typescript.duckdb');
  const { stdout } = await promisify(execFile)(process.execPath, [PULL_TS, 'test', 'executions-to-pull'], {
    env,
  });
  expect(idsIn(stdout)).toEqual(expected);
  expect(await emulator.pullAll('executions-to-pull')).toEqual([]);

  await publish('python.duckdb');
  const python = spawn(PYTHON, [PULL_PY, 'test', 'executions-to-pull'], { env });
  let printed = '';
  for await (const chunk of python.stdout) {
    printed += chunk;
    if (printed.split('\n').length > rows.length) break;
  }
  python.kill();
  expect(idsIn(printed).toSorted()).toEqual(expected.toSorted());
});
