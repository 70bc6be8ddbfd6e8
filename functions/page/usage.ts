import { pipelineName } from '../insights/findings.ts';
import type { Overview } from '../insights/overview.ts';
import { count, dayAfter, daysBetween, percent } from '../insights/wording.ts';
import { folded, type Html, html, outsideName } from './html.ts';

const PIPELINES_SHOWN = 12;

interface Usage {
  name: string;
  clientId: string | null;
  records: number;
  share: number | null;
  /** Of the same days of the month before; null on the first day of a month. */
  change: number | null;
  previousMonth: number;
}

/** Which pipelines use the plan this month, the most first, and how that changed. */
export function usageSection(overview: Overview): Html {
  const usage = usageOf(overview);
  const hasClients = new Set(usage.map(({ clientId }) => clientId)).size > 1;
  const highest = usage[0]?.records || 1;
  const table = (
    part: readonly Usage[],
  ) => html`<div class="scroll" role="region" aria-labelledby="usage" tabindex="0"><table>
<thead><tr><th scope="col">Pipeline</th>${hasClients && html`<th scope="col" class="n">Client</th>`}<th scope="col" class="n">Records</th><th scope="col" class="n wide">Share</th><th scope="col" class="n">Change</th><th scope="col" class="n wide">Last month</th></tr></thead>
<tbody>
${part.map(
  ({
    name,
    clientId,
    records,
    share,
    change,
    previousMonth,
  }) => html`<tr><th scope="row">${outsideName(name)}<svg class="bar" aria-hidden="true" width="100%" height="3"><rect width="${((100 * records) / highest).toFixed(1)}%" height="3"/></svg></th>${hasClients && html`<td class="n">${clientId}</td>`}<td class="n">${count(records)}</td><td class="n wide">${share === null ? '–' : percent(share)}</td><td class="n">${changeText(change)}</td><td class="n wide">${count(previousMonth)}</td></tr>
`,
)}</tbody></table></div>`;
  return html`<section aria-labelledby="usage">
<h2 id="usage">Who uses the plan</h2>
<p class="note">Billable records this month. The change is against the same days of last month.</p>
${
  usage.length === 0
    ? html`<p class="nothing">No billable records this month yet.</p>`
    : folded(usage, PIPELINES_SHOWN, table, (more) => `${count(more)} more pipelines`)
}
</section>`;
}

function changeText(change: number | null): string {
  if (change === null) return '–';
  if (!Number.isFinite(change)) return 'new';
  const rounded = Math.round(change * 100);
  return `${rounded > 0 ? '+' : rounded < 0 ? '−' : '±'}${count(Math.abs(rounded))} %`;
}

function usageOf({ monthly_usage, daily_usage, plan_forecast }: Overview): Usage[] {
  const { month } = plan_forecast;
  const previous = `${dayAfter(month, -1).slice(0, 7)}-01`;
  const lastDay = daily_usage.reduce((latest, { day }) => (day > latest ? day : latest), month);
  // Today is not over, so it is left out on both sides.
  const wholeDays = daysBetween(month, lastDay);
  const sums = new Map<string, { now: number; before: number }>();
  for (const row of daily_usage) {
    const sum = sums.get(keyOf(row)) ?? { now: 0, before: 0 };
    if (row.day >= month && row.day < lastDay) sum.now += row.billable_records;
    if (row.day >= previous && row.day < month && daysBetween(previous, row.day) < wholeDays)
      sum.before += row.billable_records;
    sums.set(keyOf(row), sum);
  }
  return monthly_usage
    .filter((row) => row.month === month)
    .map((row) => {
      const { now, before } = sums.get(keyOf(row)) ?? { now: 0, before: 0 };
      return {
        name: pipelineName(row),
        clientId: row.client_id,
        records: row.billable_records,
        share: row.share_of_month,
        change: wholeDays === 0 || now + before === 0 ? null : (now - before) / before,
        previousMonth: row.previous_month_billable_records,
      };
    })
    .sort((one, other) => other.records - one.records);
}

function keyOf({ client_id, pipeline_id }: { client_id: string | null; pipeline_id: string | null }): string {
  return `${client_id} ${pipeline_id}`;
}
