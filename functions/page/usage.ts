import { isUnknownMonth } from '../insights/headline.ts';
import { type Usage, usageOf } from '../insights/usage.ts';
import type { Wording } from '../insights/wording/wording.ts';
import { type PageContext, row, section, table, titles } from './context.ts';
import { severalClients } from './findings.ts';
import { collapsed, type Html, html, untrustedName } from './html.ts';

const PIPELINES_SHOWN = 12;

/** Which pipelines use the plan this month, the most first, and how that changed. */
export function usageSection(context: PageContext): Html {
  const { page } = context.wording;
  const views = ['plan_forecast', 'monthly_usage', 'daily_usage'] as const;
  return section(context, { id: 'usage', title: page.usage, views }, () => drawUsage(context));
}

function drawUsage(context: PageContext): Html {
  const { overview, state, wording } = context;
  const { page } = wording;
  if (isUnknownMonth(state, overview.plan_forecast, wording))
    return html`<p class="nothing">${page.monthUnknown}</p>`;
  const usage = usageOf(overview, wording);
  if (usage.length === 0) return html`<p class="nothing">${page.noUsage}</p>`;
  const isOfPlan = overview.plan_forecast?.plan_records !== null;
  const hasClients = severalClients(context);
  const highest = Math.max(1, usage[0]?.records ?? 0);
  const head = titles([
    [page.pipeline],
    ...(hasClients ? [[page.client, 'n wide'] as const] : []),
    [page.records, 'n'],
    [isOfPlan ? page.shareOfPlan : page.shareOfMonth, 'n'],
    [page.change, 'n wide'],
    [page.lastMonth, 'n wide'],
  ]);
  const draw = (part: readonly Usage[]) =>
    table(
      'usage',
      head,
      part.map((each) => usageRow(each, highest, hasClients, wording)),
    );
  return html`<p class="note">${page.usageNote(isOfPlan)}</p>
${collapsed(usage, PIPELINES_SHOWN, draw, page.morePipelines)}`;
}

function usageRow(
  { pipeline, records, share, change, previousMonth }: Usage,
  highest: number,
  hasClients: boolean,
  wording: Wording,
): Html {
  const { formats } = wording;
  const bar = ((100 * Math.max(0, records)) / highest).toFixed(1);
  const name = html`${untrustedName(pipeline.name)}
<svg class="bar" aria-hidden="true" width="100%" height="3"><rect width="${bar}%" height="3"/></svg>`;
  return row(name, [
    ...(hasClients ? [[pipeline.clientId, 'n wide'] as const] : []),
    [formats.count(records), 'n'],
    [share === null ? '–' : formats.percent(share), 'n'],
    [changeText(change, wording), 'n wide'],
    [formats.count(previousMonth), 'n wide'],
  ]);
}

function changeText(change: number | null, { page, formats }: Wording): string {
  if (change === null) return '–';
  return Number.isFinite(change) ? formats.change(change) : page.isNew;
}
