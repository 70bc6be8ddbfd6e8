import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from '../hcl.ts';
import { startTerraform } from './terraform.ts';

const terraform = await startTerraform();
afterAll(() => terraform.stop());

const folders = readdirSync(new URL('examples/', ROOT)).filter((name) =>
  readdirSync(new URL(`examples/${name}/`, ROOT)).includes('main.tf'),
);

describe.each(folders)('examples/%s', (name) => {
  const folder = join(terraform.repository, 'examples', name);

  test('is formatted', () => terraform.succeed(folder, 'fmt', '-check', '-diff', '-no-color'));

  test('is valid, without a warning, and plans what its tests say', async () => {
    await terraform.succeed(folder, 'init', '-no-color');
    expect(await terraform.succeed(folder, 'validate', '-no-color')).not.toContain('Warning');
    expect(await terraform.succeed(folder, 'test', '-no-color')).toMatch(/Success! 1 passed/);
  });
});
