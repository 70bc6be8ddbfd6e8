// A Kondado with a long history, in a process of its own, so that its memory does not count as the sync's.
import { startSandbox } from '../../local/sandbox/server.ts';
import { createHistory } from './history.ts';

const { rows, perSecond, perMinute } = JSON.parse(process.argv[2] ?? '{}');
const limits = perSecond === undefined ? null : { perSecond, perMinute };
const sandbox = await startSandbox({ source: createHistory(rows, Date.now()), limits });
process.send?.({ url: sandbox.url });
process.on('message', () => {
  process.send?.({ violations: sandbox.violations, requests: sandbox.requests.length });
});
