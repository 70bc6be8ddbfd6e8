import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTerraform } from './terraform.ts';
import { readMessages } from './test-messages.ts';

// Terraform's clock cannot be set, so the text that reads it is replaced in the copy.

const terraform = await startTerraform();
const infra = join(terraform.repository, 'infra');
const file = join(infra, 'ends.tf');
const text = readFileSync(file, 'utf8');
const MOCKS = ['archive', 'google', 'time'].map((name) => `mock_provider "${name}" {}`).join('\n');
afterAll(() => terraform.stop());

beforeAll(() => terraform.succeed(infra, 'init', '-no-color'));

/** What a plan made at that moment warns of. */
async function warningsAt(moment: string, runtime: string): Promise<string[]> {
  expect(text).toContain('plantimestamp()');
  writeFileSync(file, text.replace('plantimestamp()', JSON.stringify(moment)));
  writeFileSync(
    join(infra, 'tests/ends.tftest.hcl'),
    `${MOCKS}
    variables {
      project_id = "my-project"
      region     = "us-central1"
      runtime    = "${runtime}"
    }
    run "plan" { command = plan }`,
  );
  const { output } = await terraform.run(infra, 'test', '-json', '-filter=tests/ends.tftest.hcl');
  const messages = readMessages(output);
  expect(messages.some(({ test_run }) => test_run?.run === 'plan' && test_run.status)).toBe(true);
  return messages.flatMap(({ diagnostic }) => diagnostic?.detail ?? []);
}

test('until March 2028 nothing is said of nodejs24', async () => {
  expect(await warningsAt('2028-03-31T23:59:59Z', 'nodejs24')).toEqual([]);
});

test('from April 2028 on a plan says when nodejs24 ends', async () => {
  expect(await warningsAt('2028-04-01T00:00:00Z', 'nodejs24')).toEqual([
    expect.stringContaining('Google takes nodejs24 away on 2028-10-31'),
  ]);
});

test('a later runtime is not warned of', async () => {
  expect(await warningsAt('2028-11-01T00:00:00Z', 'nodejs26')).toEqual([]);
});
