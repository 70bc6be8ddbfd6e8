import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { timestampOf } from '../../../functions/timestamps.ts';
import { createRandom } from '../../../local/sandbox/random.ts';
import {
  type History,
  type Knowledge,
  MOMENTS,
  moments,
  PAGE_SIZE,
  ROUGH,
  SMOOTH,
  search,
} from '../../fixtures/histories.ts';

const WORST_PROBES = 25;
const SEEDS = [1, 2];
const KNOWLEDGE: Knowledge[] = [
  'nothing',
  'all rows',
  'rows up to a week before',
  'rows from a week after on',
];

function mostProbes(name: string, knowledge: Knowledge): number {
  if (knowledge === 'all rows') return 2;
  return name in SMOOTH && knowledge === 'rows up to a week before' ? 15 : WORST_PROBES;
}

describe.each(Object.entries({ ...SMOOTH, ...ROUGH }))('in a history with %s', (name, make) => {
  let histories: { seed: number; made: History }[] = [];
  beforeAll(() => {
    histories = SEEDS.map((seed) => ({ seed, made: make(createRandom(seed)) }));
  });
  afterAll(() => {
    histories = [];
  });

  test.each(KNOWLEDGE)('the search that knows %s finds a start that misses no row', async (knowledge) => {
    const found = [];
    for (const { seed, made } of histories) {
      for (const wantedMs of moments(createRandom(seed, 7))) {
        found.push({ seed, at: timestampOf(wantedMs), ...(await search(made, wantedMs, knowledge)) });
      }
    }
    expect(found).toHaveLength(SEEDS.length * MOMENTS);
    expect(found.filter(({ isLate }) => isLate)).toEqual([]);
    expect(found.filter(({ probes: count }) => count > mostProbes(name, knowledge))).toEqual([]);
    // A start that is far too early costs more requests than the search saves.
    expect(found.filter(({ rowsBefore }) => rowsBefore > 3 * PAGE_SIZE)).toEqual([]);
  });
});
