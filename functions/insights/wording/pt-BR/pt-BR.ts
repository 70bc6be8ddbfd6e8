import type { Catalogue } from '../en/en.ts';
import type { Formats, Habits } from '../formats.ts';
import { findings } from './findings.ts';
import { page } from './page.ts';
import { states } from './states.ts';
import { terminal } from './terminal.ts';

export const HABITS: Habits = {
  numberLocale: 'pt-BR',
  dateLocale: 'pt-BR',
  shortDate: { day: '2-digit', month: '2-digit' },
  inSentence: (date) => date,
  atHour: (date, hour) => `${date}, ${hour.startsWith('01') ? 'à' : 'às'} ${hour}`,
};

/** Every sentence, in the Portuguese of Brazil. */
export function catalogue(formats: Formats): Catalogue {
  return {
    states: states(formats),
    findings: findings(formats),
    page: page(formats),
    terminal: terminal(formats),
  };
}
