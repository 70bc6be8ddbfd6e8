import { is, type Node, UnknownSql } from './tokens.ts';

/** The call of a function, with what writes its arguments in DuckDB's SQL. */
export interface Call {
  args: Node[][];
  /** All arguments, and what is between them. */
  nodes: Node[];
  /** What follows the call. */
  next: Node | undefined;
  line: number;
  write(nodes: readonly Node[]): string;
  /** In brackets where an operator could tear it apart. */
  operand(nodes: readonly Node[]): string;
}

const TYPES: Record<string, string> = {
  BOOL: 'BOOLEAN',
  DATE: 'DATE',
  FLOAT64: 'DOUBLE',
  INT64: 'BIGINT',
  STRING: 'VARCHAR',
  TIMESTAMP: 'TIMESTAMPTZ',
};

const MICROSECONDS: Record<string, number> = {
  MICROSECOND: 1,
  MILLISECOND: 1_000,
  SECOND: 1_000_000,
  MINUTE: 60_000_000,
  HOUR: 3_600_000_000,
  DAY: 86_400_000_000,
};

/** What BigQuery's functions are in DuckDB, by name. */
export const FUNCTIONS: Record<string, (call: Call) => string> = {
  ...Object.fromEntries(
    // Those that mean the same, aggregate functions included.
    `ABS ASINH AVG COALESCE COUNT COVAR_POP DENSE_RANK EXP FIRST_VALUE IF IFNULL LAG LAST_DAY LAST_VALUE LEAD LN MAX MIN NULLIF POWER RANK
    ROUND ROW_NUMBER SIGN SQRT SUM VAR_POP`
      .split(/\s+/)
      .map((name) => [name, renamed(name.toLowerCase())]),
  ),
  ARRAY_AGG: arrayAgg,
  ARRAY_LENGTH: renamed('len'),
  CAST: cast,
  // With FILTER a window would be counted anew for each of its rows.
  COUNTIF: ({ nodes, write }) => `count(CASE WHEN ${write(nodes)} THEN 1 END)`,
  CURRENT_TIMESTAMP: () => 'now()',
  DATE: ({ args: [moment = [], zone], operand }) =>
    `CAST(${operand(moment)}${zone ? ` AT TIME ZONE ${operand(zone)}` : ''} AS DATE)`,
  DATETIME: ({ args: [moment = [], zone = []], operand }) =>
    `(${operand(moment)} AT TIME ZONE ${operand(zone)})`,
  DATE_ADD: (call) => shiftedDate(call, '+'),
  DATE_DIFF: ({ args: [end = [], start = [], unit = []], operand, line }) => {
    accept(unit, ['DAY'], line);
    return `(${operand(end)} - ${operand(start)})`;
  },
  DATE_SUB: (call) => shiftedDate(call, '-'),
  DATE_TRUNC: ({ args: [date = [], unit = []], write, line }) =>
    `CAST(date_trunc('${accept(unit, ['MONTH', 'YEAR'], line)}', ${write(date).trim()}) AS DATE)`,
  DIV: ({ args: [dividend = [], divisor = []], operand }) => `(${operand(dividend)} // ${operand(divisor)})`,
  EXTRACT: extract,
  FORMAT_TIMESTAMP: formatTimestamp,
  GENERATE_DATE_ARRAY: ({ args: [first = [], last = [], ...rest], write, line }) => {
    if (rest.length > 0) throw new UnknownSql('GENERATE_DATE_ARRAY() with a step', line);
    return `CAST(generate_series(${write(first).trim()}, ${write(last).trim()}, INTERVAL 1 DAY) AS DATE[])`;
  },
  GREATEST: (call) => nullIfAnyIsNull('greatest', call),
  LEAST: (call) => nullIfAnyIsNull('least', call),
  LOGICAL_AND: renamed('bool_and'),
  LOGICAL_OR: renamed('bool_or'),
  MOD: ({ args: [dividend = [], divisor = []], operand }) => `(${operand(dividend)} % ${operand(divisor)})`,
  PERCENTILE_CONT: renamed('quantile_cont'),
  PERCENTILE_DISC: renamed('quantile_disc'),
  SAFE_DIVIDE: ({ args: [dividend = [], divisor = []], write, operand }) =>
    `(${operand(dividend)} / nullif(${write(divisor).trim()}, 0))`,
  TIME: ({ args: [moment = [], zone = []], operand }) =>
    `CAST(${operand(moment)} AT TIME ZONE ${operand(zone)} AS TIME)`,
  // Of text it fails: what zone that is in would be a setting of the session.
  TIMESTAMP: renamed((moment) => `make_timestamptz(epoch_us(${moment}))`),
  TIMESTAMP_ADD: (call) => shiftedTimestamp(call, '+'),
  TIMESTAMP_DIFF: ({ args: [end = [], start = [], unit = []], write, line }) => {
    const micros = MICROSECONDS[accept(unit, Object.keys(MICROSECONDS), line)];
    const difference = `(epoch_us(${write(end).trim()}) - epoch_us(${write(start).trim()}))`;
    return micros === 1 ? difference : `(${difference} // ${micros})`;
  },
  TIMESTAMP_MICROS: renamed('make_timestamptz'),
  TIMESTAMP_SUB: (call) => shiftedTimestamp(call, '-'),
  TO_JSON_STRING: renamed((value) => `coalesce(CAST(to_json(${value}) AS VARCHAR), 'null')`),
  UNIX_MICROS: renamed('epoch_us'),
};

