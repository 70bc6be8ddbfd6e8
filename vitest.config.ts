import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Many tests start a process: with what Node compiled before, it is up in half the time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));

export default defineConfig({
  test: {
    // Most tests wait for real back-offs and time-outs, so a worker for each of two processors is not too much.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
  },
});
