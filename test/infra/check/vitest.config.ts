import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/infra/check/*.suite.ts'], testTimeout: 60_000, hookTimeout: 600_000 },
});
