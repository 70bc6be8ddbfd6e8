import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { test } from '../support/test.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const run = (args: string[]) => promisify(execFile)(process.execPath, args, { cwd: ROOT });

test('an older Node is told so before it reads any TypeScript', async ({ folder }) => {
  const older = join(folder, 'older.cjs');
  writeFileSync(
    older,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`,
  );
  const command = ['--require', './local/require-node.cjs', 'local/sync.ts', '--help'];
  const [, required] = /^\^(\d+)\./.exec(packageJson.devDependencies.node) ?? [];
  await expect(run(['--require', older, ...command])).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`needs Node ${required} or later.*20\\.20\\.2\\.\\nnpm ci`)),
  });
  expect(await run(command)).toMatchObject({ stdout: expect.stringContaining('--from-id'), stderr: '' });
});

test('every script that needs the right Node asks for it first', () => {
  for (const [name, script] of Object.entries(packageJson.scripts)) {
    if (name !== 'format') expect(script).toMatch(/^node (?:--\S+ )*(?:\.\/)?local\/require-node\.cjs /);
  }
});
