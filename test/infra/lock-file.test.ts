import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from './hcl.ts';

test('people can commit the lock file of their providers, and are told so; the rest of what Terraform writes is ignored', () => {
  const ignored = readFileSync(new URL('.gitignore', ROOT), 'utf8').split('\n');
  expect(ignored.filter((pattern) => pattern.includes('lock'))).toEqual([]);
  expect(ignored).toEqual(expect.arrayContaining(['.terraform/', '*.tfstate*', 'terraform.tfvars']));
  expect(readFileSync(new URL('docs/deploy.md', ROOT), 'utf8')).toContain(
    'Commit `infra/.terraform.lock.hcl`',
  );
});
