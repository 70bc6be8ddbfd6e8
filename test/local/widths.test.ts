import { describe, expect } from 'vitest';
import { test } from '../support/commands.ts';

/** What makes a child believe that it writes to a terminal so wide, which knows no colours. */
function terminal(columns: number): Record<string, string> {
  const both = ['stdout', 'stderr'].map(
    (name) => `Object.assign(process.${name},{isTTY:true,getColorDepth:()=>1,columns:${columns}})`,
  );
  return {
    NODE_OPTIONS: `--import=data:text/javascript,${both.join(';')}`,
    TERM: 'dumb',
  };
}

/** Lines that are wider; a command to copy, a link and a path stay whole. */
function tooWide(output: { stdout: string; stderr: string }, columns: number): string[] {
  const lines = `${output.stdout}\n${output.stderr}`.split('\n');
  return lines.filter((line) => line.length > columns && !/^ *(?:npm run|\S+$)/.test(line));
}

describe.for([40, 60])('on a terminal of %i columns', (columns) => {
  test('every command keeps to the width', { timeout: 120_000 }, async ({ account, command }) => {
    const { env } = await account({ rows: 300 });
    const here = terminal(columns);
    const plan = { PLAN_RECORDS_PER_MONTH: '10000000' };
    for (const [script, args, more] of [
      ['sync', ['--help'], {}],
      ['sync', [], { ...env, ...plan }],
      ['sync', ['--verify', '--dry-run'], { ...env, ...plan }],
      ['sync', [], { ...env, ...plan, DISPLAY_LANGUAGE: 'pt-BR' }],
      ['sync', ['--bogus', '--form', 'yesterday', '--too', '2026-09-08', '--accept-gap'], {}],
      ['doctor', [], {}],
      ['doctor', ['--help'], {}],
      ['views', ['--help'], {}],
      ['start', ['--help'], {}],
      ['query', ['--help'], {}],
      ['query', ['SELECT pipeline_name, health, reason FROM pipeline_status'], {}],
    ] as const) {
      const output = await command(script, args, { ...more, ...here });
      expect({ script, args, tooWide: tooWide(output, columns) }).toEqual({ script, args, tooWide: [] });
      expect(output.stdout + output.stderr).not.toBe('');
    }
  });
});

test('a help text says the same at every width', async ({ command }) => {
  const words = async (env: Record<string, string>) =>
    (await command('sync', ['--help'], env)).stdout.split(/\s+/);
  const whole = await words({});
  expect(await words(terminal(80))).toEqual(whole);
  expect(await words(terminal(40))).toEqual(whole);
  // Some terminals do not know their size.
  expect(await command('sync', ['--help'], terminal(0))).toEqual(await command('sync', ['--help']));
});
