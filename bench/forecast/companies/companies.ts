import { DAY_MS, HOUR_MS } from '../../../functions/timestamps.ts';
import { createRandom, type Random } from '../../../local/sandbox/random.ts';
import type { CustomerMonth, Execution, Expectation } from '../executions.ts';
import { type Copy, copiesOf, type Way } from './copies.ts';
import { COURSES, type Course, type CourseName, courseOf } from './courses.ts';
import { business, hoursOfTable, type Table } from './tables.ts';

export const COMPANY_KINDS = Object.keys(COURSES) as CourseName[];

const HISTORY_DAYS = 130;
/** Of UTC, at local midnight. */
const MIDNIGHT_MS = 3 * HOUR_MS;
const MOST_TABLES = 14;

/**
 * A month of a company whose pipelines copy the tables of a system that lives: made otherwise than `customerMonth`, so that
 * a forecast cannot be good at the habits of one generator alone.
 */
export function companyMonth(seed: number, kind: CourseName, index: number): CustomerMonth {
  const random = createRandom(seed, 1_000 + COMPANY_KINDS.indexOf(kind), index);
  const month = Math.floor(random.between(0, 36));
  const startMs = Date.UTC(2023, month, 1) + MIDNIGHT_MS;
  const endMs = Date.UTC(2023, month + 1, 1) + MIDNIGHT_MS;
  const fromMs = startMs - HISTORY_DAYS * DAY_MS;
  const course = courseOf(random, kind, startMs);
  const executions: Execution[] = [];
  const expectations: Expectation[] = [];
  const count = course.tables ?? Math.min(MOST_TABLES, 1 + Math.floor(-5 * Math.log(1 - random.unit())));
  const house = business(random);
  for (let id = 0; id < count; id++) {
    const table = tableOf(random, house, course, id);
    const hours = hoursOfTable(random, table, fromMs, endMs, startMs);
    for (const copy of copiesOfTable(random, course, id, { fromMs, endMs }, table)) {
      const made = copiesOf(random, copy, hours, course.isPaused);
      executions.push(...made.executions);
      expectations.push(...made.expectations);
    }
  }
  return { startMs, endMs, executions: executions.sort((one, other) => one.atMs - other.atMs), expectations };
}

/** A few tables are far larger than the rest. */
function tableOf(random: Random, house: Pick<Table, 'hours' | 'week'>, course: Course, id: number): Table {
  const size = 20 * (1 - random.unit()) ** -0.8;
  return {
    ...(random.chance(0.8) ? house : business(random)),
    rowsAnHour: Math.min(size, 5_000) * (id === 0 && course.hasGiant ? 200 : 1),
    stray: { sigma: random.between(0.03, 0.35), kept: random.chance(0.4) ? random.between(0.2, 0.8) : 0 },
    worth: course.worthOf(random),
  };
}

function copiesOfTable(
  random: Random,
  course: Course,
  id: number,
  { fromMs, endMs }: { fromMs: number; endMs: number },
  table: Table,
): Copy[] {
  const way = wayOf(random, course, table);
  const copy: Copy = {
    pipelineId: id,
    way,
    everyHours: way.kind === 'new rows' ? ([1, 2, 3, 6, 12, 24][Math.floor(random.between(0, 6))] ?? 24) : 24,
    isAllowed: course.calendarOf(random),
    firstMs: course.beginsOf(random, id) ?? fromMs + DAY_MS,
    lastMs: endMs,
    firstLoadDays: course.firstLoadDays,
    isBillable: id === 0 || random.chance(0.9),
  };
  if (course.rebuiltMs === null) return [copy];
  const rebuilt = {
    ...copy,
    pipelineId: 100 + id,
    firstMs: course.rebuiltMs + random.between(0, 2) * DAY_MS,
  };
  return [{ ...copy, lastMs: course.rebuiltMs + random.between(0, 2) * DAY_MS }, rebuilt];
}

function wayOf(random: Random, { ways }: Course, { rowsAnHour }: Table): Way {
  const chance = random.unit();
  if (chance < ways.wholeTable) {
    return { kind: 'whole table', rowsBefore: Math.round(rowsAnHour * 24 * random.between(50, 900)) };
  }
  if (chance < ways.wholeTable + ways.lastDays)
    return { kind: 'last days', days: random.chance(0.5) ? 3 : 7 };
  return { kind: 'new rows' };
}
