import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Many tests start a process: with what Node compiled before, it is up in half the time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));

export default defineConfig({
  test: {
    // Many tests wait for real back-offs and time-outs, so that three workers keep two processors busy.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
  },
});
