import type { SyncError } from '../errors.ts';
import { createWording } from '../insights/wording/wording.ts';
import type { Language } from '../variables.ts';
import { document } from './document.ts';
import { html } from './html.ts';

/** A short page in the place of the one that could not be made. */
export function renderErrorPage(
  { code, message }: Pick<SyncError, 'code' | 'message'>,
  language: Language,
): string {
  // It tells no time, so any zone will do.
  const wording = createWording({ language, timeZone: 'UTC' });
  const { page } = wording;
  return document(
    wording,
    page.errorTitle,
    html`<header>
<p class="name">${page.name}</p>
<h1 class="critical">${page.errorTitle}</h1>
<p class="lead"><code>${code}</code></p>
<p class="lead">${message}</p>
<p class="lead">${page.errorAdvice}</p>
</header>`,
  );
}
