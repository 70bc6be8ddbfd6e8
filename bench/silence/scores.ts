/** How often a detector was right on one kind of schedule. */
interface Score {
  stops: number;
  found: number;
  checks: number;
  wrong: number;
  checksAtRest: number;
  wrongAtRest: number;
}

export interface Scores {
  /** A pipeline stopped: was it noticed in time? */
  countStop(detector: string, kind: string, isFound: boolean): void;
  /** A pipeline runs: was it taken for stopped, and was that at night or on a weekend? */
  countCheck(detector: string, kind: string, isWrong: boolean, isAtRest: boolean): void;
  /** A line of the table, in percent; for all kinds together if none is named. */
  line(detector: string, kind?: string): Record<string, string | number>;
}

export function createScores(): Scores {
  const scores = new Map<string, Score>();

  function add(detector: string, kind: string, counts: Partial<Score>): void {
    for (const name of [`${detector}: ${kind}`, detector]) {
      const score = scores.get(name) ?? {
        stops: 0,
        found: 0,
        checks: 0,
        wrong: 0,
        checksAtRest: 0,
        wrongAtRest: 0,
      };
      for (const [key, count] of Object.entries(counts)) score[key as keyof Score] += count;
      scores.set(name, score);
    }
  }

  return {
    countStop: (detector, kind, isFound) => add(detector, kind, { stops: 1, found: Number(isFound) }),
    countCheck: (detector, kind, isWrong, isAtRest) =>
      add(detector, kind, {
        checks: 1,
        wrong: Number(isWrong),
        checksAtRest: Number(isAtRest),
        wrongAtRest: Number(isWrong && isAtRest),
      }),
    line(detector, kind) {
      const score = scores.get(kind === undefined ? detector : `${detector}: ${kind}`);
      if (score === undefined) throw new Error(`Nothing was counted for ${detector}.`);
      return {
        [kind === undefined ? 'detector' : 'schedule']: kind ?? detector,
        stops: score.stops,
        'found in time %': percent(score.found, score.stops, 1),
        checks: score.checks,
        'wrong %': percent(score.wrong, score.checks, 2),
        'wrong at night and on weekends %': percent(score.wrongAtRest, score.checksAtRest, 2),
      };
    },
  };
}

function percent(part: number, whole: number, digits: number): string {
  return ((100 * part) / whole).toFixed(digits);
}
