import { createHash } from 'node:crypto';
import { type AttentionItem, attentionCounts, attentionItems } from '../insights/findings.ts';
import { forecastSentence, type Outlook, outlookOf } from '../insights/forecast.ts';
import type { Overview } from '../insights/overview.ts';
import { roughTime } from '../insights/wording.ts';
import { type Clock, createClock } from './clock.ts';
import { executionsSection } from './executions.ts';
import { attentionSection } from './findings.ts';
import { type Html, html } from './html.ts';
import { monthSection } from './month.ts';
import { STYLE } from './style.ts';
import { syncSection } from './sync-health.ts';
import { usageSection } from './usage.ts';

/** What the page may load and run: nothing but its own style, known by its hash. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE.markup).digest('base64')}'; base-uri 'none'; form-action 'none'`;

const TONES: Record<Outlook, AttentionItem['severity'] | 'good'> = {
  empty: 'notice',
  unknown: 'notice',
  good: 'good',
  close: 'warning',
  short: 'critical',
  over: 'critical',
};

/**
 * Draws the page: one file that needs nothing else.
 *
 * @param overview null if there is nothing to read yet.
 */
export function renderPage(overview: Overview | null, timeZone: string): string {
  const clock = createClock(timeZone);
  if (overview === null || outlookOf(overview.plan_forecast) === 'empty') return emptyPage(overview, clock);
  const items = attentionItems(overview);
  const sentence = forecastSentence(overview.plan_forecast);
  return page(
    sentence,
    html`${header(overview, sentence, items, clock)}
<main>
${monthSection(overview, clock)}
${attentionSection(items, clock)}
${usageSection(overview)}
${executionsSection(overview, clock)}
${syncSection(overview, clock)}
</main>
${footer(overview, clock)}`,
  );
}

function header({ plan_forecast }: Overview, sentence: string, items: AttentionItem[], clock: Clock): Html {
  const { as_of, data_through } = plan_forecast;
  const minutes = (as_of.getTime() - (data_through ?? as_of).getTime()) / 60_000;
  return html`<header>
<p class="name">Kondado logs</p>
<h1 class="${TONES[outlookOf(plan_forecast)]}">${sentence}</h1>
<p class="lead">${attentionSummary(items)} Newest execution: ${clock.time(data_through)}, ${roughTime(minutes)} ago.</p>
</header>`;
}

function attentionSummary(items: AttentionItem[]): Html {
  const summary = attentionCounts(items);
  return summary === ''
    ? html`Nothing needs attention.`
    : html`<a href="#attention">Needs attention</a>: ${summary}.`;
}

function footer({ plan_forecast }: Overview, { time, timeZone }: Clock): Html {
  return html`<footer><p>As of ${time(plan_forecast.as_of)}. Days and times are those of ${timeZone}.</p></footer>`;
}

function emptyPage(overview: Overview | null, clock: Clock): string {
  const hasRuns = overview !== null && overview.sync_health.length > 0;
  return page(
    'No logs are stored yet',
    html`<header>
<p class="name">Kondado logs</p>
<h1 class="notice">No logs are stored yet.</h1>
<p class="lead">A sync brings them: <code>npm run sync</code> on a computer, <code>POST /</code> at the function. The first one reads up to 90 days, which may take hours at Kondado’s rate limit.</p>
</header>
<main>
${
  hasRuns &&
  html`${attentionSection(attentionItems(overview), clock)}
${syncSection(overview, clock)}`
}
</main>
${overview && footer(overview, clock)}`,
  );
}

function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`.markup;
}
