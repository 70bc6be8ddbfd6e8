// One sync in a process of its own, which takes what a user's process takes.
import { readConfig } from '../../functions/config.ts';
import { createLog } from '../../functions/log.ts';
import { run } from '../../functions/run.ts';
import { parseRunRequest } from '../../functions/sync/request.ts';

const log = createLog({ level: 'error', isReadable: true, write: (line) => process.stderr.write(line) });
const startedAtMs = performance.now();
const { report } = await run(parseRunRequest('{"streams":["pipeline_logs"]}'), { readConfig, log });
const { outcome, rows_inserted, rows_duplicate, requests, rate_limit_hits } = report.streams[0] ?? {};
process.send?.({
  outcome,
  rows: rows_inserted,
  duplicates: rows_duplicate,
  requests,
  rateLimitHits: rate_limit_hits,
  seconds: (performance.now() - startedAtMs) / 1000,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
});
process.disconnect?.();
