import { posix } from 'node:path';
import { parseAst } from 'vitest/node';

/** Files by their path from the repository's root. */
export type Files = ReadonlyMap<string, string>;

export interface Import {
  specifier: string;
  /** `static` is loaded with the file, `dynamic` when the code asks for it, `type` never. */
  kind: 'static' | 'dynamic' | 'type';
}

/**
 * What each room may import besides itself; it may also import whatever those may.
 *
 * Words are the flat files of `functions/` and its `schema/`: everybody speaks them, and they know no room.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  bench: ['test', 'statuses'],
  test: ['local', 'events', 'examples'],
  local: ['terminal', 'sandbox', 'index', 'check'],
  terminal: ['page', 'run'],
  sandbox: ['words'],
  index: ['page', 'run'],
  page: ['insights'],
  insights: ['warehouse'],
  run: ['sync'],
  check: ['sync'],
  statuses: ['sync'],
  events: ['sync'],
  sync: ['kondado', 'warehouse', 'google'],
  kondado: ['words'],
  warehouse: ['views'],
  google: ['words'],
  examples: [],
  views: ['words'],
  words: [],
};

/** What a room may load once it needs it, so that no cold start pays for it. */
const MAY_LOAD: Record<string, readonly string[]> = {
  index: ['check'],
  run: ['insights', 'statuses', 'events'],
};

const MAX_FLAT_FILES = 16;
const MAX_LINES = 300;
const MAX_CHARACTERS = 160;

/** The rules of where things live; each returns its breaches, as sentences that begin with the file. */
export const RULES = {
  'rooms import in one direction': importsAgainstDirection,
  'only warehouse/open.ts knows the adapters': importsOfAdapters,
  'no file imports itself by way of others': cycles,
  'functions/ has at most 16 flat files': flatFiles,
  'no file is longer than 300 lines': longFiles,
  'no line is longer than 160 characters': longLines,
} satisfies Record<string, (files: Files) => string[]>;

/** What a TypeScript file imports, in its own order. */
export function importsOf(text: string): Import[] {
  const imports: Import[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, source, importKind, exportKind } = node as Record<string, unknown>;
    const specifier = (source as { value?: unknown } | null | undefined)?.value;
    if (typeof specifier === 'string') {
      const isType = type === 'TSImportType' || importKind === 'type' || exportKind === 'type';
      const kind = isType ? 'type' : type === 'ImportExpression' ? 'dynamic' : 'static';
      imports.push({ specifier, kind });
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(parseAst(text, { lang: 'ts' }));
  return imports;
}

/** The room in which a file lives; undefined if there is none for it. */
function roomOf(path: string): string | undefined {
  const [top = '', ...rest] = path.split('/');
  const [folder, file] = rest.length > 1 ? [rest[0], rest[1]] : [undefined, rest[0]];
  if (top === 'functions' && (folder === undefined || folder === 'schema')) {
    return file === 'index.ts' || file === 'run.ts' ? file.replace('.ts', '') : 'words';
  }
  const room = top === 'functions' || (top === 'local' && folder !== undefined) ? folder : top;
  return room !== undefined && Object.hasOwn(MAY_IMPORT, room) ? room : undefined;
}

/** The rooms that these may import, themselves included. */
function reachable(rooms: readonly string[]): Set<string> {
  const seen = new Set(rooms);
  for (const room of seen) for (const next of MAY_IMPORT[room] ?? []) seen.add(next);
  return seen;
}

function* internalImports(files: Files): Generator<{ from: string; to: string; kind: Import['kind'] }> {
  for (const [from, text] of files) {
    if (!from.endsWith('.ts')) continue;
    for (const { specifier, kind } of importsOf(text)) {
      if (specifier.startsWith('.')) yield { from, to: posix.join(posix.dirname(from), specifier), kind };
    }
  }
}

function importsAgainstDirection(files: Files): string[] {
  const homeless = [...files.keys()].filter(
    (path) => /^(?:functions|local|bench|test)\/.*\.ts$/.test(path) && roomOf(path) === undefined,
  );
  const breaches = homeless.map((path) => `${path}: lies in a folder that is no room`);
  for (const { from, to, kind } of internalImports(files)) {
    const [room, target] = [roomOf(from), roomOf(to)];
    // Only package.json knows the version.
    if (room === undefined || !to.includes('/')) continue;
    const start = kind === 'static' ? [room] : [room, ...(MAY_LOAD[room] ?? [])];
    if (target === undefined || !reachable(start).has(target)) {
      breaches.push(`${from}: ${room} imports ${to} of ${target ?? 'no room'} (${kind})`);
    }
  }
  return breaches;
}

function importsOfAdapters(files: Files): string[] {
  const adapterOf = (path: string) => /^functions\/warehouse\/[^/]+(?=\/)/.exec(path)?.[0];
  return [...internalImports(files)]
    .filter(({ from, to }) => {
      const adapter = adapterOf(to);
      const isOutside = adapter !== undefined && adapterOf(from) !== adapter;
      return isOutside && from.startsWith('functions/') && from !== 'functions/warehouse/open.ts';
    })
    .map(({ from, to }) => `${from}: imports ${to} of an adapter`);
}

function cycles(files: Files): string[] {
  const targets = Map.groupBy(internalImports(files), ({ from }) => from);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' -> '));
    if (way.includes(path) || done.has(path)) return;
    for (const { to } of targets.get(path) ?? []) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

function flatFiles(files: Files): string[] {
  const flat = [...files.keys()].filter((path) => /^functions\/[^/]+$/.test(path));
  return flat.length > MAX_FLAT_FILES ? [`functions/: ${flat.length} flat files`] : [];
}

function longFiles(files: Files): string[] {
  return [...files].flatMap(([path, text]) => {
    const lines = text.replace(/\n$/, '').split('\n').length;
    return lines > MAX_LINES ? [`${path}: ${lines} lines`] : [];
  });
}

function longLines(files: Files): string[] {
  return [...files].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      // Markdown has no way to break the row of a table.
      const isTableRow = path.endsWith('.md') && line.trimStart().startsWith('|');
      const { length } = [...line];
      return length > MAX_CHARACTERS && !isTableRow
        ? [`${path}: line ${index + 1} has ${length} characters`]
        : [];
    }),
  );
}
