import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, readLocal } from './hcl.ts';

/** The files that Terraform puts into the archive, from the same list of patterns. */
export async function archiveFiles(): Promise<string[]> {
  const patterns = (await readLocal('archive_patterns')) as string[];
  return globSync(patterns, { cwd: fileURLToPath(ROOT) })
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

/** Writes the archive's files into an empty folder, as the build in the cloud finds them. */
export async function unpackArchive(folder: string): Promise<void> {
  for (const file of await archiveFiles()) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), readFileSync(new URL(file, ROOT)));
  }
}
