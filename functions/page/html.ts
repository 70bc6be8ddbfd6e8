import { type KondadoObject, linkOf } from '../insights/objects.ts';
import { shortened } from '../insights/shortened.ts';

/** Markup that is safe to send: made by `html` only. */
export interface Html {
  readonly markup: string;
}

export type Content = Html | string | number | null | undefined | false | readonly Content[];

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Writes HTML or SVG; whatever is put in is escaped, unless it is such markup itself.
 *
 * The one place that decides what a browser takes for markup: names of pipelines come from other people.
 */
export function html(texts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return { markup: String.raw({ raw: texts }, ...contents.map(markupOf)) };
}

function markupOf(content: Content): string {
  if (content === null || content === undefined || content === false) return '';
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escaped(content);
  if ('markup' in content) return content.markup;
  return content.map(markupOf).join('');
}

/** Quotes too, so that it is safe in an attribute; control characters are no text in HTML. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\P{Cc}\t\n]/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

const NAME_LENGTH = 80;

/** A name from outside: its direction of writing stays its own, and a very long one is cut off. */
export function untrustedName(name: string): Html {
  return html`<bdi>${shortened(name, NAME_LENGTH)}</bdi>`;
}

/** The name of a pipeline or model, which leads to where Kondado shows it. */
export function objectName(object: KondadoObject): Html {
  const link = linkOf(object);
  const name = untrustedName(object.name);
  return link === null ? name : html`<a href="${link}">${name}</a>`;
}

/** The first of many, and the others behind a line that opens. */
export function collapsed<T>(
  items: readonly T[],
  shown: number,
  draw: (part: readonly T[]) => Html,
  summary: (more: number) => string,
): Html {
  // A line that opens takes the place of one: it must be worth it.
  if (items.length <= shown + 2) return draw(items);
  return html`${draw(items.slice(0, shown))}
<details><summary>${summary(items.length - shown)}</summary>
${draw(items.slice(shown))}
</details>`;
}
