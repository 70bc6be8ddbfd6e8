import { readdirSync, readFileSync } from 'node:fs';
import type { Config } from '../config.ts';

/** What stands in the place of `${dataset}`, `${now}` and so on in a view's text; Terraform's templatefile fills the same. */
export type ViewPlaceholders = Record<
  'dataset' | 'now' | 'time_zone' | 'plan_records' | 'plan_pipelines',
  string
>;

/**
 * The SELECT of every view in one dialect, by name, its placeholders filled.
 *
 * Each view comes after those that it reads, so that they can be made in this order.
 */
export function readViews(
  dialect: 'bigquery' | 'duckdb',
  placeholders: ViewPlaceholders,
): Map<string, string> {
  const folder = new URL(`./${dialect}/`, import.meta.url);
  const templates = new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.sql'))
      .map((file) => [file.replace(/\.sql$/, ''), readFileSync(new URL(file, folder), 'utf8')]),
  );
  const views = new Map<string, string>();
  function add(name: string): void {
    const template = templates.get(name);
    if (template === undefined || views.has(name)) return; // a table, or a view that another one reads too
    for (const [, read = ''] of template.matchAll(/\$\{dataset\}\.(\w+)/g)) add(read);
    views.set(
      name,
      template.replaceAll(/\$\{(\w+)\}/g, (_match, key: keyof ViewPlaceholders) => placeholders[key]),
    );
  }
  for (const name of templates.keys()) add(name);
  return views;
}

/** The placeholders that the configuration decides. */
export function billingPlaceholders({ timeZone, planRecords, planPipelines }: Config['billing']) {
  return {
    time_zone: timeZone,
    plan_records: String(planRecords ?? 'NULL'),
    plan_pipelines: String(planPipelines ?? 'NULL'),
  };
}
