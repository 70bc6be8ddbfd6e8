/** One run in a process of its own, for tests that kill it. */
import { runSync } from './runs.ts';

const { report } = await runSync({ ...process.env } as Record<string, string>);
process.exitCode = report.outcome === 'failed' ? 1 : 0;
