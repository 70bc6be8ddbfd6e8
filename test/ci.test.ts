import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(`${ROOT}/${path}`, 'utf8');

test('.ci/run runs every suite that npm test leaves out', () => {
  const run = read('.ci/run');
  const suites = [...run.matchAll(/\bsuite [a-z]+ ([\w/]+)/g)].map(
    ([, folder]) => `test/${folder}/vitest.config.ts`,
  );
  const configured = globSync('test/**/vitest.config.ts', { cwd: ROOT, exclude: ['**/node_modules'] });
  expect(configured.length).toBeGreaterThan(2);
  expect(suites.sort()).toEqual(configured.sort());
});

test('a pull request runs .ci/run, with no right but to read', () => {
  const workflow = read('.github/workflows/check.yml');
  expect(workflow).toMatch(/^ {2}pull_request:$/m);
  expect(workflow).toMatch(/^permissions:\n {2}contents: read\n\n/m);
  expect(workflow).toMatch(/^ {6}- run: \.ci\/run$/m);
  const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
  expect(actions.length).toBeGreaterThan(3);
  for (const action of actions) expect(action).toMatch(/^(?:actions|hashicorp)\/[a-z-]+@v\d+$/);
});

// Windows has no bash.
test.skipIf(process.platform === 'win32')('.ci/run is a script that bash can read', () => {
  execFileSync('bash', ['-n', '.ci/run'], { cwd: ROOT });
});
