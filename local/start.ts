// npm start: the function on this computer, with the defaults of npm run sync, see `--help`.
import { subscribe } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';
import { readOptions, runCommand, UsageError } from './command.ts';
import { type Environment, openLocalEnvironment, readEnvironment, sandboxNotice } from './environment.ts';
import { endWithNpm } from './signals.ts';
import { say, sayHelp } from './terminal/screen.ts';

const { stdout, stderr } = process;

const HELP = `Serves the function on this computer, with the defaults of npm run sync: POST / starts a sync, GET / is the page.

npm start

  -- --help              show this text

PORT is the port (default: 8080). Ctrl-C ends it.
Environment variables set everything else, see docs/reference.md. Without Kondado credentials it uses made-up data.
`;

const OPTIONS = { help: { type: 'boolean', short: 'h' } } as const;

async function main(processEnv: Environment): Promise<number> {
  const { values, faults } = readOptions('start', OPTIONS, process.argv.slice(2), processEnv);
  if (faults.length > 0) throw new UsageError(faults.join('; '));
  if (values.has('help')) {
    sayHelp(stdout, HELP);
    return 0;
  }
  const port = processEnv.PORT || '8080';
  if (!/^\d{1,5}$/.test(port)) {
    stderr.write(`PORT: received ${JSON.stringify(port)}, accepted is a number such as 8080.\n`);
    return 2;
  }

  endWithNpm();
  const { env, isSandbox } = await openLocalEnvironment(processEnv);
  Object.assign(process.env, env, {
    PORT: port,
    FUNCTION_TARGET: 'sync',
    FUNCTION_SOURCE: fileURLToPath(new URL('..', import.meta.url)),
  });
  if (isSandbox) say(stderr, sandboxNotice(env));

  subscribe('tracing:net.server.listen:asyncEnd', () => {
    stderr.write(
      `Listening. Start a sync with: curl -X POST localhost:${port}; the page is http://localhost:${port} (Ctrl-C ends this.)\n`,
    );
  });
  subscribe('tracing:net.server.listen:error', () => {
    stderr.write(`Port ${port} cannot be used: set PORT to a free one.\n`);
    process.exit(1);
  });

  // The package can be started only by its command, which ends the process at Ctrl-C and SIGTERM.
  await import(new URL('main.js', import.meta.resolve('@google-cloud/functions-framework')).href);
  return 0;
}

await runCommand('start', () => main(readEnvironment()));
