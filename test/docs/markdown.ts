import { readdirSync, readFileSync } from 'node:fs';
import { ROOT } from '../infra/hcl.ts';

/** A Markdown file of the repository. */
export interface MarkdownFile {
  /** From the root on, such as `docs/deploy.md`. */
  path: string;
  text: string;
  /** What is read as prose: the text without its blocks of code. */
  prose: string;
  blocks: CodeBlock[];
}

export interface CodeBlock {
  language: string;
  text: string;
}

const FOLDERS_OF_OTHERS = new Set(['.git', '.terraform', 'node_modules']);
const FENCED = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm;

/** Every Markdown file that people read, and those in hidden folders too. */
export const MARKDOWN = markdownBelow('').map(read);

/** One of them, by its path. */
export function markdown(path: string): MarkdownFile {
  const file = MARKDOWN.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`There is no ${path}.`);
  return file;
}

/** The blocks of code in one language, in all files, without the indent that a list gives them. */
export function blocksIn(language: string): { path: string; text: string }[] {
  return MARKDOWN.flatMap(({ path, blocks }) =>
    blocks.filter((block) => block.language === language).map(({ text }) => ({ path, text })),
  );
}

/** The part of a file below a heading, up to the next one of the same level. */
export function section({ path, text }: MarkdownFile, heading: string): string {
  const level = /^#+ /.exec(heading)?.[0] ?? '';
  const start = text.indexOf(`\n${heading}\n`);
  if (level === '' || start === -1) throw new Error(`${path} has no "${heading}".`);
  const end = text.indexOf(`\n${level}`, start + 1);
  return text.slice(start, end === -1 ? undefined : end);
}

/** The cells of every row of the tables in a text, without the heads and the rules below them. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n');
  return lines
    .filter((line, index) => line.startsWith('| ') && !isRule(lines[index + 1]))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** What stands in backticks, once each. */
export function inBackticks(text: string): string[] {
  return found(text, /`([^`\n]+)`/g);
}

/** What the first group of a pattern finds, once each. */
export function found(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))];
}

function markdownBelow(folder: string): string[] {
  return readdirSync(new URL(folder, ROOT), { withFileTypes: true }).flatMap((entry) => {
    if (FOLDERS_OF_OTHERS.has(entry.name)) return [];
    if (entry.isDirectory()) return markdownBelow(`${folder}${entry.name}/`);
    return entry.name.endsWith('.md') ? [`${folder}${entry.name}`] : [];
  });
}

function read(path: string): MarkdownFile {
  const text = readFileSync(new URL(path, ROOT), 'utf8');
  const blocks = [...text.matchAll(FENCED)].map(([, indent = '', language = '', code = '']) => ({
    language,
    text: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
  return { path, text, prose: text.replaceAll(FENCED, ''), blocks };
}

function isRule(line = ''): boolean {
  return /^\|[-| :]+\|$/.test(line);
}
