import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Most tests wait for real back-offs and time-outs, so a worker for each of two processors is not too much.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxConcurrency: 20,
  },
});
