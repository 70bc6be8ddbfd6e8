import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { importsOf, RULES } from './support/rooms.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILES = new Map(
  globSync('**/*.{ts,sql,tf,hcl,md}', { cwd: ROOT, exclude: ['**/node_modules', '**/.terraform'] })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => [path, readFileSync(`${ROOT}${path}`, 'utf8')]),
);

/** For each rule, files that break it, and what it must say of them. */
const PLANTED: Record<keyof typeof RULES, [files: Record<string, string>, breach: string][]> = {
  'rooms import in one direction': [
    [
      { 'functions/rows.ts': "import { find } from './sync/window.ts';" },
      'functions/rows.ts: words imports functions/sync/window.ts of sync (static)',
    ],
    [
      { 'functions/schema/tables.ts': "export * from '../views/columns.ts';" },
      'functions/schema/tables.ts: words imports functions/views/columns.ts of views (static)',
    ],
    [
      { 'functions/warehouse/queries.ts': "import type { RunRequest } from '../sync/request.ts';" },
      'functions/warehouse/queries.ts: warehouse imports functions/sync/request.ts of sync (type)',
    ],
    [
      { 'functions/kondado/client.ts': "import { type Warehouse } from '../warehouse/warehouse.ts';" },
      'functions/kondado/client.ts: kondado imports functions/warehouse/warehouse.ts of warehouse (static)',
    ],
    [
      { 'functions/insights/alerts.ts': "type Page = import('../page/page.ts').Page;" },
      'functions/insights/alerts.ts: insights imports functions/page/page.ts of page (type)',
    ],
    [
      { 'functions/run.ts': "import { logAlerts } from './insights/alerts.ts';" },
      'functions/run.ts: run imports functions/insights/alerts.ts of insights (static)',
    ],
    [
      { 'functions/run.ts': "import { createPublisher } from './events/publisher.ts';" },
      'functions/run.ts: run imports functions/events/publisher.ts of events (static)',
    ],
    [
      { 'functions/run.ts': "const page = await import('./page/page.ts');" },
      'functions/run.ts: run imports functions/page/page.ts of page (dynamic)',
    ],
    [
      { 'functions/index.ts': "import { check } from './check/check.ts';" },
      'functions/index.ts: index imports functions/check/check.ts of check (static)',
    ],
    [
      { 'functions/run.ts': "const { check } = await import('./check/check.ts');" },
      'functions/run.ts: run imports functions/check/check.ts of check (dynamic)',
    ],
    [
      { 'functions/check/check.ts': "import { run } from '../run.ts';" },
      'functions/check/check.ts: check imports functions/run.ts of run (static)',
    ],
    [
      { 'functions/page/page.ts': "import { runSync } from '../run.ts';" },
      'functions/page/page.ts: page imports functions/run.ts of run (static)',
    ],
    [
      { 'functions/index.ts': "import { startSandbox } from '../local/sandbox/server.ts';" },
      'functions/index.ts: index imports local/sandbox/server.ts of sandbox (static)',
    ],
    [
      { 'local/sandbox/server.ts': "import { createScreen } from '../terminal/screen.ts';" },
      'local/sandbox/server.ts: sandbox imports local/terminal/screen.ts of terminal (static)',
    ],
    [
      { 'local/terminal/screen.ts': "import { readDuckDb } from '../duckdb.ts';" },
      'local/terminal/screen.ts: terminal imports local/duckdb.ts of local (static)',
    ],
    [
      { 'local/sync.ts': "import { spread } from '../test/support/history.ts';" },
      'local/sync.ts: local imports test/support/history.ts of test (static)',
    ],
    [
      { 'test/fixtures/fleet.ts': "import { calendar } from '../../bench/silence/schedules.ts';" },
      'test/fixtures/fleet.ts: test imports bench/silence/schedules.ts of bench (static)',
    ],
    [
      { 'functions/helpers/text.ts': 'export const SPACE = 1;' },
      'functions/helpers/text.ts: lies in a folder that is no room',
    ],
    [
      { 'functions/index.ts': "import { pad } from './helpers/text.ts';" },
      'functions/index.ts: index imports functions/helpers/text.ts of no room (static)',
    ],
  ],
  'only warehouse/open.ts knows the adapters': [
    [
      { 'functions/warehouse/warehouse.ts': "const { open } = await import('./duckdb/duckdb.ts');" },
      'functions/warehouse/warehouse.ts: imports functions/warehouse/duckdb/duckdb.ts of an adapter',
    ],
    [
      { 'functions/warehouse/duckdb/duckdb.ts': "import type { Fault } from '../bigquery/faults.ts';" },
      'functions/warehouse/duckdb/duckdb.ts: imports functions/warehouse/bigquery/faults.ts of an adapter',
    ],
    [
      { 'functions/index.ts': "import './warehouse/bigquery/bigquery.ts';" },
      'functions/index.ts: imports functions/warehouse/bigquery/bigquery.ts of an adapter',
    ],
  ],
  'no file imports itself by way of others': [
    [
      {
        'functions/rows.ts': "import type { Source } from './streams.ts';",
        'functions/streams.ts': "export { json } from './json.ts';",
        'functions/json.ts': "const rows = () => import('./rows.ts');",
      },
      'functions/rows.ts -> functions/streams.ts -> functions/json.ts -> functions/rows.ts',
    ],
    [{ 'local/sync.ts': "import * as self from './sync.ts';" }, 'local/sync.ts -> local/sync.ts'],
  ],
  'functions/ has at most 16 flat files': [
    [
      Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`functions/word${index}.ts`, ''])),
      'functions/: 17 flat files',
    ],
  ],
  'no file is longer than 300 lines': [
    [{ 'infra/main.tf': 'x\n'.repeat(301) }, 'infra/main.tf: 301 lines'],
    [{ 'docs/deploy.md': `${'\n'.repeat(300)}x` }, 'docs/deploy.md: 301 lines'],
  ],
  'no line is longer than 160 characters': [
    [{ 'functions/views/a.sql': `\n${'x'.repeat(161)}` }, 'functions/views/a.sql: line 2 has 161 characters'],
  ],
};

