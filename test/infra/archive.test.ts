import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { archiveFiles } from './archive.ts';
import { expression, INFRA, ROOT, readHcl, readLocal } from './hcl.ts';

test('the archive is made of this list and of nothing else', async () => {
  expect(await readLocal('archive_patterns')).toEqual([
    'functions/**/*.json',
    'functions/**/*.sql',
    'functions/**/*.ts',
    'package-lock.json',
    'package.json',
  ]);
  const { data } = await readHcl(new URL('function.tf', INFRA));
  const [archive = {}] = data?.archive_file?.function ?? [];
  expect(Object.keys(archive).sort()).toEqual(['dynamic', 'lifecycle', 'output_path', 'type']);
  expect(archive.output_path).toBe(`${expression('path.root')}/.terraform/${expression('var.name')}.zip`);
  expect(readFileSync(new URL('.gitignore', ROOT), 'utf8')).toMatch(/^\.terraform\/$/m);
  expect(archive.dynamic.source[0].for_each).toBe(expression('local._archive_files'));
});

test('every file of functions/ is in the archive: none has an extension that the list lacks', async () => {
  const inFunctions = readdirSync(new URL('functions/', ROOT), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(fileURLToPath(ROOT), join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  const files = await archiveFiles();
  expect(files).toEqual([...inFunctions, 'package-lock.json', 'package.json'].sort());
});

test('functions/ holds neither tests nor anything secret', async () => {
  const files = await archiveFiles();
  expect(files.filter((file) => /\.test\.|\.env|credential|\.pem$|\.key$/i.test(file))).toEqual([]);
});

/** Packages that functions/ loads on a developer's computer only. */
const LOCAL_PACKAGES = ['@duckdb/node-api'];

test('what functions/ imports is in the archive, or a package that is installed in production', async () => {
  const files = await archiveFiles();
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(new URL(file, ROOT), 'utf8').replaceAll(/^(?:import|export) type [^;]+;/gm, '');
    for (const [, name = ''] of text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'([\w@./:-]+)'/g)) {
      if (name.startsWith('.')) expect(files, file).toContain(posix.join(posix.dirname(file), name));
      else if (!name.startsWith('node:')) {
        const known = [...Object.keys(packageJson.dependencies), ...LOCAL_PACKAGES];
        expect(known, file).toContain(/^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]);
      }
    }
  }
});

test('the archive is text with the same line ends on every computer, so its hash is the same', async () => {
  for (const file of await archiveFiles()) {
    const bytes = readFileSync(new URL(file, ROOT));
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes), file).not.toThrow();
    expect(bytes.includes(0x0d), file).toBe(false);
  }
  expect(readFileSync(new URL('.gitattributes', ROOT), 'utf8')).toMatch(/eol=lf/);
});

test('package.json has no build script, which the cloud would run with all development packages', () => {
  expect(Object.keys(packageJson.scripts)).not.toEqual(expect.arrayContaining(['build']));
  expect(Object.keys(packageJson.scripts)).not.toEqual(expect.arrayContaining(['gcp-build']));
  expect(packageJson.main).toBe('functions/index.ts');
});
