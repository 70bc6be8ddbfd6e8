import { readdirSync, readFileSync } from 'node:fs';
import type { Config } from '../config.ts';

/** What stands in the place of `${dataset}`, `${now}` and so on in a view's text; Terraform's templatefile fills the same. */
export type ViewPlaceholders = Record<
  'dataset' | 'now' | 'time_zone' | 'plan_records' | 'plan_pipelines',
  string
>;

/** The SELECT of every view in one dialect, by name, its placeholders filled. */
export function readViews(
  dialect: 'bigquery' | 'duckdb',
  placeholders: ViewPlaceholders,
): Map<string, string> {
  const folder = new URL(`../views/${dialect}/`, import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  return new Map(
    files.map((file) => {
      const template = readFileSync(new URL(file, folder), 'utf8');
      const sql = template.replaceAll(
        /\$\{(\w+)\}/g,
        (_match, name: keyof ViewPlaceholders) => placeholders[name],
      );
      return [file.replace(/\.sql$/, ''), sql];
    }),
  );
}

/** The placeholders that the configuration decides. */
export function billingPlaceholders({ timeZone, planRecords, planPipelines }: Config['billing']) {
  return {
    time_zone: timeZone,
    plan_records: String(planRecords ?? 'NULL'),
    plan_pipelines: String(planPipelines ?? 'NULL'),
  };
}
