import type { Language } from '../../variables.ts';
import type { Catalogue } from './en/en.ts';
import * as en from './en/en.ts';
import { createFormats, type Formats, type Habits } from './formats.ts';
import * as ptBR from './pt-BR/pt-BR.ts';

/** How one language says everything, in one time zone. */
export type Wording = Catalogue & { language: Language; formats: Formats };

/** A new language is a folder with these two, and its entry here; a sentence that it lacks does not compile. */
const LANGUAGES: Record<Language, { HABITS: Habits; catalogue: (formats: Formats) => Catalogue }> = {
  en,
  'pt-BR': ptBR,
};

/** @param timeZone in which moments are told. */
export function createWording({ language, timeZone }: { language: Language; timeZone: string }): Wording {
  const { HABITS, catalogue } = LANGUAGES[language];
  const formats = createFormats(HABITS, timeZone);
  return { language, formats, ...catalogue(formats) };
}
