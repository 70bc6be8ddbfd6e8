import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTerraform } from './terraform.ts';
import { readMessages, type TestMessage } from './test-messages.ts';

// One state, planned and applied by an older and by this release. The stand-ins do not know what forces a replacement: they
// see which resources are kept, made and taken away, and what of each changes.

const terraform = await startTerraform();
const MOCKS = ['archive', 'time'].map((name) => `mock_provider "${name}" {}`).join('\n');
const RUNS = [
  ['install_older', 'older', 'apply'],
  ['look_at_upgrade', 'this', 'plan'],
  ['upgrade', 'this', 'apply'],
  ['look_again', 'this', 'plan'],
  ['look_at_roll_back', 'older', 'plan'],
  ['roll_back', 'older', 'apply'],
  ['look_again_after_roll_back', 'older', 'plan'],
] as const;
let messages: TestMessage[];
let older: string[];

type Change = NonNullable<TestMessage['test_plan']>['resource_changes'][number];

/** The names of a table's columns in a release. */
function columnsIn(release: string): string[] {
  const { schema } = JSON.parse(readFileSync(join(release, 'functions/schema/pipeline_logs.json'), 'utf8'));
  return schema.map(({ name }: { name: string }) => name);
}

beforeAll(async () => {
  const folder = terraform.createFolder({
    'upgrade.tftest.hcl': `${MOCKS}
      mock_provider "google" { source = "./this/infra/tests/mocks" }
      variables {
        project_id      = "my-project"
        region          = "southamerica-east1"
        kondado_api_key = ""
        kondado_token   = ""
      }
      ${RUNS.map(
        ([run, release, command]) => `run "${run}" {
          command   = ${command}
          state_key = "installation"
          module { source = "./${release}/infra" }
        }`,
      ).join('\n')}`,
  });
  for (const release of ['older', 'this'])
    cpSync(terraform.repository, join(folder, release), { recursive: true });
  cpSync(join(terraform.repository, 'infra/versions.tf'), join(folder, 'versions.tf'));
  // An older release has a column, a view and other code less.
  const table = join(folder, 'older/functions/schema/pipeline_logs.json');
  const { schema, ...rest } = JSON.parse(readFileSync(table, 'utf8'));
  writeFileSync(table, JSON.stringify({ ...rest, schema: schema.slice(0, -1) }));
  writeFileSync(join(folder, 'older/functions/index.ts'), '// older\n');
  older = columnsIn(join(folder, 'older'));
  expect(columnsIn(join(folder, 'this')).slice(0, -1)).toEqual(older);

  await terraform.succeed(folder, 'init', '-no-color');
  const { output } = await terraform.run(folder, 'test', '-json', '-verbose');
  messages = readMessages(output);
  const faults = messages.flatMap(({ diagnostic }) => diagnostic?.detail ?? []);
  expect(messages.filter(({ test_run }) => test_run?.status === 'pass')).toHaveLength(RUNS.length);
  expect(faults).toEqual([]);
});
afterAll(() => terraform.stop());

/** What a plan would change, by address. */
function changesOf(run: (typeof RUNS)[number][0]): Map<string, Change['change']> {
  const plan = messages.find((message) => message.test_plan && message['@testrun'] === run)?.test_plan;
  expect(plan?.resource_changes.length, run).toBeGreaterThan(30);
  const changes = (plan?.resource_changes ?? []).filter(({ change }) => change.actions.join() !== 'no-op');
  return new Map(changes.map(({ address, change }) => [address, change]));
}

const TABLE = 'google_bigquery_table.tables["pipeline_logs"]';
const FUNCTION = 'google_cloudfunctions2_function.sync';

test.each([
  'look_at_upgrade',
  'look_at_roll_back',
] as const)('%s: state is kept, and no data replaced', (run) => {
  const changes = changesOf(run);
  expect(changes.get(FUNCTION)?.actions).toEqual(['update']);
  for (const [address, { actions }] of changes)
    if (!/^google_storage_bucket_object\.source$|^data\./.test(address))
      expect(actions, address).toEqual(['update']);
  expect(
    [...changes.keys()].filter((address) => /dataset|secret|tables\["(?!pipeline_logs)/.test(address)),
  ).toEqual([]);
});

test('an upgrade adds the column at the end, and makes every view again', () => {
  const changes = changesOf('look_at_upgrade');
  const columns = JSON.parse(changes.get(TABLE)?.after.schema as string) as { name: string }[];
  expect(columns.map(({ name }) => name).slice(0, -1)).toEqual(older);
  expect(
    [...changes.keys()].filter((address) => /\.(?:latest_)?views\[/.test(address)).length,
  ).toBeGreaterThan(10);
});

test('a roll back is told to leave the column alone that it does not know', () => {
  expect(changesOf('look_at_roll_back').get(TABLE)?.after.ignore_auto_generated_schema).toBe(true);
});

test.each(['look_again', 'look_again_after_roll_back'] as const)('%s: nothing is left to change', (run) => {
  expect([...changesOf(run).keys()]).toEqual([]);
});
