import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = new URL('../', import.meta.url);
const text = readFileSync(new URL('.github/dependabot.yml', ROOT), 'utf8');

/** The folders that are watched for one kind of package. */
function watched(ecosystem: string): string[] {
  const [, entry = ''] = text.split(`package-ecosystem: ${ecosystem}\n`);
  const [, list = ''] = /director(?:y|ies): \[?([^\]\n]+)/.exec(entry) ?? [];
  return list.split(', ').sort();
}

/** The folders in which there is such a file. */
function having(pattern: string): string[] {
  const files = globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules', '**/.terraform'] });
  return [...new Set(files.map((file) => `/${dirname(file)}`.replace(/^\/\.$/, '/')))].sort();
}

test.each([
  ['npm', '**/package-lock.json'],
  ['pip', '**/requirements.txt'],
  ['terraform', '**/versions.tf'],
])('every %s folder is watched for newer versions, and no other', (ecosystem, pattern) => {
  expect(having(pattern)).not.toEqual([]);
  expect(watched(ecosystem)).toEqual(having(pattern));
});

test('the actions of the workflow are watched too', () => {
  expect(having('.github/workflows/*.yml')).toEqual(['/.github/workflows']);
  expect(watched('github-actions')).toEqual(['/']); // what GitHub wants for .github/workflows
});