function renamed(name: string | ((args: string) => string)): (call: Call) => string {
  return ({ nodes, write }) => {
    const args = write(nodes).trim();
    return typeof name === 'string' ? `${name}(${args})` : name(args);
  };
}

/** `ARRAY_AGG(x IGNORE NULLS ORDER BY y)`; with a LIMIT only the first element may be asked for, which needs no array. */
function arrayAgg({ nodes, next, write, operand, line }: Call): string {
  const ignore = nodes.findIndex((node, index) => is(node, 'IGNORE') && is(nodes[index + 1], 'NULLS'));
  const order = nodes.findIndex((node) => is(node, 'ORDER'));
  const limit = nodes.findIndex((node) => is(node, 'LIMIT'));
  const value = nodes.slice(
    0,
    [ignore, order, limit].find((place) => place !== -1),
  );
  const ordered = order === -1 ? '' : write(nodes.slice(order, limit === -1 ? undefined : limit));
  const filter = ignore === -1 ? '' : ` FILTER (WHERE ${operand(value)} IS NOT NULL)`;
  const call = (name: string) => `${name}(${write(value).trim()}${ordered})${filter}`;
  if (limit === -1) return call('array_agg');
  if (!isFirst(next)) throw new UnknownSql('ARRAY_AGG() with LIMIT as an array', line);
  return `[${call('first')}]`;
}

/** `[SAFE_OFFSET(0)]` */
function isFirst(node: Node | undefined): boolean {
  if (node?.kind !== 'group' || node.open !== '[') return false;
  const [offset, place] = node.nodes;
  if (!is(offset, 'SAFE_OFFSET') || place?.kind !== 'group') return false;
  return place.nodes.map((inside) => inside.kind === 'number' && inside.text).join() === '0';
}

/** To INT64 halves are rounded away from zero, which DuckDB does only when asked to. */
function cast({ nodes, write, operand, line }: Call): string {
  const as = nodes.findLastIndex((node) => is(node, 'AS'));
  const value = nodes.slice(0, as);
  const type = accept(nodes.slice(as + 1), Object.keys(TYPES), line);
  if (type === 'TIMESTAMP') return `make_timestamptz(epoch_us(${write(value).trim()}))`;
  const rounded = type === 'INT64' ? `round(${write(value).trim()})` : operand(value);
  return `CAST(${rounded} AS ${TYPES[type]})`;
}

/** `EXTRACT(HOUR FROM moment AT TIME ZONE 'UTC')` */
function extract({ nodes, operand, line }: Call): string {
  const part = accept(nodes.slice(0, 1), ['DAY', 'DAYOFWEEK', 'HOUR', 'MINUTE', 'MONTH', 'YEAR'], line);
  const at = nodes.findIndex((node) => is(node, 'AT'));
  const value = operand(nodes.slice(2, at === -1 ? undefined : at));
  const inZone = at === -1 ? value : `${value} AT TIME ZONE ${operand(nodes.slice(at + 3))}`;
  // BigQuery's week begins with day 1, DuckDB's with day 0.
  return part === 'DAYOFWEEK'
    ? `(extract(dow FROM ${inZone}) + 1)`
    : `extract(${part.toLowerCase()} FROM ${inZone})`;
}

function formatTimestamp({ args: [format = [], moment = [], zone = []], operand, line }: Call): string {
  const [text] = format;
  if (text?.kind !== 'text' || /%[^aAbBdHMSYjmy]/.test(text.text)) {
    throw new UnknownSql('this format of FORMAT_TIMESTAMP()', line);
  }
  return `strftime(${operand(moment)} AT TIME ZONE ${operand(zone)}, ${text.text})`;
}

/** DuckDB skips what is NULL. */
function nullIfAnyIsNull(name: string, { args, write, operand, nodes }: Call): string {
  const conditions = args
    .filter((arg) => !(arg.length === 1 && arg[0]?.kind === 'number'))
    .map((arg) => `${operand(arg)} IS NOT NULL`);
  const call = `${name}(${write(nodes).trim()})`;
  return conditions.length === 0 ? call : `CASE WHEN ${conditions.join(' AND ')} THEN ${call} END`;
}

function shiftedDate({ args: [date = [], interval = []], write, operand, line }: Call, sign: string): string {
  const { amount, unit } = intervalOf(interval, ['DAY', 'MONTH'], line);
  return `CAST(${operand(date)} ${sign} to_${unit.toLowerCase()}s(CAST(${write(amount).trim()} AS INTEGER)) AS DATE)`;
}

/** A day is 24 hours, also where clocks are changed. */
function shiftedTimestamp({ args: [moment = [], interval = []], operand, line }: Call, sign: string): string {
  const { amount, unit } = intervalOf(interval, Object.keys(MICROSECONDS), line);
  return `(${operand(moment)} ${sign} to_microseconds(${operand(amount)} * ${MICROSECONDS[unit]}))`;
}

function intervalOf(nodes: readonly Node[], units: readonly string[], line: number) {
  if (!is(nodes[0], 'INTERVAL')) throw new UnknownSql('a shift without INTERVAL', line);
  return { amount: nodes.slice(1, -1), unit: accept(nodes.slice(-1), units, line) };
}

/** The one word that an argument is. */
function accept(nodes: readonly Node[], words: readonly string[], line: number): string {
  const [node] = nodes;
  if (nodes.length === 1 && node?.kind === 'word' && words.includes(node.text)) return node.text;
  const text = nodes.map((found) => (found.kind === 'group' ? '(…)' : found.text)).join(' ');
  throw new UnknownSql(`${text || 'nothing'} where it knows ${words.join(', ')}`, line);
}
