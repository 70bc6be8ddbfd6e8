import path from 'node:path';
import { pathToFileURL } from 'node:url';

export interface OracleTable {
  name: string;
  columns: { name: string; type: string }[];
  rows: Record<string, unknown>[];
}

export type OracleParameters = Record<string, [type: string, value: unknown]>;

/** Google's own SQL analyzer and reference evaluator, see the README of the folder that SQL_ORACLE names. */
export interface Oracle {
  evaluate(
    sql: string,
    tables: OracleTable[],
    parameters?: OracleParameters,
  ): Promise<Omit<OracleTable, 'name'>>;
  stop(): Promise<void>;
}

export async function startOracle(): Promise<Oracle> {
  const folder = process.env.SQL_ORACLE;
  if (!folder)
    throw new Error('SQL_ORACLE is not set: .ci/run installs the oracle and sets it to its folder.');
  const oracle = await import(pathToFileURL(path.join(folder, 'oracle.mjs')).href);
  return oracle.startOracle();
}
