import { expect, test } from 'vitest';
import { deployedVersion } from '../../functions/version.ts';
import packageJson from '../../package.json' with { type: 'json' };

test('the version is followed by the hash of the source where Terraform has set it', () => {
  expect(deployedVersion({ SOURCE_HASH: '0123456789ab' })).toBe(`${packageJson.version}+0123456789ab`);
  expect(deployedVersion({})).toBe(packageJson.version);
  expect(deployedVersion({ SOURCE_HASH: '' })).toBe(packageJson.version);
});

test('what is no hash is left out', () => {
  expect(deployedVersion({ SOURCE_HASH: 'main' })).toBe(packageJson.version);
});
