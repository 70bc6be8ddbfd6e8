/** A piece of SQL, with the white space and comments before it. */
export interface Token {
  kind: 'text' | 'name' | 'number' | 'word' | 'placeholder' | 'symbol';
  space: string;
  text: string;
  line: number;
}

/** What stands between two brackets. */
export interface Group {
  kind: 'group';
  space: string;
  open: '(' | '[';
  nodes: Node[];
  /** What stands before the closing bracket. */
  end: string;
  line: number;
}

export type Node = Token | Group;

/** SQL that the dialect does not know; the message names it and its line. */
export class UnknownSql extends Error {
  override name = 'UnknownSql' as const;

  constructor(what: string, line: number) {
    super(
      `Line ${line}: the dialect for DuckDB does not know ${what}. Write it otherwise, or teach it (functions/warehouse/duckdb/).`,
    );
  }
}

const SPACE = /(?:\s|--[^\n]*)*/y;
const CLOSING = { '(': ')', '[': ']' };

/** In this order; what none of them matches is refused. */
const TOKENS: Record<Token['kind'], RegExp> = {
  // No escapes: a backslash means nothing to DuckDB, and a doubled quote nothing to BigQuery.
  text: /'[^'\\\n]*'(?!')/y,
  name: /`[^`\n]+`/y,
  number: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)/y,
  word: /[A-Za-z_]\w*/y,
  placeholder: /\$\{\w+\}/y,
  symbol: /<>|<=|>=|!=|\|\||[=<>+\-*/,.()[\]]/y,
};

/**
 * Cuts SQL into words, texts and so on, those between brackets together.
 *
 * @throws {UnknownSql} on a character that begins none of them.
 */
export function parseSql(sql: string): { nodes: Node[]; end: string } {
  let at = 0;
  let line = 1;

  function match(pattern: RegExp): string {
    pattern.lastIndex = at;
    const [text = ''] = pattern.exec(sql) ?? [];
    at += text.length;
    line += text.split('\n').length - 1;
    return text;
  }

  function readToken(space: string): Token {
    for (const [kind, pattern] of Object.entries(TOKENS)) {
      const text = match(pattern);
      if (text !== '') return { kind: kind as Token['kind'], space, text, line };
    }
    throw new UnknownSql(`«${sql.slice(at, at + 20).split('\n')[0]}»`, line);
  }

  function readUntil(closing: string): { nodes: Node[]; end: string } {
    const nodes: Node[] = [];
    for (;;) {
      const space = match(SPACE);
      if (at === sql.length) {
        if (closing !== '') throw new UnknownSql(`no «${closing}» to the end`, line);
        return { nodes, end: space };
      }
      const token = readToken(space);
      if (token.kind === 'symbol' && token.text === closing) return { nodes, end: space };
      if (token.kind === 'symbol' && (token.text === '(' || token.text === '[')) {
        nodes.push({
          kind: 'group',
          space,
          open: token.text,
          line: token.line,
          ...readUntil(CLOSING[token.text]),
        });
      } else if (token.text === ')' || token.text === ']') {
        throw new UnknownSql(`a «${token.text}» too many`, token.line);
      } else nodes.push(token);
    }
  }

  return readUntil('');
}

/** Whether a node is this word, keyword or symbol. */
export function is(node: Node | undefined, ...texts: string[]): node is Token {
  return node !== undefined && (node.kind === 'word' || node.kind === 'symbol') && texts.includes(node.text);
}

/** What is between the commas of a list; nothing for an empty one. */
export function splitAtCommas(nodes: readonly Node[]): Node[][] {
  if (nodes.length === 0) return [];
  const parts: Node[][] = [[]];
  for (const node of nodes) {
    if (is(node, ',')) parts.push([]);
    else parts.at(-1)?.push(node);
  }
  return parts;
}
