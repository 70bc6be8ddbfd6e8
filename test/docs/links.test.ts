import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../infra/hcl.ts';
import { found, inBackticks, MARKDOWN, markdown } from './markdown.ts';

/** Files that the reader makes, from a copy or by Terraform. */
const MADE_BY_READERS = [
  'infra/.terraform.lock.hcl',
  'infra/backend.tf',
  'infra/terraform.tfstate',
  'infra/terraform.tfvars',
];

test('README is short enough to be read', () => {
  expect(markdown('README.md').text.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('README leads to every page of docs/, and each page has one title', () => {
  const pages = MARKDOWN.filter(({ path }) => path.startsWith('docs/'));
  expect(pages.length).toBeGreaterThan(6);
  for (const { path, prose } of pages) {
    expect(markdown('README.md').text).toContain(`](${path})`);
    expect(prose.match(/^# .+/gm), path).toHaveLength(1);
  }
});

describe.each(MARKDOWN)('$path', ({ path, prose }) => {
  test('links to files and headings that exist', () => {
    const targets = [...found(prose, /\]\(([^)\s]+)\)/g), ...found(prose, /\bsrc="([^"]+)"/g)];
    for (const target of targets.filter((candidate) => !/^https?:/.test(candidate))) {
      const [file = '', anchor] = target.split('#');
      const url = new URL(file, new URL(path, ROOT));
      expect(existsSync(url), `${path} links to ${target}`).toBe(true);
      if (anchor === undefined) continue;
      const page = markdown(url.href.slice(ROOT.href.length));
      expect(anchorsOf(page.prose), `${path} links to ${target}`).toContain(anchor);
    }
  });

  test('names files and folders that exist', () => {
    const names = inBackticks(prose).filter((name) =>
      /^(?:\.ci|bench|docs|functions|infra|local|test)\/[\w{}./-]*$/.test(name),
    );
    for (const name of names.filter((candidate) => !MADE_BY_READERS.includes(candidate))) {
      expect(existsSync(new URL(name, ROOT)), `${path} names ${name}`).toBe(true);
    }
  });
});

/** As GitHub makes them: https://docs.github.com/en/get-started/writing-on-github, "Section links". */
function anchorsOf(prose: string): string[] {
  return found(prose, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
