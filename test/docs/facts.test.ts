import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { HTTP_STATUS } from '../../functions/errors.ts';
import { eventOf, messageOf } from '../../functions/events/cloud-event.ts';
import { TABLES } from '../../functions/schema/tables.ts';
import { startStreamReport } from '../../functions/sync/report.ts';
import { readRunRequest } from '../../functions/sync/request.ts';
import { VARIABLES } from '../../functions/variables.ts';
import { readDuckDbViews } from '../../functions/warehouse/duckdb/schema.ts';
import { INFRA, ROOT } from '../infra/hcl.ts';
import { openViews } from '../support/views.ts';
import { found, inBackticks, MARKDOWN, markdown, section, tableRows } from './markdown.ts';
import { namesInTerraform } from './terraform.ts';

const reference = markdown('docs/reference.md');
const operate = markdown('docs/operate.md');
const events = found(
  /^export type LogEvent =([^;]+);/m.exec(read('functions/log.ts'))?.[1] ?? '',
  /'(\w+)'/g,
);

test('the reference lists every environment variable with its default, and no other', () => {
  const rows = tableRows(section(reference, '## Environment variables'));
  const shown = rows.map(([name = '', text = '']) => [
    inBackticks(name)[0],
    /^`(.*)`$/.exec(text)?.[1] ?? '',
  ]);
  expect(Object.fromEntries(shown)).toEqual(
    Object.fromEntries(Object.entries(VARIABLES).map(([name, { default: text }]) => [name, text])),
  );
});

test('every error code is explained with its status', () => {
  const rows = tableRows(section(operate, '## Error codes'));
  const shown = rows.map(([code = '', status]) => [inBackticks(code)[0], Number(status)]);
  expect(Object.fromEntries(shown)).toEqual(HTTP_STATUS);
});

test('every log line is explained', () => {
  const rows = tableRows(section(operate, '## Log lines'));
  expect(events.length).toBeGreaterThan(10);
  expect(rows.flatMap(([names = '']) => inBackticks(names)).toSorted()).toEqual(events.toSorted());
});

test('every attribute of an event is explained, and no other', () => {
  const rows = tableRows(section(markdown('docs/events.md'), '## The message'));
  const messages = (['pipeline', 'model'] as const).map((kind) =>
    messageOf(eventOf(`${kind}_logs`, { id: 1n, client_id: 1n, [`${kind}_id`]: 1n, [`${kind}_name`]: 'A' })),
  );
  const attributes = new Set(messages.flatMap(({ attributes }) => Object.keys(attributes)));
  expect(rows.flatMap(([names = '']) => inBackticks(names)).toSorted()).toEqual([...attributes].toSorted());
});

test('every alert is explained, and its cost counted', () => {
  const [english = ''] = read('alert-texts.tf', INFRA).split(/^ +pt-BR = /m);
  const titles = found(english, /^ +title += "([^$"]+)"$/gm);
  expect(titles.length).toBeGreaterThan(4);
  const explained = tableRows(section(operate, '## Alerts')).map(([title]) => title);
  expect(explained).toEqual(expect.arrayContaining(titles));
  // One more: that about silence has a number of hours in its title.
  expect(explained).toHaveLength(titles.length + 1);
  // And two less: that about a share of the plan and that about events are made only if asked for.
  expect(markdown('docs/costs.md').text).toContain(`${explained.length - 2} alerts with one condition each`);
});

test('every output of Terraform is explained, and no other', async () => {
  const rows = tableRows(section(markdown('docs/deploy.md'), '## Outputs'));
  const outputs = await namesInTerraform('output');
  expect(rows.flatMap(([names = '']) => inBackticks(names)).toSorted()).toEqual(outputs.toSorted());
});

describe('tables and views', () => {
  const placeholders = { time_zone: 'UTC', plan_records: 'NULL', plan_pipelines: 'NULL' };
  const texts = readDuckDbViews({ dataset: 'main', now: 'now()', ...placeholders });
  const views = [...texts.keys()];
  const columns = new Map<string, string[]>();

  beforeAll(async () => {
    const duckDb = await openViews({ now: '2026-11-25T12:00:00Z' });
    for (const name of [...views, ...Object.keys(TABLES)]) {
      columns.set(
        name,
        (await duckDb.read(name)).columns.map((column) => column.name),
      );
    }
    duckDb.close();
  });

  test('the reference lists them all, and no other', () => {
    const named = (heading: string) =>
      tableRows(section(reference, heading)).flatMap(([names = '']) => inBackticks(names));
    expect(named('## Views').toSorted()).toEqual(views.toSorted());
    expect(named('## Tables').toSorted()).toEqual(Object.keys(TABLES).toSorted());
  });

  test('each has the columns that the reference names', () => {
    const rows = ['## Views', '## Tables'].flatMap((heading) => tableRows(section(reference, heading)));
    expect(rows.length).toBeGreaterThan(10);
    for (const [names = '', ...cells] of rows) {
      for (const name of inBackticks(names)) {
        expect(columns.get(name), name).toEqual(expect.arrayContaining(inBackticks(cells.at(-1) ?? '')));
      }
    }
  });

  test('each name in backticks is that of something that exists', async () => {
    const known = new Set([
      ...Object.keys({ ...VARIABLES, ...HTTP_STATUS }),
      ...(await namesInTerraform('variable')),
      ...(await namesInTerraform('output')),
      ...Object.keys(startStreamReport({ stream: 'pipeline_logs', clientId: null })),
      ...columns.keys(),
      ...[...columns.values()].flat(),
      ...events,
      ...Object.keys(eventOf('pipeline_logs', {}).filters),
    ]);
    const sql = [...texts.values()].join('\n');
    for (const { path, prose } of MARKDOWN.filter((file) => !file.path.startsWith('test/'))) {
      const names = inBackticks(prose)
        .map((text) => text.replace(/ = .*/, ''))
        .filter((name) => /^[A-Za-z]+(?:_[A-Za-z0-9]+)+$/.test(name));
      const unknown = names.filter(
        (name) => !known.has(name) && !isBodyKey(name) && !sql.includes(`'${name}'`),
      );
      expect(unknown, path).toEqual([]);
    }
  });
});

function read(path: string, folder = ROOT): string {
  return readFileSync(new URL(path, folder), 'utf8');
}

/** Whether the body of a request may have such a key. */
function isBodyKey(name: string): boolean {
  return !readRunRequest({ [name]: null }).faults.some(({ message }) => message === 'is not a known key');
}
