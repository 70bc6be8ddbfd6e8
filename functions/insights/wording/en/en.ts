import type { Formats, Habits } from '../formats.ts';
import { findings } from './findings.ts';
import { page } from './page.ts';
import { states } from './states.ts';
import { terminal } from './terminal.ts';

export const HABITS: Habits = {
  numberLocale: 'en-US',
  // The day comes before the month, the hours go from 0 to 23.
  dateLocale: 'en-GB',
  shortDate: { day: 'numeric', month: 'short' },
  // Whether a comma follows the day of the week changes with the version of the locale.
  inSentence: (date) => date.replace(',', ''),
  atHour: (date, hour) => `${date} ${hour}`,
};

/** Every sentence, in English: the language that says what there is to translate. */
export function catalogue(formats: Formats) {
  return {
    states: states(formats),
    findings: findings(formats),
    page: page(formats),
    terminal: terminal(formats),
  };
}

/** What every other language has to say too. */
export type Catalogue = ReturnType<typeof catalogue>;
