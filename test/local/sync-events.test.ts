import { describe, expect } from 'vitest';
import { test } from '../support/commands.ts';

const idsIn = (text: string) => text.split('\n').flatMap((line) => (line ? [JSON.parse(line).id] : []));
/** The account has a row an hour, the last one just now. */
const LAST_DAY = Array.from({ length: 24 }, (_, index) => `pipeline_logs-${477 + index}`);

describe('npm run sync -- --events', () => {
  test('prints the executions of the last day once, alone on stdout', async ({ account, command }) => {
    const { env } = await account();
    const first = await command('sync', ['--events'], env);
    expect(first.status).toBe(0);
    expect(idsIn(first.stdout).slice(-23)).toEqual(LAST_DAY.slice(1));
    expect(JSON.parse(first.stdout.split('\n')[0] ?? '')).toMatchObject({
      specversion: '1.0',
      source: expect.stringMatching(/^\/\/kondado\/clients\/1\/pipelines\/\d$/),
      datacontenttype: 'application/json',
      data: { client_id: 1, row_count: 10 },
    });
    expect(first.stderr).toMatch(/pipeline_logs +success/);
    expect((await command('sync', ['--events'], env)).stdout).toBe('');
  });

  test('prints what a reader who left has not read', async ({ account, command, start }) => {
    const { env } = await account();
    const { child, output } = start('sync', ['--events'], env);
    child.stdout?.destroy();
    const { status, stderr } = await output;
    expect(status).toBe(0);
    expect(stderr).toMatch(/Whoever read the printed events has left/);
    const next = await command('sync', ['--events'], env);
    expect(idsIn(next.stdout).slice(-23)).toEqual(LAST_DAY.slice(1));
    expect((await command('sync', ['--events'], env)).stdout).toBe('');
  });
});
