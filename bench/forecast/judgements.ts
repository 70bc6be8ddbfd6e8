/** The relative errors of one month: the view's, and those of what people would use instead. */
export interface Judgement {
  view: number;
  straightLine: number;
  naiveWeek: number;
  sameWeekdays: number;
  unavoidable: number;
  isInBand: boolean;
  bandWidth: number;
  /** Null in a month without a limit date. */
  limitDaysOff: number | null;
}

/** A line of the table: means in per cent. */
export function summarize(kind: string, judgements: readonly Judgement[]): Record<string, string> {
  const percent = (values: readonly number[]) =>
    ((100 * values.reduce((total, value) => total + value, 0)) / values.length).toFixed(1);
  const limits = judgements.flatMap(({ limitDaysOff }) => limitDaysOff ?? []);
  return {
    kind,
    view: percent(judgements.map(({ view }) => view)),
    'straight line': percent(judgements.map(({ straightLine }) => straightLine)),
    'naive week': percent(judgements.map(({ naiveWeek }) => naiveWeek)),
    '8 weekdays': percent(judgements.map(({ sameWeekdays }) => sameWeekdays)),
    unavoidable: percent(judgements.map(({ unavoidable }) => unavoidable)),
    'in band': percent(judgements.map(({ isInBand }) => Number(isInBand))),
    'band width': percent(judgements.map(({ bandWidth }) => bandWidth)),
    'limit date': percent(limits.map((days) => Number(days <= 1))),
  };
}
