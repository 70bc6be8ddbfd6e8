const EXIT_STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

// npm passes on the signal that the terminal has sent to everyone already, so one Ctrl-C arrives twice.
const SAME_SIGNAL_MS = 500;

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
