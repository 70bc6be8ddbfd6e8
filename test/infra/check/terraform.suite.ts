import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INFRA } from '../hcl.ts';
import { startTerraform } from './terraform.ts';
import { readMessages, type TestMessage } from './test-messages.ts';

const terraform = await startTerraform();
const infra = join(terraform.repository, 'infra');
afterAll(() => terraform.stop());

test('infra/ is formatted', () =>
  terraform.succeed(infra, 'fmt', '-check', '-recursive', '-diff', '-no-color'));

describe('infra/ as a root', () => {
  beforeAll(() => terraform.succeed(infra, 'init', '-no-color'));

  test('is valid, without a warning', async () => {
    expect(await terraform.succeed(infra, 'validate', '-no-color')).not.toContain('Warning');
  });

  const tests = readdirSync(new URL('tests/', INFRA))
    .filter((file) => file.endsWith('.tftest.hcl'))
    .map((file) => ({
      file: `tests/${file}`,
      runs: [...readFileSync(new URL(`tests/${file}`, INFRA), 'utf8').matchAll(/^run "(\w+)"/gm)].map(
        ([, run]) => run as string,
      ),
    }));

  describe.each(tests)('$file', ({ file, runs }) => {
    let messages: TestMessage[];
    beforeAll(async () => {
      messages = readMessages((await terraform.run(infra, 'test', '-json', `-filter=${file}`)).output);
    });

    test.each(runs)('%s', (run) => {
      const ended = messages.find(({ test_run }) => test_run?.run === run && test_run.status);
      const faults = messages.flatMap(({ diagnostic, '@testrun': at = run }) =>
        diagnostic && at === run ? `${diagnostic.summary}: ${diagnostic.detail}` : [],
      );
      expect(ended?.test_run?.status, faults.join('\n')).toBe('pass');
    });
  });
});
