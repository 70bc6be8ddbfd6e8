import { createHash } from 'node:crypto';
import type { Wording } from '../insights/wording/wording.ts';
import { type Html, html } from './html.ts';
import { STYLE } from './style.ts';

/** What the page may load and run: nothing but its own style, known by its hash. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE.markup).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** A whole file of HTML around what is shown. */
export function document({ language }: Pick<Wording, 'language'>, title: string, body: Html): string {
  return html`<!doctype html>
<html lang="${language}">
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
