import { type DuckDBType, type DuckDBValue, LIST, listValue } from '@duckdb/node-api';
import { refusal } from './answers.ts';
import { parameterText, type QueryParameter } from './calls.ts';
import { isoText } from './results.ts';
import { COLUMN_TYPES, cellOf } from './rows.ts';

export interface Translated {
  sql: string;
  values: Record<string, DuckDBValue>;
  types: Record<string, DuckDBType>;
  isOrdered: boolean;
}

export interface TranslationContext {
  /** The name of a table or view as DuckDB knows it. */
  nameOf: (project: string, dataset: string, name: string) => string;
  project: string;
  now: () => number;
}

/** BigQuery's functions that DuckDB lacks; it has `if`, `ifnull`, `countif` and QUALIFY. */
export const SESSION_STATEMENTS = [
  "SET TimeZone = 'UTC'",
  "SET default_null_order = 'nulls_first_on_asc_last_on_desc'",
  'CREATE MACRO timestamp_sub(moment, amount) AS moment - amount',
  'CREATE MACRO timestamp_add(moment, amount) AS moment + amount',
  'CREATE MACRO bq_timestamp(value) AS CAST(value AS TIMESTAMPTZ)',
  "CREATE MACRO to_json_string(value) AS coalesce(CAST(to_json(value) AS VARCHAR), 'null')",
  'CREATE MACRO parse_json(value) AS CAST(value AS JSON)',
  'CREATE MACRO unix_micros(moment) AS epoch_us(moment)',
  'CREATE MACRO unix_millis(moment) AS epoch_ms(moment)',
  'CREATE MACRO timestamp_micros(micros) AS make_timestamptz(micros)',
  'CREATE MACRO timestamp_millis(millis) AS make_timestamptz(millis * 1000)',
  'CREATE MACRO timestamp_seconds(seconds) AS make_timestamptz(seconds * 1000000)',
  'CREATE MACRO logical_or(value) AS bool_or(value)',
  'CREATE MACRO logical_and(value) AS bool_and(value)',
];

const CAST_TYPES: Record<string, string> = {
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  BOOL: 'BOOLEAN',
  STRING: 'VARCHAR',
  TIMESTAMP: 'TIMESTAMPTZ',
  NUMERIC: 'DECIMAL(38, 9)',
};

const INTERVAL_FUNCTIONS: Record<string, (amount: string) => string> = {
  MICROSECOND: (amount) => `to_microseconds(${amount})`,
  MILLISECOND: (amount) => `to_milliseconds(${amount})`,
  SECOND: (amount) => `to_seconds(${amount})`,
  MINUTE: (amount) => `to_minutes(${amount})`,
  HOUR: (amount) => `to_hours(${amount})`,
  DAY: (amount) => `to_hours(24 * (${amount}))`,
};

const TOKENS =
  /--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|[rR]?'(?:\\[\s\S]|[^'\\])*'|[rR]?"(?:\\[\s\S]|[^"\\])*"|`[^`]+`/g;

/**
 * Turns BigQuery's SQL into DuckDB's.
 *
 * Quoted texts and names are taken out first, so that the patterns see only code. Parameters become typed casts: a NULL
 * has a type too, and a wrong type fails as it does in BigQuery.
 */
