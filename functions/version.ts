import packageJson from '../package.json' with { type: 'json' };
import { VARIABLES } from './variables.ts';

/**
 * What is deployed: the version, and the hash of the source where Terraform has set it.
 *
 * The hash tells apart two states of the same version, such as the old code after a deployment that failed.
 */
export function deployedVersion({ SOURCE_HASH = '' }: NodeJS.ProcessEnv = process.env): string {
  const hash = VARIABLES.SOURCE_HASH.parse(SOURCE_HASH);
  return hash === undefined ? packageJson.version : `${packageJson.version}+${hash}`;
}
