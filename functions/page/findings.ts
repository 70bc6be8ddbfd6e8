import type { AttentionItem } from '../insights/findings.ts';
import { plural } from '../insights/wording.ts';
import type { Clock } from './clock.ts';
import { folded, type Html, html, outsideName } from './html.ts';

const ITEMS_SHOWN = 8;

/** What needs attention, each with its reason, or that nothing does. */
export function attentionSection(items: readonly AttentionItem[], clock: Clock): Html {
  const list = (part: readonly AttentionItem[]) =>
    html`<ul class="attention">
${part.map(
  ({ severity, what, subject, text, moment }) => html`<li>
<span class="badge ${severity}">${what}</span> <strong>${outsideName(subject)}</strong> <span class="when">${clock.time(moment)}</span>
<p dir="auto">${text}</p>
</li>
`,
)}</ul>`;
  return html`<section aria-labelledby="attention">
<h2 id="attention">Needs attention</h2>
${items.length === 0 ? html`<p class="nothing">Nothing.</p>` : folded(items, ITEMS_SHOWN, list, (more) => plural(more, 'more item'))}
</section>`;
}
