import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Whoever sends SIGTERM waits ten seconds: https://docs.cloud.google.com/run/docs/container-contract#instance-shutdown */
const LATEST_END_MS = 7500;

/**
 * Lets SIGTERM end the work as its time budget would, and the process only when the answer is out.
 *
 * The framework's own handler ends the process at once: rows would be stored, and no run would tell of them.
 *
 * @param response what is answered, by the work or because it failed.
 */
export async function untilTerminated<T>(
  response: Writable,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const others = process.listeners('SIGTERM');
  const end = () => {
    process.off('SIGTERM', stop);
    for (const listener of others) process.on('SIGTERM', listener);
  };
  const endProcess = () => process.kill(process.pid, 'SIGTERM');
  function stop() {
    if (controller.signal.aborted) return;
    controller.abort();
    setTimeout(() => {
      end();
      endProcess();
    }, LATEST_END_MS).unref();
    once(response, 'close').then(endProcess, endProcess);
  }
  process.removeAllListeners('SIGTERM');
  process.on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    end();
  }
}
