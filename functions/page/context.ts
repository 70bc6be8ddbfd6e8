import type { Overview } from '../insights/overview.ts';
import type { State } from '../insights/state.ts';
import type { Wording } from '../insights/wording/wording.ts';
import type { Clock } from './clock.ts';
import { type Content, type Html, html } from './html.ts';

/** What every part of the page draws from. */
export interface PageContext {
  overview: Overview;
  state: State;
  wording: Wording;
  clock: Clock;
}

type View = keyof Overview['failures'];

/** What stands in a column, and how it looks; what is not needed on a phone is `wide`, on a tablet `extra`. */
export type Column = readonly [content: Content, className?: string];

/** A part of the page under its title; one whose views could not be read says so, and takes nothing else with it. */
export function section(
  { overview, wording }: PageContext,
  part: { id: string; title: string; views: readonly View[] },
  draw: () => Html,
): Html {
  const failed = part.views.find((view) => overview.failures[view] !== undefined);
  return html`<section aria-labelledby="${part.id}">
<h2 id="${part.id}">${part.title}</h2>
${failed === undefined ? draw() : missing(failed, overview, wording)}
</section>`;
}

/** Stands where something could not be read. */
export function missing(view: View, { failures }: Overview, { page }: Wording): Html {
  return html`<p class="missing">${page.partMissing(failures[view] ?? '')}</p>`;
}

/** A table that may be wider than a phone. */
export function table(labelledBy: string, head: Html, rows: readonly Html[], className = ''): Html {
  return html`<div class="scroll" role="region" aria-labelledby="${labelledBy}" tabindex="0"><table class="${className}">
<thead><tr>${head}</tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}

/** A row of a table under such titles, which it begins with. */
export function row(heading: Content, cells: readonly Column[]): Html {
  const others = cells.map(([content, className]) =>
    className === undefined ? html`<td>${content}</td>` : html`<td class="${className}">${content}</td>`,
  );
  return html`<tr><th scope="row">${heading}</th>${others}</tr>
`;
}

/** Titles of columns. */
export function titles(columns: readonly Column[]): Html {
  return html`${columns.map(([text, className]) =>
    className === undefined
      ? html`<th scope="col">${text}</th>`
      : html`<th scope="col" class="${className}">${text}</th>`,
  )}`;
}
