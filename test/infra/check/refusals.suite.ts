import { afterAll, expect, test } from 'vitest';
import { startTerraform } from './terraform.ts';

// A check that cannot fail proves nothing: each of these roots has one mistake.

const terraform = await startTerraform();
afterAll(() => terraform.stop());

const REQUIRED = `
  terraform {
    required_providers {
      google = { source = "hashicorp/google" }
    }
  }`;

const JOB = (settings: string) => `
  resource "google_cloud_scheduler_job" "sync" {
    name = "sync"
    ${settings}
  }`;

test.each([
  ['an argument that does not exist', JOB('retries = 2'), /An argument named "retries" is not expected here/],
  ['an argument that is missing', JOB('http_target {}'), /The argument "uri" is required/],
  [
    'a block that may stand only once',
    JOB('retry_config {}\nretry_config {}'),
    /Too many retry_config blocks/,
  ],
  ['a type that an argument cannot have', JOB('paused = "perhaps"'), /a bool is required/],
  [
    'a value that is not on the list',
    JOB('http_target {\nuri = "u"\nhttp_method = "PSOT"\n}'),
    /http_method is "PSOT", but must be one of POST,/,
  ],
  [
    'a value that does not match',
    JOB('attempt_deadline = "30m"'),
    /attempt_deadline is "30m", but must match/,
  ],
  [
    'a resource that does not exist',
    'resource "google_cloud_schedule" "sync" {}',
    /does not support resource type "google_cloud_schedule"/,
  ],
  [
    'a reference to nothing',
    'output "name" { value = google_cloud_scheduler_job.sync.name }',
    /Reference to undeclared resource/,
  ],
])('%s is refused', async (_name, mistake, expected) => {
  const folder = terraform.createFolder({ 'main.tf': `${REQUIRED}\n${mistake}` });
  await terraform.succeed(folder, 'init', '-no-color');
  const { succeeded, output } = await terraform.run(folder, 'validate', '-no-color');
  expect(output.replaceAll(/\s+/g, ' ')).toMatch(expected);
  expect(succeeded).toBe(false);
});

test('a value that is known only when it is planned is judged then', async () => {
  const folder = terraform.createFolder({
    'main.tf': `${REQUIRED}
      variable "method" { default = "POST" }
      ${JOB('http_target {\nuri = "u"\nhttp_method = var.method\n}')}`,
    'plan.tftest.hcl': `
      mock_provider "google" {}
      variables { method = "PSOT" }
      run "plan" { command = plan }`,
  });
  await terraform.succeed(folder, 'init', '-no-color');
  await terraform.succeed(folder, 'validate', '-no-color');
  const { succeeded, output } = await terraform.run(folder, 'test', '-no-color');
  expect(output).toContain('http_method is "PSOT"');
  expect(succeeded).toBe(false);
});

test('a version of a provider that the stand-ins do not have is refused', async () => {
  const folder = terraform.createFolder({
    'main.tf': REQUIRED.replace('google" }', 'google", version = "< 7" }'),
  });
  const { succeeded, output } = await terraform.run(folder, 'init', '-no-color');
  expect(output).toContain('no available releases match the given constraints < 7');
  expect(succeeded).toBe(false);
});

test('without a mock nothing is created', async () => {
  const folder = terraform.createFolder({
    'main.tf': REQUIRED + JOB(''),
    'apply.tftest.hcl': 'run "apply" {}',
  });
  await terraform.succeed(folder, 'init', '-no-color');
  const { succeeded, output } = await terraform.run(folder, 'test', '-no-color');
  expect(output).toContain('A stand-in creates nothing: use mock_provider.');
  expect(succeeded).toBe(false);
});
