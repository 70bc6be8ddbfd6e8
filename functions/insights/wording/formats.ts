/** What differs between languages in numbers and dates, beyond what their locale knows. */
export interface Habits {
  numberLocale: string;
  dateLocale: string;
  /** Of a date in a table. */
  shortDate: Intl.DateTimeFormatOptions;
  /** A date with the day of the week, as the locale writes it, made to fit into a sentence. */
  inSentence(date: string): string;
  /** Such a date with an hour such as `14:10`. */
  atHour(date: string, hour: string): string;
}

const LISTED_AT_MOST = 5;

export type Formats = ReturnType<typeof createFormats>;

/**
 * Numbers, dates, times and units as one language writes them.
 *
 * @param timeZone in which moments are told; days such as `2026-11-22` have none.
 */
export function createFormats(habits: Habits, timeZone: string) {
  const { numberLocale, dateLocale, shortDate, inSentence, atHour } = habits;
  const number = (options: Intl.NumberFormatOptions) => {
    const format = new Intl.NumberFormat(numberLocale, options);
    return (value: number) => format.format(value);
  };
  const date = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(dateLocale, options);
    return (moment: Date) => format.format(moment);
  };
  const ofDay = (options: Intl.DateTimeFormatOptions) => {
    const format = date({ ...options, timeZone: 'UTC' });
    return (day: string) => format(new Date(day));
  };
  const unit = (name: string) => number({ style: 'unit', unit: name, unitDisplay: 'long' });

  const count = number({ maximumFractionDigits: 0 });
  const fixed = (digits: number) => number({ minimumFractionDigits: digits, maximumFractionDigits: digits });
  const tenths = fixed(1);
  const hundredths = fixed(2);
  const inMinutes = unit('minute');
  const inHours = unit('hour');
  const inDays = unit('day');
  const plurals = new Intl.PluralRules(numberLocale);
  const names = new Intl.ListFormat(dateLocale, { type: 'conjunction' });
  const longDate: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' };
  const shortDateOf = date({ ...shortDate, timeZone });
  const longDateOf = date({ ...longDate, timeZone });
  const hourOf = date({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });
  const longDay = ofDay(longDate);

  /** `71 %`; what is not yet, or no longer, the whole never looks like it, and what corrections took back is none. */
  function percent(share: number): string {
    if (share <= 0) return `${count(0)} %`;
    if (share < 0.01) return '< 1 %';
    const rounded = Math.round(share * 100);
    const shown = share < 1 ? Math.min(rounded, 99) : share > 1 ? Math.max(rounded, 101) : rounded;
    return `${count(shown)} %`;
  }

  /** `20 minutes`, `5 hours`, `3 days`: roughly, in the largest unit of which there is a whole one, or two. */
  function roughTime(minutes: number): string {
    const whole = Math.max(0, Math.round(minutes));
    if (whole >= 2880 || whole === 1440) return inDays(Math.round(whole / 1440));
    return whole >= 120 || whole === 60 ? inHours(Math.round(whole / 60)) : inMinutes(whole);
  }

  return {
    timeZone,
    /** `6,854,896` */
    count,
    percent,
    roughTime,
    /** `11.5M` */
    roughCount: number({ notation: 'compact', maximumSignificantDigits: 3 }),
    /** `1 run`, `2 runs` */
    plural(value: number, one: string, other: string): string {
      // Portuguese counts nought as one, nobody says so.
      return `${count(value)} ${value !== 0 && plurals.select(value) === 'one' ? one : other}`;
    },
    /** `+12 %`, `−3 %`, `±0 %` */
    change(share: number): string {
      const rounded = Math.round(share * 100);
      return `${rounded > 0 ? '+' : rounded < 0 ? '−' : '±'}${count(Math.abs(rounded))} %`;
    },
    /** `day`, `3 hours`: what follows "every" */
    interval: (minutes: number) => roughTime(minutes).replace(/^1 /, ''),
    /** `0.49 s`, `12 s`, `3 min 20 s`, `2 h 05 min` */
    seconds(value: number): string {
      if (value < 10) return `${value < 1 ? hundredths(value) : tenths(value)} s`;
      const whole = Math.round(value);
      if (whole < 60) return `${whole} s`;
      const minutes = Math.floor(whole / 60);
      if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
      return `${count(Math.floor(minutes / 60))} h ${String(minutes % 60).padStart(2, '0')} min`;
    },
    tenths,
    /** `Sunday 22 November`, of a day such as `2026-11-22` */
    longDay: (day: string) => inSentence(longDay(day)),
    /** `22 Nov`, `22/11` */
    shortDay: ofDay(shortDate),
    /** `November 2026` */
    monthOf: ofDay({ month: 'long', year: 'numeric' }),
    /** `Nov` */
    shortMonth: ofDay({ month: 'short' }),
    /** `17 September` */
    dateOf: date({ day: 'numeric', month: 'long', timeZone }),
    /** `24 Nov 03:45`, `24/11 03:45` */
    time: (moment: Date) => `${shortDateOf(moment)} ${hourOf(moment)}`,
    /** `Sunday 22 November 14:10` */
    longTime: (moment: Date) => atHour(inSentence(longDateOf(moment)), hourOf(moment)),
    /** `A, B and C` */
    list: (items: readonly string[]) => names.format(items),
    /** The same of many, as `A, B, C, …` */
    firstOf: (items: readonly string[]) =>
      items.length > LISTED_AT_MOST ? `${items.slice(0, LISTED_AT_MOST).join(', ')}, …` : names.format(items),
  };
}
