import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of functions/schema/, as far as a change of it can cost rows. */
export interface TableSchema {
  partition: { type: string; field: string };
  schema: { name: string; type: string; mode: string }[];
}

const FOLDER = 'functions/schema';

/** The schema files of a checkout, by name. */
export function readSchemas(checkout: string): Record<string, TableSchema> {
  return parseAll(readdirSync(join(checkout, FOLDER)), (file) =>
    readFileSync(join(checkout, FOLDER, file), 'utf8'),
  );
}

/** The newest release that this version comes from; none before the first one, and in a copy without git. */
export function findNewestRelease(checkout: string): string | undefined {
  if (!existsSync(join(checkout, '.git'))) return undefined;
  const tags = git(checkout, 'tag', '--list', 'v[0-9]*', '--merged', 'HEAD', '--sort=-version:refname');
  return tags.split('\n')[0] || undefined;
}

/** The schema files as they were in a release. */
export function readReleasedSchemas(checkout: string, release: string): Record<string, TableSchema> {
  const files = git(checkout, 'ls-tree', '--name-only', `${release}:${FOLDER}`).trim().split('\n');
  return parseAll(files, (file) => git(checkout, 'show', `${release}:${FOLDER}/${file}`));
}

/** What Terraform would answer by dropping a column, or by replacing a table and its rows with it. */
export function findLosses(
  released: Record<string, TableSchema>,
  current: Record<string, TableSchema>,
): string[] {
  return Object.entries(released).flatMap(([file, before]) => {
    const now = current[file];
    if (!now) return [`${file} is gone, and its rows with it.`];
    const partition = JSON.stringify(now.partition) === JSON.stringify(before.partition);
    return [
      ...(partition ? [] : [`${file} is partitioned otherwise.`]),
      ...before.schema.flatMap((column, index) =>
        essence(now.schema[index]) === essence(column)
          ? []
          : [`${file}: column ${index + 1} is no longer ${essence(column)}.`],
      ),
      ...now.schema
        .slice(before.schema.length)
        .flatMap(({ name, mode }) =>
          mode === 'NULLABLE' ? [] : [`${file}: ${name} is new and not NULLABLE.`],
        ),
    ];
  });
}

const essence = (column: TableSchema['schema'][number] | undefined) =>
  column && `${column.name} ${column.type} ${column.mode}`;

function parseAll(files: readonly string[], read: (file: string) => string): Record<string, TableSchema> {
  const schemas = files.filter((file) => file.endsWith('.json'));
  return Object.fromEntries(schemas.map((file) => [file, JSON.parse(read(file)) as TableSchema]));
}

function git(checkout: string, ...words: string[]): string {
  return execFileSync('git', ['-C', checkout, ...words], { encoding: 'utf8' });
}
