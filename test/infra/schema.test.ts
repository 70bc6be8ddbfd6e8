import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { INFRA, ROOT } from './hcl.ts';

interface SchemaFile {
  partition: { type: string; field: string };
  schema: { name: string; type: string; mode: string }[];
}

const SCHEMAS = new URL('functions/schema/', ROOT);
const RELEASED = new URL('released/schema/', INFRA);
const read = (folder: URL, file: string): SchemaFile =>
  JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
const essence = ({ name, type, mode }: SchemaFile['schema'][number]) => ({ name, type, mode });

// infra/released/schema/ is functions/schema/ as it was in the last release; a release copies it. Terraform would drop a
// column that is missing now, and its data, without being stopped.
describe.each(readdirSync(RELEASED))('%s, compared with the last release', (file) => {
  test('is still there: a table that is gone takes its rows along', () => {
    expect(readdirSync(SCHEMAS)).toContain(file);
  });

  test('has every released column, at the same place, with the same type and mode', () => {
    const released = read(RELEASED, file).schema.map(essence);
    expect(read(SCHEMAS, file).schema.map(essence).slice(0, released.length)).toEqual(released);
  });

  test('has only NULLABLE columns after them', () => {
    const added = read(SCHEMAS, file).schema.slice(read(RELEASED, file).schema.length);
    for (const { name, mode } of added) expect(mode, name).toBe('NULLABLE');
  });

  test('is partitioned as before: another partition replaces the table', () => {
    expect(read(SCHEMAS, file).partition).toEqual(read(RELEASED, file).partition);
  });
});

test('the released files are schema files', () => {
  expect(readdirSync(RELEASED)).toEqual(
    expect.arrayContaining(['model_logs.json', 'pipeline_logs.json', 'rejected_rows.json', 'sync_runs.json']),
  );
});
