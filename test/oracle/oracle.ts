import { startEngine } from './engine.ts';
import {
  decodeType,
  decodeValue,
  encodeType,
  encodeValue,
  type ProtoType,
  type ProtoValue,
} from './values.ts';

/** A table by the name that stands between the backticks. */
export interface OracleTable {
  name: string;
  columns: { name: string; type: string }[];
  rows: Record<string, unknown>[];
}

export type OracleParameters = Record<string, [type: string, value: unknown]>;

/** Google's own evaluator of GoogleSQL. It is the language, not the service: of quotas, buffers and pruning it knows nothing. */
export interface Oracle {
  /**
   * Runs one query on the rows given.
   *
   * Rows come in no set order without ORDER BY, and every column needs a name of its own.
   */
  evaluate(
    sql: string,
    tables?: OracleTable[],
    parameters?: OracleParameters,
  ): Promise<Omit<OracleTable, 'name'>>;
  /** Rejects if a statement of any kind is none that BigQuery knows; runs nothing. */
  analyze(sql: string, tables: OracleTable[]): Promise<void>;
  stop(): Promise<void>;
}

interface Language {
  enabled_language_features: string[];
}

interface Evaluation {
  prepared: { columns: { name: string; type: ProtoType }[] };
  content?: { table_data?: { row: { cell: ProtoValue[] }[] } };
}

export async function startOracle(): Promise<Oracle> {
  const { call, stop } = await startEngine();
  const language = likeBigQuery(await call<Language>('GetLanguageOptions', { maximum_features: true }));
  const request = (tables: OracleTable[], named: [name: string, [type: string, value: unknown]][] = []) => ({
    options: {
      language_options: language,
      default_timezone: 'UTC',
      parameter_mode: 'PARAMETER_NAMED',
      error_message_mode: 'ERROR_MESSAGE_ONE_LINE',
      prune_unused_columns: true,
      query_parameters: named.map(([name, [type]]) => ({ name, type: encodeType(type) })),
    },
    simple_catalog: {
      name: 'catalog',
      builtin_function_options: { language_options: language },
      table: tables.map(({ name, columns }, index) => ({
        name,
        serialization_id: index + 1,
        column: columns.map((column) => ({ name: column.name, type: encodeType(column.type) })),
      })),
    },
  });
  return {
    async evaluate(sql, tables = [], parameters = {}) {
      const named = Object.entries(parameters);
      const answer: Evaluation = await call('EvaluateQuery', {
        ...request(tables, named),
        sql,
        table_content: Object.fromEntries(
          tables.map((table) => [table.name, { table_data: { row: encodeRows(table) } }]),
        ),
        params: named.map(([name, [type, value]]) => ({ name, value: encodeValue(type, value) })),
      });
      const columns = answer.prepared.columns.map(({ name, type }) => ({ name, type: decodeType(type) }));
      const rows = (answer.content?.table_data?.row ?? []).map(({ cell }) =>
        Object.fromEntries(
          answer.prepared.columns.map(({ name, type }, index) => [name, decodeValue(type, cell[index])]),
        ),
      );
      return { columns, rows };
    },
    async analyze(sql, tables) {
      const { options, ...catalog } = request(tables);
      // None is all kinds of statements, not only queries.
      const language_options = { ...language, supported_statement_kinds: [] };
      await call('Analyze', { ...catalog, options: { ...options, language_options }, sql_statement: sql });
    },
    stop,
  };
}

function encodeRows({ name, columns, rows }: OracleTable): object[] {
  const known = new Set(columns.map((column) => column.name));
  return rows.map((row) => {
    const unknown = Object.keys(row).filter((column) => !known.has(column));
    if (unknown.length > 0) throw new TypeError(`The table ${name} has no column ${unknown}.`);
    return { cell: columns.map((column) => encodeValue(column.type, row[column.name] ?? null)) };
  });
}

/** All that the evaluator can do, less what BigQuery cannot. */
function likeBigQuery(language: Language): object {
  const unlike =
    /TIMESTAMP_NANOS|NULLIFZERO|DISALLOW_(?:NULL_PRIMARY_KEYS|PRIMARY_KEY_UPDATES|GROUP_BY_FLOAT|LEGACY)/;
  return {
    ...language,
    product_mode: 'PRODUCT_EXTERNAL',
    name_resolution_mode: 'NAME_RESOLUTION_DEFAULT',
    enabled_language_features: language.enabled_language_features.filter((feature) => !unlike.test(feature)),
  };
}
