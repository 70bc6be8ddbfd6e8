import { expect, test } from 'vitest';
import { modelExecution, pipelineExecution } from '../../fixtures/fixture.ts';
import { readView } from '../../support/views.ts';

const NOW = '2026-11-24T12:00:00.000000Z';
const MONDAY = '2026-11-02T10:00:00.000000Z';
const TUESDAY = '2026-11-03T10:00:00.000000Z';
const WEDNESDAY = '2026-11-04T10:00:00.000000Z';
const THURSDAY = '2026-11-05T10:00:00.000000Z';
const FRIDAY = '2026-11-06T10:00:00.000000Z';

test('a pipeline has its newest name, and the others in the order in which it got them', async () => {
  const pipeline_logs = [
    pipelineExecution(5, FRIDAY, { pipeline_name: 'orders' }),
    pipelineExecution(4, THURSDAY, { pipeline_name: 'old orders' }),
    pipelineExecution(3, WEDNESDAY, { pipeline_name: 'sales' }),
    pipelineExecution(2, TUESDAY, { pipeline_name: 'orders' }),
    pipelineExecution(1, MONDAY, { pipeline_name: 'old orders' }),
  ];
  expect(await readView({ now: NOW, tables: { pipeline_logs } }, 'pipelines')).toEqual([
    {
      client_id: 1n,
      pipeline_id: 7n,
      pipeline_name: 'orders',
      previous_names: ['old orders', 'sales'],
      first_execution_at: MONDAY,
      last_execution_at: FRIDAY,
      executions: 5n,
    },
  ]);
});

test('an execution without a name, or stored twice, changes no name and no count', async () => {
  const twice = pipelineExecution(1, MONDAY, { pipeline_name: 'orders' });
  const pipeline_logs = [twice, twice, pipelineExecution(2, TUESDAY, { pipeline_name: null })];
  expect(await readView({ now: NOW, tables: { pipeline_logs } }, 'pipelines')).toMatchObject([
    { pipeline_name: 'orders', previous_names: [], last_execution_at: TUESDAY, executions: 2n },
  ]);
});

test('the same number is another pipeline for another client, and for none', async () => {
  const pipeline_logs = [
    pipelineExecution(1, MONDAY, { client_id: 1n, pipeline_name: 'a' }),
    pipelineExecution(2, TUESDAY, { client_id: 2n, pipeline_name: 'b' }),
    pipelineExecution(3, WEDNESDAY, { client_id: null, pipeline_name: 'c' }),
    pipelineExecution(4, THURSDAY, { client_id: null, pipeline_name: 'd' }),
  ];
  const rows = await readView({ now: NOW, tables: { pipeline_logs } }, 'pipelines');
  const found = rows.map(({ client_id, pipeline_name, previous_names, executions }) => [
    client_id,
    pipeline_name,
    previous_names,
    executions,
  ]);
  expect(found.toSorted()).toEqual([
    [null, 'd', ['c'], 2n],
    [1n, 'a', [], 1n],
    [2n, 'b', [], 1n],
  ]);
});

test('executions of years ago count', async () => {
  const longAgo = '2017-01-01T00:00:00.000000Z';
  const pipeline_logs = [pipelineExecution(1, longAgo), pipelineExecution(2, MONDAY)];
  expect(await readView({ now: NOW, tables: { pipeline_logs } }, 'pipelines')).toMatchObject([
    { first_execution_at: longAgo, last_execution_at: MONDAY, executions: 2n },
  ]);
});

test('a model is shown as a pipeline is', async () => {
  const twice = modelExecution(1, MONDAY, { model_name: 'revenue (draft)' });
  const model_logs = [twice, modelExecution(2, TUESDAY, { model_name: 'revenue' }), twice];
  expect(await readView({ now: NOW, tables: { model_logs } }, 'models')).toEqual([
    {
      client_id: 1n,
      model_id: 9n,
      model_name: 'revenue',
      previous_names: ['revenue (draft)'],
      first_execution_at: MONDAY,
      last_execution_at: TUESDAY,
      executions: 2n,
    },
  ]);
});
