// npm run sync: a sync on this computer, see `--help`.
import { readConfig } from '../functions/config.ts';
import { printJson } from '../functions/json.ts';
import { createLog, LOG_LEVELS, type Log } from '../functions/log.ts';
import { run } from '../functions/run.ts';
import { type RunReport, reportBody } from '../functions/sync/report.ts';
import { type Command, HELP, parseCommand } from './arguments.ts';
import { runCommand } from './command.ts';
import {
  type Environment,
  type LocalEnvironment,
  openLocalEnvironment,
  readEnvironment,
  sandboxNotice,
  wordingOf,
} from './environment.ts';
import { readDestination } from './read-destination.ts';
import { endWithNpm, listenForInterruption } from './signals.ts';
import { destinationLines } from './terminal/destination.ts';
import { startProgress } from './terminal/progress.ts';
import { createPainter, createScreen, type Screen, say, sayHelp, widthOf } from './terminal/screen.ts';
import { summaryLines } from './terminal/summary.ts';
import { printable } from './terminal/texts.ts';
import { mergeReports, runUntilDone } from './until-done.ts';

const { stdout, stderr } = process;

/** What the summary tells as well. */
const IN_SUMMARY: readonly string[] = [
  'stream_failed',
  'sync_finished',
  'pipeline_overdue',
  'pipelines_overdue',
  'pipeline_failing',
];

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2), process.env);
  if (command.isHelp) {
    sayHelp(stdout, HELP);
    return 0;
  }
  endWithNpm();
  const local = await openLocalEnvironment(readEnvironment());
  try {
    if (local.isSandbox) say(stderr, sandboxNotice(local.env));
    const outcome = await synchronize(command, local);
    return outcome === 'failed' ? 1 : 0;
  } finally {
    await local.close();
  }
}

async function synchronize(
  { request, isJson, isEvents }: Command,
  { env, isSandbox }: LocalEnvironment,
): Promise<RunReport['outcome']> {
  const startedMs = performance.now();
  // What goes to a file is read later, so the progress appears on the stream that somebody is looking at.
  const isStdoutFree = !isJson && !isEvents;
  const screen = createScreen(!stderr.isTTY && stdout.isTTY && isStdoutFree ? stdout : stderr, env);
  const wording = wordingOf(env);
  const progress = startProgress(screen, request, wording);
  const stop = listenForInterruption(() => progress.note(wording.terminal.stopping));
  const results = await runUntilDone(
    request,
    (rest) =>
      run(rest, {
        readConfig: () => {
          const config = readConfig(env);
          const { perSecond, perMinute } = config.kondado.limits;
          progress.limitTo(Math.min(perSecond * 60, perMinute));
          return config;
        },
        log: logOn(screen, env),
        stop,
        ...(isEvents ? { printEvents } : {}),
        ...progress,
      }),
    stop,
  );
  progress.end();

  const [{ config }] = results;
  const report = mergeReports(results);
  if (isJson) {
    stdout.write(`${printJson(reportBody(report))}\n`);
    return report.outcome;
  }
  const out = isEvents ? stderr : stdout;
  const paint = createPainter(out);
  const maxWidth = widthOf(out);
  const lines = summaryLines(report, {
    wording,
    paint,
    maxWidth,
    isInterrupted: stop.aborted,
    durationMs: performance.now() - startedMs,
    to: request.to,
    publish: request.publish,
  });
  if (config && !report.error && !report.dry_run) {
    const table = { maxWidth, emphasize: (text: string) => paint('bold', text) };
    lines.push('', ...destinationLines(await readDestination(config, isSandbox), config, table));
  }
  out.write(`\n${lines.join('\n')}\n`);
  return report.outcome;
}

/** Rejects once whoever reads has left, so that the next run prints again. */
function printEvents(lines: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(lines, (error) => (error ? reject(error) : resolve()));
  });
}

/** Logs warnings, without those that the summary repeats, unless LOG_LEVEL asks for more. */
function logOn(screen: Screen, { LOG_LEVEL }: Environment): Log {
  const level = LOG_LEVELS.find((name) => name === LOG_LEVEL);
  const log = createLog({
    level: level ?? 'warn',
    isReadable: true,
    write: (line) => screen.print(`${printable(line)}\n`),
  });
  if (level) return log;
  return {
    write: (...line) => {
      if (!IN_SUMMARY.includes(line[1])) log.write(...line);
    },
  };
}

await runCommand('sync', main);
