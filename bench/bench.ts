// npm run bench: prints tables of what was measured, and of what it was measured against.
// npm run bench -- silence: only that part.
const PARTS: Record<string, () => Promise<{ run(): Promise<void> }>> = {
  'cold-start': () => import('./cold-start/cold-start.ts'),
  sync: () => import('./sync/sync.ts'),
  'catching-up': () => import('./catching-up/catching-up.ts'),
  anomalies: () => import('./anomalies/anomalies.ts'),
  forecast: () => import('./forecast/forecast.ts'),
  silence: () => import('./silence/silence.ts'),
  statuses: () => import('./statuses/statuses.ts'),
  page: () => import('./page/page.ts'),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}
for (const [name, load] of Object.entries(PARTS)) {
  if (names.length === 0 || names.includes(name)) await (await load()).run();
}
