// npm start: the function on this computer, with the defaults of npm run sync.
import { subscribe } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';
import { openLocalEnvironment, readEnvironment, sandboxNotice } from './environment.ts';
import { endWithNpm } from './signals.ts';

const processEnv = readEnvironment();
const port = processEnv.PORT || '8080';
if (!/^\d{1,5}$/.test(port)) {
  process.stderr.write(`PORT: received ${JSON.stringify(port)}, accepted is a number such as 8080.\n`);
  process.exit(2);
}

endWithNpm();
const { env, isSandbox } = await openLocalEnvironment(processEnv);
Object.assign(process.env, env, {
  PORT: port,
  FUNCTION_TARGET: 'sync',
  FUNCTION_SOURCE: fileURLToPath(new URL('..', import.meta.url)),
});
if (isSandbox) process.stderr.write(`${sandboxNotice(env)}\n`);

subscribe('tracing:net.server.listen:asyncEnd', () => {
  process.stderr.write(
    `Listening. Start a sync with: curl -X POST localhost:${port}; the page is http://localhost:${port} (Ctrl-C ends this.)\n`,
  );
});
subscribe('tracing:net.server.listen:error', () => {
  process.stderr.write(`Port ${port} cannot be used: set PORT to a free one.\n`);
  process.exit(1);
});

// The package can be started only by its command, which ends the process at Ctrl-C and SIGTERM.
await import(new URL('main.js', import.meta.resolve('@google-cloud/functions-framework')).href);
