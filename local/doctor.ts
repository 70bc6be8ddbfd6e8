// npm run doctor: checks everything that a sync of this environment needs, see `--help`.
import { type CheckReport, check } from '../functions/check/check.ts';
import type { Check } from '../functions/check/checks.ts';
import { readConfig } from '../functions/config.ts';
import { createWording } from '../functions/insights/wording/wording.ts';
import { printJson } from '../functions/json.ts';
import { createLog } from '../functions/log.ts';
import { readOptions, runCommand, UsageError } from './command.ts';
import { type Environment, openLocalEnvironment, readEnvironment, sandboxNotice } from './environment.ts';
import { endWithNpm, listenForInterruption } from './signals.ts';
import { createPainter, say, sayHelp, widthOf } from './terminal/screen.ts';
import { LEAST_TABLE_WIDTH, renderTable } from './terminal/table.ts';
import { hanging, printable } from './terminal/texts.ts';

const { stdout, stderr } = process;

const HELP = `Checks everything that a sync needs, and tests what is assumed about Kondado and the warehouse by asking.

npm run doctor -- [options]

  --json                 print the report, as the function would answer, and nothing else
  --help                 show this text

It asks Kondado at most six times a stream, stores no log row, and publishes nothing. A row of mode check for each stream
goes into sync_runs, which every view ignores.
Exit status: 0 nothing failed, 1 something failed, 2 wrong usage.
Environment variables set everything else, see docs/reference.md. Without Kondado credentials it checks the built-in sandbox.
`;

const OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const STYLES = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const;
const OUTCOMES = Object.keys(STYLES) as Check['outcome'][];

async function main(): Promise<number> {
  const { isJson, isHelp } = parseOptions(process.argv.slice(2), process.env);
  if (isHelp) {
    sayHelp(stdout, HELP);
    return 0;
  }
  endWithNpm();
  const local = await openLocalEnvironment(readEnvironment());
  try {
    if (local.isSandbox) say(stderr, sandboxNotice(local.env));
    say(stderr, 'Checking. Kondado takes one request a second, so it takes some ten seconds.');
    const log = createLog({
      level: 'warn',
      isReadable: true,
      write: (line) => stderr.write(`${printable(line)}\n`),
    });
    const stop = listenForInterruption(() => stderr.write('stopping; press Ctrl-C again to end at once\n'));
    const report = await check(
      { streams: undefined },
      { readConfig: () => readConfig(local.env), log, stop },
    );
    stdout.write(isJson ? `${printJson(report)}\n` : `${linesOf(report).join('\n')}\n`);
    return report.outcome === 'failed' ? 1 : 0;
  } finally {
    await local.close();
  }
}

/** @throws {UsageError} that names every fault. */
function parseOptions(args: string[], env: Environment): { isJson: boolean; isHelp: boolean } {
  const { values, faults } = readOptions('doctor', OPTIONS, args, env);
  if (faults.length > 0) throw new UsageError(faults.join('; '));
  return { isJson: values.has('json'), isHelp: values.has('help') };
}

function linesOf({ checks }: CheckReport): string[] {
  const paint = createPainter(stdout);
  const maxWidth = widthOf(stdout);
  const rows = checks.map(({ name, outcome, message }) => [outcome, name, printable(message)]);
  const columns = [{ title: 'outcome' }, { title: 'check' }, { title: 'found', holds: 'sentences' as const }];
  const lines =
    maxWidth < LEAST_TABLE_WIDTH
      ? rows.flatMap(([outcome, name, message]) => hanging(`${outcome} ${name}: ${message}`, maxWidth, 2))
      : renderTable(columns, rows, { maxWidth, emphasize: (text) => paint('bold', text) });
  const painted = lines.map((line) => {
    const outcome = OUTCOMES.find((word) => line.startsWith(`${word} `));
    return outcome === undefined ? line : line.replace(outcome, (word) => paint(STYLES[outcome], word));
  });
  return [...painted, '', conclusionOf(checks)];
}

function conclusionOf(checks: readonly Check[]): string {
  const count = (outcome: Check['outcome']) => checks.filter((each) => each.outcome === outcome).length;
  const { plural } = createWording({ language: 'en', timeZone: 'UTC' }).formats;
  const warnings = plural(count('warning'), 'warning', 'warnings');
  if (count('failed') > 0) return `${plural(count('failed'), 'check', 'checks')} failed, ${warnings}.`;
  return `A sync has what it needs, ${warnings}.`;
}

await runCommand('doctor', main);