/** For each rule, files that keep it, as near to a breach as can be. */
const KEPT: Partial<Record<keyof typeof RULES, Record<string, string>>> = {
  'rooms import in one direction': {
    'functions/run.ts':
      "import type { A } from './insights/alerts.ts'; const b = import('./warehouse/open.ts');",
    'functions/sync/report.ts': "// import './page/page.ts'\nconst text = `import('../page/page.ts')`;",
    'functions/log.ts': "import version from '../package.json' with { type: 'json' };",
    'bench/page.ts': "import { fleet } from '../test/fixtures/fleet.ts';",
    'local/doctor.ts': "import { sync } from '../functions/index.ts';",
  },
  'only warehouse/open.ts knows the adapters': {
    'functions/warehouse/open.ts': "const { open } = await import('./duckdb/duckdb.ts');",
    'functions/warehouse/duckdb/duckdb.ts': "import { connect } from './connection.ts';",
    'test/support/views.ts': "import { makeViews } from '../../functions/warehouse/duckdb/schema.ts';",
  },
  'no file imports itself by way of others': {
    'local/a.ts': "import './b.ts'; import './c.ts';",
    'local/b.ts': "import './c.ts';",
    'local/c.ts': '',
  },
  'no file is longer than 300 lines': { 'local/a.ts': 'x\n'.repeat(300) },
  'no line is longer than 160 characters': {
    'local/a.ts': 'é'.repeat(160),
    'docs/reference.md': `| ${'x'.repeat(200)} |`,
  },
};

const RULE_NAMES = Object.keys(RULES) as (keyof typeof RULES)[];

describe.each(RULE_NAMES)('%s', (name) => {
  test('everywhere in the repository', () => {
    expect(RULES[name](FILES)).toEqual([]);
  });

  test.for(PLANTED[name])('which finds %j', ([files, breach]) => {
    expect(RULES[name](new Map(Object.entries(files)))).toEqual([breach]);
  });

  test('which lets pass what keeps it', () => {
    expect(RULES[name](new Map(Object.entries(KEPT[name] ?? {})))).toEqual([]);
  });
});

test('the rules see every file, and every way to import another', () => {
  expect(FILES.size).toBeGreaterThan(200);
  const text = `
    import type { A } from './a.ts';
    import { type B, c } from './b.ts';
    import './d.ts';
    export type { E } from './e.ts';
    export * from './f.ts';
    const g = () => import('./g.ts');
    type H = import('./h.ts').H;
  `;
  expect(importsOf(text)).toEqual([
    { specifier: './a.ts', kind: 'type' },
    { specifier: './b.ts', kind: 'static' },
    { specifier: './d.ts', kind: 'static' },
    { specifier: './e.ts', kind: 'type' },
    { specifier: './f.ts', kind: 'static' },
    { specifier: './g.ts', kind: 'dynamic' },
    { specifier: './h.ts', kind: 'type' },
  ]);
});
