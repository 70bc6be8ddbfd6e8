import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { test } from '../support/commands.ts';
import { freePort, takenPort } from '../support/ports.ts';

/** What the command says until it listens. */
function told(child: ChildProcess): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    child.stderr?.on('data', (chunk) => {
      text += chunk;
      if (text.includes('Listening')) resolve(text);
    });
  });
}

test('npm start serves a sync of the sandbox, and ends at SIGTERM', { timeout: 120_000 }, async ({
  folder,
  start,
}) => {
  const port = await freePort();
  const { child, output } = start('start', [], { PORT: String(port) });
  const text = await told(child);
  expect(text).toContain('sandbox');
  expect(text).toContain(`curl -X POST localhost:${port}`);

  const answer = await fetch(`http://localhost:${port}/`, { method: 'POST' });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    outcome: 'success',
    streams: [{ stream: 'pipeline_logs' }, {}],
  });
  expect(existsSync(path.join(folder, 'sandbox.duckdb'))).toBe(true);
  const page = await fetch(`http://localhost:${port}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('of the plan used');
  const elsewhere = await fetch(`http://localhost:${port}/elsewhere`);
  expect(elsewhere.status).toBe(404);

  child.kill('SIGTERM');
  expect(await output).toMatchObject({ status: 0 });
});

test('npm start says that its port cannot be used', async ({ command, onTestFinished }) => {
  const { port, free } = await takenPort();
  onTestFinished(free);
  expect(await command('start', [], { PORT: String(port) })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`Port ${port} cannot be used`),
  });
  expect(await command('start', [], { PORT: 'abc' })).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('"abc"'),
  });
});

test('npm start takes no options but --help', async ({ command, folder }) => {
  const wrong = await command('start', ['--hel', 'now']);
  expect(wrong).toMatchObject({ status: 2, stdout: '' });
  expect(wrong.stderr).toMatch(/--hel is not an option, did you mean --help\?; unexpected "now"/);
  const help = await command('start', ['--help']);
  expect(help).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('PORT') });
  expect(readdirSync(folder)).toEqual([]);
});
