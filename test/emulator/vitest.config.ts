import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/emulator/*.suite.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The emulator says nothing about a broken query that comes on the client's fast path.
    env: { FAST_QUERY_PATH: 'DISABLED' },
  },
});
