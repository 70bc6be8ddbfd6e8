import { readdirSync, readFileSync } from 'node:fs';
import type { Config } from '../config.ts';

/** What stands in the place of `${dataset}`, `${now}` and so on in a view's text; Terraform's templatefile fills the same. */
export type ViewPlaceholders = Record<
  'dataset' | 'now' | 'time_zone' | 'plan_records' | 'plan_pipelines',
  string
>;

/** What has an own set of some views. A file with `{object}` in its name is such a view's text for each of them. */
const OBJECTS = ['pipeline', 'model'];

/** Steps that stand in a file of their own, by the placeholder in whose place they come. */
const STEPS = ['regimes', 'silence'];

/**
 * The text of every view in BigQuery's SQL, by name, with its placeholders.
 *
 * Those that others read, the newest versions of the logs, come first, so that the views can be made in this order.
 */
export function readTemplates(): Map<string, string> {
  const templates = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.sql'))
    .flatMap((file) => {
      const text = withSteps(readText(file));
      const objects = file.includes('{object}') ? OBJECTS : [''];
      return objects.map((object): [string, string] => [
        file.replace('.sql', '').replace('{object}', object),
        text.replaceAll(/\$\{object\}/g, object),
      ]);
    });
  const isLatest = ([name]: [string, string]) => name.endsWith('_latest');
  return new Map([...templates.filter(isLatest), ...templates.filter((view) => !isLatest(view))]);
}

function withSteps(text: string): string {
  return STEPS.reduce(
    (whole, name) => whole.replaceAll(`\${${name}}`, () => readText(`steps/${name}.sql`).trimEnd()),
    text,
  );
}

function readText(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}

/** The question that each view answers, by name, as the first line of its text has it. */
export function readQuestions(): Map<string, string> {
  return new Map([...readTemplates()].map(([name, text]) => [name, /^-- (.*)/.exec(text)?.[1] ?? '']));
}

/** Fills the placeholders of a view's text, whichever dialect it is in. */
export function fillTemplate(text: string, placeholders: ViewPlaceholders): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_match, key: keyof ViewPlaceholders) => placeholders[key]);
}

/** The SELECT of every view in BigQuery's SQL, by name, in an order in which they can be made. */
export function readViews(placeholders: ViewPlaceholders): Map<string, string> {
  return new Map([...readTemplates()].map(([name, text]) => [name, fillTemplate(text, placeholders)]));
}

/** The placeholders that the configuration decides. */
export function billingPlaceholders({ timeZone, planRecords, planPipelines }: Config['billing']) {
  return {
    time_zone: timeZone,
    plan_records: String(planRecords ?? 'NULL'),
    plan_pipelines: String(planPipelines ?? 'NULL'),
  };
}
