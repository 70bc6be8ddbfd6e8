const CHECK_MS = 200;

/**
 * Sends this process SIGTERM when npm, which has started it, is gone.
 *
 * npm runs a script in a shell and passes SIGTERM on to that alone, so that the script would stay behind.
 */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, CHECK_MS);
  timer.unref();
}
