import { type DefaultTreeAdapterMap, parse } from 'parse5';

export type HtmlNode = DefaultTreeAdapterMap['node'];
export type HtmlElement = DefaultTreeAdapterMap['element'];

/** All elements of a page, and what a browser would have to forgive. */
export function elementsOf(markup: string): { elements: HtmlElement[]; errors: string[] } {
  const errors: string[] = [];
  const elements: HtmlElement[] = [];
  const collect = (node: HtmlNode) => {
    if ('tagName' in node) elements.push(node);
    if ('childNodes' in node) node.childNodes.forEach(collect);
  };
  collect(parse(markup, { onParseError: ({ code }) => errors.push(code) }));
  return { elements, errors };
}

export function attribute({ attrs }: HtmlElement, name: string): string | undefined {
  return attrs.find((each) => each.name === name)?.value;
}

export function textOf(node: HtmlNode): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}
