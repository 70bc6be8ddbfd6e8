import { sourceName } from '../insights/findings.ts';
import type { Overview } from '../insights/overview.ts';
import { count, plural } from '../insights/wording.ts';
import type { Clock } from './clock.ts';
import { type Html, html } from './html.ts';

const RUNS_SHOWN = 10;

/** The sync itself: how it is, what it has read, and its last runs. */
export function syncSection({ sync_health, coverage, sync_runs }: Overview, clock: Clock): Html {
  const sources = sync_health.toSorted((one, other) => (sourceName(one) < sourceName(other) ? 1 : -1));
  const runs = sync_runs
    .toSorted((one, other) => other.started_at.getTime() - one.started_at.getTime())
    .slice(0, RUNS_SHOWN);
  const rangesOf = (row: Overview['sync_health'][number]) =>
    coverage.filter(({ stream, client_id }) => stream === row.stream && client_id === row.client_id);
  return html`<section aria-labelledby="sync">
<h2 id="sync">The sync itself</h2>
<div class="scroll" role="region" aria-labelledby="sync" tabindex="0"><table>
<thead><tr><th scope="col">Stream</th><th scope="col">State</th><th scope="col">Last success</th><th scope="col">Data through</th><th scope="col" class="n">Set aside</th><th scope="col" class="n">Failed runs</th><th scope="col">Ids read</th></tr></thead>
<tbody>
${sources.map(
  (row) =>
    html`<tr><th scope="row">${sourceName(row)}</th><td><span class="badge ${row.health === 'ok' ? 'good' : 'critical'}">${row.health}</span></td><td>${clock.time(row.last_success_at)}</td><td>${clock.time(row.watermark)}</td><td class="n">${count(row.rows_rejected_7d)}</td><td class="n">${count(row.failed_runs_7d)}</td><td>${coverageText(rangesOf(row))}</td></tr>
`,
)}</tbody></table></div>
<p class="note">Rows set aside and failed runs: of the last 7 days.</p>
<h3 id="runs">Last runs</h3>
<div class="scroll" role="region" aria-labelledby="runs" tabindex="0"><table>
<thead><tr><th scope="col">Started</th><th scope="col">Stream</th><th scope="col">Mode</th><th scope="col">Outcome</th><th scope="col" class="n">New rows</th><th scope="col" class="n">Requests</th></tr></thead>
<tbody>
${runs.map(
  (run) =>
    html`<tr><th scope="row">${clock.time(run.started_at)}</th><td>${sourceName(run)}</td><td>${run.mode}</td><td>${outcomeText(run)}</td><td class="n">${count(run.rows_inserted ?? 0)}</td><td class="n">${count(run.requests ?? 0)}</td></tr>
`,
)}</tbody></table></div>
</section>`;
}

function outcomeText({ outcome, error_code }: Overview['sync_runs'][number]): Html {
  if (outcome !== 'failed') return html`${outcome}`;
  return html`<span class="badge critical">failed</span> ${error_code}`;
}

function coverageText(ranges: Overview['coverage']): string {
  const [only] = ranges;
  if (only === undefined) return '–';
  return ranges.length === 1
    ? `${only.first_id} to ${only.last_id}`
    : `${plural(ranges.length, 'range')}, so ${plural(ranges.length - 1, 'hole')}`;
}
