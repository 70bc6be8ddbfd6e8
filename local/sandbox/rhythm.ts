import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../functions/timestamps.ts';

/** São Paulo has kept UTC-3 all year since 2019, so no time zone table is needed. */
const LOCAL_OFFSET_MS = -3 * HOUR_MS;

/** When something runs: every so many minutes of the UTC day, within the local days and hours that it may use. */
export interface Rhythm {
  everyMinutes: number;
  isAllowed?: (local: Date) => boolean;
}

export const RHYTHMS = {
  every15Minutes: { everyMinutes: 15 },
  every30Minutes: { everyMinutes: 30 },
  hourly: { everyMinutes: 60 },
  every6Hours: { everyMinutes: 360 },
  daily: { everyMinutes: 1440 },
  officeHours: { everyMinutes: 60, isAllowed: isOfficeHour },
  weekly: { everyMinutes: 1440, isAllowed: (local) => local.getUTCDay() === 1 },
  monthly: { everyMinutes: 1440, isAllowed: (local) => local.getUTCDate() === 1 },
} as const satisfies Record<string, Rhythm>;

export type RhythmName = keyof typeof RHYTHMS;

/** The instant shifted so that its UTC fields read as São Paulo's clock. */
export function toLocal(atMs: number): Date {
  return new Date(atMs + LOCAL_OFFSET_MS);
}

/** The instants at which a rhythm starts on the UTC day that begins at `dayMs`, each `minute` minutes past its round times. */
export function ticksOfDay(name: RhythmName, minute: number, dayMs: number): number[] {
  const { everyMinutes, isAllowed }: Rhythm = RHYTHMS[name];
  const ticks: number[] = [];
  for (let atMs = dayMs + minute * MINUTE_MS; atMs < dayMs + DAY_MS; atMs += everyMinutes * MINUTE_MS) {
    if (isAllowed === undefined || isAllowed(toLocal(atMs))) ticks.push(atMs);
  }
  return ticks;
}

function isOfficeHour(local: Date): boolean {
  return isWeekday(local) && local.getUTCHours() >= 8 && local.getUTCHours() <= 20;
}

export function isWeekday(local: Date): boolean {
  return local.getUTCDay() >= 1 && local.getUTCDay() <= 5;
}
