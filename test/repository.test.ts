import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import packageLock from '../package-lock.json' with { type: 'json' };
import { importsOf } from './support/rooms.ts';

const ROOT = new URL('..', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

test('package.json has no script that the build in the cloud would run', () => {
  const scripts = Object.keys(packageJson.scripts);
  expect(scripts).toEqual(expect.arrayContaining(['sync', 'start', 'test', 'check']));
  for (const name of scripts) expect(name).not.toMatch(/^(?:build|gcp-build|(?:pre|post)?install|prepare)$/);
});

describe('the lock file', () => {
  const packages = Object.entries<{
    version?: string;
    optionalDependencies?: Record<string, string>;
  }>(packageLock.packages);

  test('holds the packages of all platforms, so that npm ci works on each', () => {
    const missing: string[] = [];
    const known = new Set(packages.map(([path]) => path));
    let wanted = 0;
    for (const [path, { optionalDependencies = {} }] of packages) {
      for (const name of Object.keys(optionalDependencies)) {
        wanted++;
        if (!folders(path).some((folder) => known.has(`${folder}node_modules/${name}`))) {
          missing.push(`${path || 'the project'} -> ${name}`);
        }
      }
    }
    expect(wanted).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  test('was made from this package.json', () => {
    const [, root] = packages[0] ?? [];
    expect(root).toMatchObject({
      name: packageJson.name,
      version: packageJson.version,
      dependencies: packageJson.dependencies,
      devDependencies: packageJson.devDependencies,
    });
  });
});

describe.each(
  readdirSync(new URL('functions/schema/', ROOT)).filter((file) => file.endsWith('.json')),
)('the schema file %s', (file) => {
  const table: {
    description: string;
    partition: { type: string; field: string };
    clustering: string[];
    schema: { name: string; type: string; mode: string; description: string }[];
  } = JSON.parse(read(`functions/schema/${file}`));
  const names = table.schema.map(({ name }) => name);
  const required = table.schema.filter(({ mode }) => mode === 'REQUIRED').map(({ name }) => name);
  const isLog = ['pipeline_logs.json', 'model_logs.json'].includes(file);

  test('describes the table and each column in a sentence', () => {
    for (const { description } of [table, ...table.schema]) expect(description).toMatch(/^\S.+\.$/);
  });

  test('names each column once, in lower case, with a type and mode that all readers of it know', () => {
    expect(new Set(names).size).toBe(names.length);
    for (const { name, type, mode } of table.schema) {
      expect(name).toMatch(/^[a-z_]+$/);
      expect(type).toMatch(/^(?:INT64|FLOAT64|BOOL|STRING|TIMESTAMP|JSON)$/);
      expect(mode).toMatch(/^(?:REQUIRED|NULLABLE)$/);
    }
  });

  test('is partitioned by the day of a required timestamp, and clustered by columns that it has', () => {
    expect(table.partition.type).toBe('DAY');
    expect(required).toContain(table.partition.field);
    expect(table.schema.find(({ name }) => name === table.partition.field)?.type).toBe('TIMESTAMP');
    for (const name of table.clustering) expect(names).toContain(name);
  });

  test.runIf(isLog)("ends with the sync's own columns, and requires no more than a row must have", () => {
    expect(names.slice(-3)).toEqual(['_extra', '_run_id', '_synced_at']);
    expect(names.filter((name) => name.startsWith('_'))).toHaveLength(3);
    expect(required.toSorted()).toEqual(['_run_id', '_synced_at', 'createdat', 'id']);
    expect(table.partition.field).toBe('createdat');
  });
});

describe('what is deployed', () => {
  const files = readdirSync(new URL('functions/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `functions/${file}`);

  test('imports nothing that is not deployed, unless a run asks for it', () => {
    const deployed = Object.keys(packageJson.dependencies);
    let imports = 0;
    for (const file of files) {
      for (const specifier of staticImports(read(file))) {
        imports++;
        if (specifier.startsWith('.')) {
          const target = new URL(specifier, new URL(file, ROOT)).pathname;
          expect(target, file).toMatch(/\/functions\/|\/package\.json$/);
        } else if (!specifier.startsWith('node:')) {
          expect(deployed, `${file} imports ${specifier}`).toContain(packageOf(specifier));
        }
      }
    }
    expect(imports).toBeGreaterThan(50);
  });

  test('listens before it has read what only a run or the page needs', () => {
    const seen = new Set(['functions/index.ts']);
    const packages = new Set<string>();
    for (const file of seen) {
      for (const specifier of file.endsWith('.ts') ? staticImports(read(file)) : []) {
        const { href } = new URL(specifier, new URL(file, ROOT));
        if (specifier.startsWith('.')) seen.add(href.slice(ROOT.href.length));
        else packages.add(packageOf(specifier));
      }
    }
    // Whatever is added here is waited for by everybody who starts the function.
    expect([...seen]).toEqual(['index', 'errors', 'json', 'log'].map((name) => `functions/${name}.ts`));
    expect([...packages]).toEqual(['@google-cloud/functions-framework']);
  });

  test('uses every package that it is deployed with', () => {
    const text = files.map(read).join('\n');
    for (const name of Object.keys(packageJson.dependencies)) {
      expect(text).toMatch(new RegExp(`(?:from|import\\()\\s*'${name}['/]`));
    }
  });
});

/** Where Node looks for what a package needs: in its own folder, then in those around it. */
function folders(path: string): string[] {
  const parts = path.split('node_modules/').slice(1);
  return Array.from({ length: parts.length + 1 }, (_, depth) =>
    parts
      .slice(0, depth)
      .map((part) => `node_modules/${part.replace(/\/$/, '')}/`)
      .join(''),
  );
}

/** What a file imports when it is loaded; a type is gone by then, and `import()` comes later. */
function staticImports(text: string): string[] {
  return importsOf(text).flatMap(({ specifier, kind }) => (kind === 'static' ? [specifier] : []));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