export function translate(
  query: string,
  parameters: QueryParameter[],
  context: TranslationContext,
): Translated {
  const kept: string[] = [];
  const keep = (marker: string, text: string) => `⟦${marker}${kept.push(text) - 1}⟧`;
  const values: Translated['values'] = {};
  const types: Translated['types'] = {};
  const code = query.replace(TOKENS, (token) => {
    if (/^(--|#|\/\*)/.test(token)) return ' ';
    return token.startsWith('`')
      ? keep('name', tableOrName(token, context))
      : keep('text', duckdbText(token));
  });
  const moment = isoText(BigInt(context.now()) * 1000n);
  let sql = code
    .replace(/\bCURRENT_TIMESTAMP\b(\s*\(\s*\))?/gi, () => `TIMESTAMPTZ ${keep('text', `'${moment}'`)}`)
    .replace(/\bSAFE_CAST\s*\(/gi, 'TRY_CAST(')
    .replace(/\bTIMESTAMP\s*\(/gi, 'bq_timestamp(')
    .replace(/\bTIMESTAMP\s+(?=⟦text)/gi, 'TIMESTAMPTZ ')
    .replace(/\bAS\s+(\w+)\s*\)/gi, (whole, type: string) => {
      const castType = CAST_TYPES[type.toUpperCase()];
      return castType ? `AS ${castType})` : whole;
    })
    .replace(/\*\s*EXCEPT\s*\(/gi, '* EXCLUDE (')
    .replace(/\bINTERVAL\s+(@?\w+|\([^()]*\))\s+(\w+)/gi, (whole, amount: string, unit: string) => {
      return INTERVAL_FUNCTIONS[unit.toUpperCase()]?.(amount) ?? whole;
    });
  sql = replaceUnnest(sql).replace(/@(\w+)/g, (_whole, name: string) => {
    const parameter = parameters.find((sent) => sent.name?.toLowerCase() === name.toLowerCase());
    if (!parameter) throw refusal(400, 'invalidQuery', `Query parameter '${name}' not found`);
    const key = `parameter_${name.toLowerCase()}`;
    const { type, value, castType } = parameterOf(parameter);
    values[key] = value;
    if (value !== null) types[key] = type;
    return `CAST($${key} AS ${castType})`;
  });
  const isOrdered = /\bORDER\s+BY\b/i.test(withoutParentheses(sql));
  sql = sql.replace(/⟦(?:name|text)(\d+)⟧/g, (_whole, index: string) => kept[Number(index)] ?? '');
  return { sql, values, types, isOrdered };
}

function tableOrName(token: string, { nameOf, project }: TranslationContext): string {
  const parts = token.slice(1, -1).split('.');
  const name = parts.pop() ?? '';
  const dataset = parts.pop();
  if (dataset === undefined) return quoted(name);
  return `${quoted(dataset)}.${quoted(nameOf(parts.length > 0 ? parts.join('.') : project, dataset, name))}`;
}

const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
};

function duckdbText(token: string): string {
  const isRaw = /^r/i.test(token);
  const body = token.slice(isRaw ? 2 : 1, -1);
  const text = isRaw
    ? body
    : body.replace(/\\([\s\S])/g, (_whole, letter: string) => {
        const character = ESCAPES[letter];
        if (character === undefined)
          throw refusal(400, 'invalidQuery', `Syntax error: Illegal escape: \\${letter}`);
        return character;
      });
  return `'${text.replaceAll("'", "''")}'`;
}

/** `x IN UNNEST(list)` and `FROM UNNEST(list) AS name`; DuckDB's unnest is a column there, not a list or a table. */
function replaceUnnest(sql: string): string {
  const start = /\bUNNEST\s*\(/i.exec(sql);
  if (!start) return sql;
  const open = start.index + start[0].length;
  let end = open;
  for (let depth = 1; end < sql.length && depth > 0; end += 1) {
    if (sql[end] === '(') depth += 1;
    else if (sql[end] === ')') depth -= 1;
  }
  const before = sql.slice(0, start.index);
  const list = `un_nest(${replaceUnnest(sql.slice(open, end - 1))})`;
  const rest = sql.slice(end);
  const alias = /^\s+AS\s+(\w+)/i.exec(rest);
  const isTable = alias && !/\bIN\s*$/i.test(before);
  const after = replaceUnnest(isTable ? rest.slice(alias[0].length) : rest);
  const replaced = isTable ? `(SELECT ${list} AS ${alias[1]}) AS ${alias[1]}` : `(SELECT ${list})`;
  return `${before}${replaced}${after}`.replaceAll('un_nest(', 'unnest(');
}

function withoutParentheses(sql: string): string {
  const flat = sql.replace(/\([^()]*\)/g, ' ');
  return flat === sql ? sql : withoutParentheses(flat);
}

function parameterOf(parameter: QueryParameter): { type: DuckDBType; value: DuckDBValue; castType: string } {
  const isList = parameter.parameterType.type === 'ARRAY';
  const name = (isList ? parameter.parameterType.arrayType?.type : parameter.parameterType.type) ?? '';
  const scalar = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' }[name] ?? name;
  const known = COLUMN_TYPES[scalar];
  if (!known) throw refusal(400, 'invalidQuery', `The fake knows no parameter type ${name}.`);
  const parsed = (text: string | null): DuckDBValue => {
    try {
      // The client writes nine digits, of which BigQuery keeps six.
      return text === null
        ? null
        : cellOf(scalar, scalar === 'TIMESTAMP' ? text.replace(/(\.\d{6})000/, '$1') : text);
    } catch (error) {
      throw refusal(
        400,
        'invalid',
        `Invalid value for parameter '${parameter.name}': ${(error as Error).message}`,
      );
    }
  };
  const text = parameterText(parameter);
  if (!isList) return { type: known.type, value: parsed(text as string | null), castType: known.duckdb };
  const value = Array.isArray(text) ? listValue(text.map(parsed)) : null;
  return { type: LIST(known.type), value, castType: `${known.duckdb}[]` };
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
