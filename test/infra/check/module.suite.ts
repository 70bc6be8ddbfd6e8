import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSchemas } from './schemas.ts';
import { startTerraform } from './terraform.ts';
import { readMessages } from './test-messages.ts';

const terraform = await startTerraform();
const { repository } = terraform;
afterAll(() => terraform.stop());

const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com'];
for (const words of [['init'], ['add', '.'], [...identity, 'commit', '--message=Release'], ['tag', 'v1']])
  execFileSync('git', ['-C', repository, ...words], { stdio: 'pipe' });

const SOURCES = {
  'a folder beside it': '../repository/infra',
  'a repository by its full path': `${repository}//infra`,
  'a tag of a git repository': `git::file://${repository}//infra?ref=v1`,
};

// With a provider for another project, in which nothing may be created.
const createRoot = (source: string) =>
  terraform.createFolder({
    'main.tf': `
      provider "google" {
        project = "another-project"
        region  = "us-east1"
      }
      module "kondado" {
        source              = ${JSON.stringify(source)}
        enable_continuation = true
        labels              = { team = "data" }
        project_id          = "my-project"
        region              = "southamerica-east1"
      }
      output "run_now" { value = module.kondado.run_now }`,
    'plan.tftest.hcl': `
      mock_provider "archive" {}
      mock_provider "time" {}
      mock_provider "google" {}
      run "plan" { command = plan }`,
  });

/** The messages of `terraform test`, whose mocks reach a module only through what the root requires. */
async function plan(folder: string) {
  copyFileSync(join(repository, 'infra/versions.tf'), join(folder, 'versions.tf'));
  await terraform.succeed(folder, 'init', '-no-color');
  return readMessages((await terraform.run(folder, 'test', '-json', '-verbose')).output);
}

test.each(
  Object.entries(SOURCES),
)('infra/ is valid as a module from %s, and plans all of it', async (_name, source) => {
  const folder = createRoot(source);
  await terraform.succeed(folder, 'init', '-no-color');
  await terraform.succeed(folder, 'validate', '-no-color');

  const planned = (await plan(folder)).flatMap((message) => message.test_plan?.resource_changes ?? []);
  const tables = planned.flatMap(({ address }) => /\.tables\["(\w+)"\]$/.exec(address)?.[1] ?? []);
  const schemas = readdirSync(join(repository, 'functions/schema')).filter((file) => file.endsWith('.json'));
  expect(tables.map((name) => `${name}.json`).sort()).toEqual(schemas.sort());

  const { resources } = readSchemas('google');
  const expected = {
    project: 'my-project',
    region: 'southamerica-east1',
    labels: { application: 'kondado-log-sync', team: 'data' },
  };
  for (const { address, type, change } of planned)
    for (const [name, value] of Object.entries(expected))
      if (resources[type]?.block.attributes?.[name])
        expect(change.after[name], `${address}: ${name}`).toEqual(value);
});

test('a full path to infra/ alone, beside which Terraform finds no code, is refused', async () => {
  const messages = await plan(createRoot(join(repository, 'infra')));
  expect(messages.flatMap(({ diagnostic }) => diagnostic?.detail ?? [])).toEqual([
    expect.stringContaining('give the whole repository'),
  ]);
});
