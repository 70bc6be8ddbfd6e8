import path from 'node:path';
import { expect } from 'vitest';
import { storedRows, test } from '../support/commands.ts';

test('npm run sync --accept-gap passes a page that Kondado can never deliver', { timeout: 120_000 }, async ({
  account,
  command,
  folder,
}) => {
  // The rows are numbered from 1 on; no page that holds the 200th can be delivered.
  const { env } = await account({
    fault: ({ startElementId }) =>
      startElementId !== null && startElementId > 150n && startElementId <= 200n
        ? { kind: 'envelopeError', error: 'INTERNAL', message: 'No.' }
        : undefined,
  });
  const file = path.join(folder, 'kondado.duckdb');
  const all = { ...env, STREAMS: 'pipeline_logs', DUCKDB_PATH: file };
  expect(await command('sync', ['--json'], all)).toMatchObject({ status: 1 });
  const refused = await command('sync', ['--from-id', '201'], all);
  expect(refused.status).toBe(1);
  expect(refused.stdout + refused.stderr).toContain('accept');
  const before = await storedRows(file);
  const passed = await command('sync', ['--from-id', '201', '--accept-gap', '--json'], all);
  expect(passed.status).toBe(0);
  expect(JSON.parse(passed.stdout)).toMatchObject({ mode: 'backfill', outcome: 'success' });
  expect(await storedRows(file)).toBe(before + 300);
  expect(await command('sync', [], all)).toMatchObject({ status: 0 });

  const alone = await command('sync', ['--accept-gap'], all);
  expect(alone.status).toBe(2);
  expect(alone.stderr).toMatch(/--accept-gap needs/);
  expect((await command('sync', ['--help'])).stdout).toContain('--accept-gap');
});
