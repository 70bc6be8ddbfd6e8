const EXIT_STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

// npm passes on a signal that the terminal has already sent to everyone, so one Ctrl-C arrives twice.
const SAME_SIGNAL_MS = 500;

const PARENT_CHECK_MS = 200;

/** Aborts a signal at Ctrl-C or SIGTERM; the next one ends the process at once. */
export function listenForInterruption(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  let firstMs: number | undefined;
  const interrupt = (signal: keyof typeof EXIT_STATUS) => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      onFirst();
      controller.abort();
    } else if (performance.now() - firstMs > SAME_SIGNAL_MS) {
      process.exit(EXIT_STATUS[signal]);
    }
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}

/**
 * Sends this process SIGTERM once npm, which started it, has ended.
 *
 * npm runs a script in a shell and passes SIGTERM to that alone, so the script would outlive both.
 */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_CHECK_MS);
  timer.unref();
}
