import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect } from 'vitest';
import { readQuestions } from '../../functions/views/templates.ts';
import { test } from '../support/commands.ts';

const ODD = `SELECT 'a "quoted", text' AS text, 9007199254740993::BIGINT AS id, NULL AS nothing, [1, 2] AS list, 'x\ny' AS lines`;

async function fileWith(name: string, folder: string): Promise<string> {
  const file = path.join(folder, name);
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE which AS SELECT '${name}' AS name`);
  connection.closeSync();
  instance.closeSync();
  return file;
}

describe('npm run query', () => {
  test('asks DUCKDB_PATH, else the real file, else the made-up one, and says which', async ({
    command,
    folder,
  }) => {
    const ask = (env = {}) => command('query', ['--csv', 'SELECT name FROM which'], env);
    expect(await ask()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('npm run sync makes it'),
    });
    const sandbox = await fileWith('sandbox.duckdb', folder);
    const expectFile = (name: string) => ({
      status: 0,
      stdout: `name\n${name}\n`,
      stderr: expect.stringContaining(name),
    });
    expect(await ask()).toMatchObject(expectFile('sandbox.duckdb'));
    await fileWith('kondado.duckdb', folder);
    expect(await ask()).toMatchObject(expectFile('kondado.duckdb'));
    copyFileSync(sandbox, path.join(folder, 'other.duckdb'));
    const other = await ask({ DUCKDB_PATH: 'other.duckdb' });
    expect(other.stdout).toBe('name\nsandbox.duckdb\n');
    expect(other.stderr).toContain('other.duckdb');
    writeFileSync(path.join(folder, '.env'), 'DUCKDB_PATH=other.duckdb\n');
    expect((await ask()).stderr).toContain('other.duckdb');
    expect((await ask({ DUCKDB_PATH: 'kondado.duckdb' })).stderr).toContain('kondado.duckdb');
  });

  test('prints JSON and CSV that lose nothing, and nothing else', async ({ command, folder }) => {
    await fileWith('kondado.duckdb', folder);
    const json = await command('query', ['--json', ODD]);
    expect(json.stdout).toContain('"id":9007199254740993');
    expect(JSON.parse(json.stdout)).toMatchObject([
      { text: 'a "quoted", text', nothing: null, list: [1, 2], lines: 'x\ny' },
    ]);
    expect((await command('query', ['--json', 'SELECT 1 AS a LIMIT 0'])).stdout).toBe('[]\n');
    const csv = await command('query', [ODD, '--csv']);
    expect(csv.stdout).toBe(
      'text,id,nothing,list,lines\n"a ""quoted"", text",9007199254740993,,"[1,2]","x\ny"\n',
    );
    const same = await command('query', ['--json', 'SELECT 1 AS a, 2 AS a']);
    expect(Object.values(JSON.parse(same.stdout)[0])).toEqual([1, 2]);
  });

  test('changes nothing, and takes one statement', async ({ command, folder }) => {
    await fileWith('kondado.duckdb', folder);
    expect(await command('query', ['DELETE FROM which'])).toMatchObject({ status: 1 });
    for (const args of [
      ['SELECT 1; SELECT 2'],
      ['SELECT 1', 'SELECT 2'],
      ['--json', '--csv', 'SELECT 1'],
      ['--json=yes', 'SELECT 1'],
    ])
      expect(await command('query', args)).toMatchObject({ status: 2, stdout: '' });
    expect((await command('query', ['--jsno', 'SELECT 1'])).stderr).toContain('did you mean --json?');
    const taken = await command('query', ['SELECT 1'], { npm_config_json: 'true' });
    expect(taken).toMatchObject({ status: 2, stderr: expect.stringContaining('npm kept --json') });
    const wrong = await command('query', ['SELECT nam FROM which']);
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('"name"') });
  });

  test.for([[], ['--help'], ['-h'], [' ']])('%j lists every view with its question', async (args, {
    command,
  }) => {
    const { status, stdout } = await command('query', args);
    expect(status).toBe(0);
    for (const [name, question] of readQuestions()) {
      expect(question).not.toBe('');
      expect(stdout).toMatch(new RegExp(`^  ${name} +`, 'm'));
      expect(stdout).toContain(question);
    }
  });

  test('says in words that another process holds the file', async ({ command, folder }) => {
    const file = await fileWith('kondado.duckdb', folder);
    const holder = await DuckDBInstance.create(file);
    try {
      const { status, stderr } = await command('query', ['SELECT 1']);
      expect(status).toBe(1);
      expect(stderr).toContain('is held by another process');
    } finally {
      holder.closeSync();
    }
  });
});
