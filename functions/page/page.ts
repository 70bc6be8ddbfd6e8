import type { ReadingConfig } from '../config.ts';
import { daysBetween } from '../insights/days.ts';
import { type Findings, findingCounts, findingsOf } from '../insights/findings.ts';
import { type Headline, headlineOf, staleNote } from '../insights/headline.ts';
import type { Overview } from '../insights/overview.ts';
import { stateOf } from '../insights/state.ts';
import { createWording, type Wording } from '../insights/wording/wording.ts';
import { MINUTE_MS } from '../timestamps.ts';
import { createClock } from './clock.ts';
import type { PageContext } from './context.ts';
import { document } from './document.ts';
import { executionsSection } from './executions.ts';
import { findingsSection } from './findings.ts';
import { type Html, html } from './html.ts';
import { monthSection } from './month.ts';
import { syncSection } from './sync-health.ts';
import { usageSection } from './usage.ts';

export type PageOptions = Pick<ReadingConfig, 'billing' | 'language' | 'muted'> & {
  /** Whether the rows are those of the sandbox. */
  isMadeUp: boolean;
};

/**
 * Draws the page: one file that needs nothing else.
 *
 * @param overview null if there is nothing to read yet.
 */
export function renderPage(overview: Overview | null, options: PageOptions): string {
  const { billing, language, muted, isMadeUp } = options;
  const wording = createWording({ language, timeZone: billing.timeZone });
  const band = isMadeUp ? html`<p class="made-up">${wording.states.madeUp}</p>` : undefined;
  if (overview === null)
    return document(wording, wording.states.noLogs, html`${band}${nothingStored(wording)}`);
  const state = stateOf(overview);
  const context: PageContext = { overview, state, wording, clock: createClock(wording.formats) };
  const headline = headlineOf(state, overview, wording);
  const findings = findingsOf(overview, muted, wording);
  // Good news about made-up data are none.
  const tone = isMadeUp && headline.tone === 'good' ? 'notice' : headline.tone;
  return document(
    wording,
    headline.sentence,
    html`${band}
${state.kind === 'empty' ? nothingStored(wording) : header({ ...headline, tone }, findings, context)}
<main>
${mainParts(findings, context)}
</main>
${footer(context)}`,
  );
}

/** What is not known yet has no part of its own. */
function mainParts(findings: Findings, context: PageContext): Html {
  const { state, overview } = context;
  const attention = findingsSection(context, findings);
  const executions = executionsSection(context);
  const sync = syncSection(context);
  switch (state.kind) {
    case 'empty':
      return overview.sync_health.length === 0 && findings.listed.length === 0
        ? html``
        : html`${attention}
${sync}`;
    case 'loading':
      return html`${attention}
${executions}
${sync}`;
    default:
      return html`${overview.plan_forecast && monthSection(context, overview.plan_forecast)}
${attention}
${usageSection(context)}
${executions}
${sync}`;
  }
}

function header({ sentence, advice, tone }: Headline, findings: Findings, context: PageContext): Html {
  const { state, overview, wording } = context;
  const { states, page } = wording;
  return html`<header>
<p class="name">${page.name}</p>
<h1 class="${tone}">${sentence}</h1>
${advice !== null && html`<p class="lead">${advice}</p>`}
${state.kind === 'loading' && html`<p class="lead">${states.loadingNote}</p>`}
${state.kind === 'stale' && html`<p class="lead">${staleNote(state, overview, wording)}</p>`}
<p class="lead">${findingsLead(findings, context)} ${freshness(context)}</p>
</header>`;
}

function findingsLead({ listed }: Findings, { state, wording }: PageContext): Html {
  const { page } = wording;
  const counts = findingCounts(listed, wording);
  if (counts !== '') return html`<a href="#attention">${page.attention}</a>${page.attentionPrefix(counts)}`;
  return state.kind === 'known' ? html`${page.nothingToDo}` : html``;
}

function freshness({ state, overview, wording, clock }: PageContext): Html {
  const { states } = wording;
  if (state.kind === 'loading') return html``; // the first sentence says through when
  const newest = overview.plan_forecast?.data_through ?? null;
  const minutes = newest === null ? 0 : (overview.asOf.getTime() - newest.getTime()) / MINUTE_MS;
  return html`${newest !== null && html`${states.newestBefore} ${clock.time(newest)}${states.newestAfter(minutes)}`}${
    state.kind === 'known' && html` ${states.knownBefore} ${clock.time(state.through)}.`
  }`;
}

function footer({ overview, wording, clock }: PageContext): Html {
  const { page } = wording;
  const lastDay = overview.daily_usage.reduce((latest, { day }) => (day > latest ? day : latest), '');
  // The views fill in days up to their today, which is another one in another time zone.
  const isOtherZone = lastDay !== '' && daysBetween(lastDay, clock.dayOf(overview.asOf)) !== 0;
  return html`<footer><p>${page.asOf} ${clock.time(overview.asOf)}. ${page.timeZone(clock.timeZone)}${isOtherZone && html` ${page.oldTimeZone}`}</p></footer>`;
}

function nothingStored({ states, page }: Wording): Html {
  const [before, between, after] = states.noLogsAdvice('|', '|').split('|');
  return html`<header>
<p class="name">${page.name}</p>
<h1 class="notice">${states.noLogs}</h1>
<p class="lead">${before}<code>npm run sync</code>${between}<code>POST /</code>${after}</p>
</header>`;
}
