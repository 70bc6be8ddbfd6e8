import type { Finding } from '../insights/finding.ts';
import type { Findings } from '../insights/findings.ts';
import type { PageContext } from './context.ts';
import { collapsed, type Html, html, objectName, untrustedName } from './html.ts';

const SHOWN = 8;

/** What needs attention, each with its reason, or that nothing does; the sync's own troubles are never collapsed. */
export function findingsSection(context: PageContext, { listed, switchedOff, muted }: Findings): Html {
  const { state, wording } = context;
  const { page, findings } = wording;
  const ofSync = listed.filter(({ group }) => group === 'sync');
  const others = listed.slice(ofSync.length);
  const hasClients = severalClients(context);
  const list = (part: readonly Finding[]) => html`<ul class="findings">
${part.map((finding) => entry(finding, hasClients, context))}</ul>`;
  return html`<section aria-labelledby="attention">
<h2 id="attention">${page.attention}</h2>
${ofSync.length > 0 && list(ofSync)}
${others.length > 0 && collapsed(others, SHOWN, list, page.moreItems)}
${listed.length === 0 && state.kind !== 'loading' && html`<p class="nothing">${page.nothing}</p>`}
${
  switchedOff.length > 0 &&
  html`<h3>${page.switchedOff}</h3>
${collapsed(switchedOff, SHOWN, list, page.moreItems)}`
}
${state.kind === 'loading' && html`<p class="note">${page.notBeforeLoaded}</p>`}
${muted > 0 && html`<p class="note">${findings.muted(muted, 'MUTED_PIPELINES, MUTED_MODELS')}</p>`}
</section>`;
}

function entry(finding: Finding, hasClients: boolean, { wording, clock }: PageContext): Html {
  const { severity, kind, subject, reasons, moment } = finding;
  const { page, findings } = wording;
  const isObject = typeof subject !== 'string';
  const about = isObject
    ? [
        subject.kind === 'model' ? page.model : page.pipeline,
        subject.id === null ? '' : page.id(subject.id),
        hasClients && subject.clientId !== null ? page.ofClient(subject.clientId) : '',
      ]
    : [];
  return html`<li>
<span class="badge ${severity}">${findings.kinds[kind][0]}</span>
<span class="who"><strong>${isObject ? objectName(subject) : untrustedName(subject)}</strong>
<span class="about">${about.filter((text) => text !== '').join(', ')}</span></span>
<span class="when">${clock.time(moment)}</span>
${reasons.map((reason) => html`<p dir="auto">${reason}</p>`)}
</li>
`;
}

/** Where there is one client only, nobody needs its number. */
export function severalClients({ overview }: PageContext): boolean {
  const rows = [...overview.pipeline_status, ...overview.model_status, ...overview.monthly_usage];
  return new Set(rows.map(({ client_id }) => client_id)).size > 1;
}
