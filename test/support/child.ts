/** One run in a process of its own, for tests that kill it or weigh it. */
import { readFileSync } from 'node:fs';
import { runSync } from './runs.ts';

const { report } = await runSync({ ...process.env } as Record<string, string>);
const { outcome, streams } = report;
process.exitCode = outcome === 'failed' ? 1 : 0;
process.send?.({
  outcome,
  code: streams[0]?.error?.code,
  peakMegabytes: peakKilobytes() / 1024,
});
process.disconnect?.();

/** The most memory that this process has had; what Linux counts as its maximum includes that of the parent at the fork. */
function peakKilobytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
