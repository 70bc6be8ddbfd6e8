import { FUNCTIONS } from './functions.ts';
import { is, type Node, parseSql, splitAtCommas, type Token, UnknownSql } from './tokens.ts';

/** Stand for themselves. */
const KEYWORDS = new Set(
  `ALL AND AS BETWEEN BY CASE CROSS DISTINCT ELSE END EXISTS FALSE FOLLOWING FROM GROUP HAVING IGNORE IN INNER IS JOIN LEFT
  LIMIT NOT NULL NULLS ON OR ORDER OVER PARTITION PRECEDING QUALIFY RANGE ROWS SELECT THEN TRUE UNBOUNDED UNION USING WHEN WHERE
  WINDOW WITH`.split(/\s+/),
);

/** Elsewhere a bracket after a keyword is the call of a function of that name. */
const BEFORE_BRACKET = new Set(
  `ALL AND AS BETWEEN BY CASE DISTINCT ELSE EXISTS FROM HAVING IN JOIN NOT ON OR OVER QUALIFY SELECT THEN USING WHEN WHERE`.split(
    /\s+/,
  ),
);

/** After the items of ORDER BY. */
const AFTER_ORDER = ['LIMIT', 'RANGE', 'ROWS'];

/**
 * Says in DuckDB's SQL what a statement says in BigQuery's.
 *
 * The dialect is closed: keywords and functions, in capitals, and symbols that are not on its lists are refused, because what
 * both have may mean different things. It writes plain SQL, without macros or settings, so that a view also works in
 * another session, and so does what `npm run views` prints. What makes BigQuery fail (a division by zero) may be NULL or
 * Infinity in DuckDB: that the texts never do it is proven against BigQuery's own evaluator, test/oracle.
 *
 * Placeholders such as `${now}` stay, in brackets.
 *
 * @throws {UnknownSql}
 * @example
 * toDuckDb('SELECT COUNTIF(n > 2) AS many FROM `d.t` WHERE id IN UNNEST(@ids)');
 * //=> 'SELECT count(CASE WHEN n > 2 THEN 1 END) AS many FROM "d"."t" WHERE id IN $ids'
 */
export function toDuckDb(sql: string): string {
  const { nodes, end } = parseSql(sql);
  return write(nodes) + end;
}

function write(nodes: readonly Node[]): string {
  refuseGrandchildren(nodes);
  let sql = '';
  for (let index = 0; index < nodes.length; ) {
    const { text, length } = writeNext(nodes, index);
    sql += (nodes[index]?.space ?? '') + text;
    index += length;
  }
  return sql;
}

/** What the nodes from one on say, as many as belong together. */
function writeNext(nodes: readonly Node[], index: number): { text: string; length: number } {
  const node = nodes[index] as Node;
  const next = nodes[index + 1];
  if (node.kind === 'group') return { text: writeGroup(node, nodes[index - 1]), length: 1 };
  if (is(node, 'ORDER') && is(next, 'BY')) return writeOrder(nodes, index);
  if (is(node, 'CURRENT') && is(next, 'ROW')) return { text: 'CURRENT ROW', length: 2 };
  if (is(node, '*') && is(next, 'EXCEPT')) return { text: '* EXCLUDE', length: 2 };
  if (is(node, 'DATE', 'TIMESTAMP') && next?.kind === 'text') {
    return { text: writeDateOrTimestamp(node.text, next.text), length: 2 };
  }
  if (is(node, 'UNNEST') && next?.kind === 'group') return writeUnnest(nodes, index);
  if (node.kind === 'word' && next?.kind === 'group' && next.open === '(') {
    const call = FUNCTIONS[node.text];
    if (call) {
      const { nodes: inside } = next;
      const args = splitAtCommas(inside);
      const text = call({ args, nodes: inside, next: nodes[index + 2], line: node.line, write, operand });
      return { text, length: 2 };
    }
    if (!BEFORE_BRACKET.has(node.text)) throw new UnknownSql(`${node.text}()`, node.line);
  }
  return { text: writeToken(node, next), length: 1 };
}

function writeToken({ kind, text, line }: Token, next: Node | undefined): string {
  switch (kind) {
    case 'name':
      return text
        .slice(1, -1)
        .split('.')
        .map((part) => (part.startsWith('${') ? part : quoted(part)))
        .join('.');
    case 'number': // 0.5 would be a DECIMAL
      return text.includes('.') && !/e/i.test(text) ? `${text}e0` : text;
    case 'placeholder': // what fills it may be an expression
      return `(${text})`;
    case 'symbol':
      if (text === '.' && next?.kind !== 'word' && next?.kind !== 'name' && !is(next, '*'))
        throw new UnknownSql('«.»', line);
      return text;
    case 'word': {
      const isName = /^[a-z_][a-z0-9_]*$/.test(text);
      if (isName ? KEYWORDS.has(text.toUpperCase()) : !KEYWORDS.has(text)) throw new UnknownSql(text, line);
      return text;
    }
    default:
      return text;
  }
}

function writeGroup({ open, nodes, end, line }: Node & { kind: 'group' }, before: Node | undefined): string {
  if (open === '(') return writeQuantile(nodes) ?? `(${write(nodes)}${end})`;
  const isSubscript = before?.kind === 'group' || (before?.kind === 'word' && !KEYWORDS.has(before.text));
  if (!isSubscript) return `[${write(nodes)}${end}]`;
  const [offset, place] = nodes;
  if (nodes.length !== 2 || !is(offset, 'SAFE_OFFSET') || place?.kind !== 'group') {
    throw new UnknownSql('an element of an array without SAFE_OFFSET', line);
  }
  const [literal] = place.nodes;
  if (place.nodes.length === 1 && literal?.kind === 'number') return `[${Number(literal.text) + 1}]`;
  return `[greatest(${write(place.nodes)}, -1) + 1]`; // DuckDB counts negative places from the end
}

/** DuckDB 1.5.5 forgets the partitions of a window that is made from a named one that is itself made from another. */
function refuseGrandchildren(nodes: readonly Node[]): void {
  const start = nodes.findIndex((node) => is(node, 'WINDOW'));
  if (start === -1) return;
  const clause = nodes.slice(start);
  const children = clause.flatMap((node, index) => {
    const name = clause[index - 2];
    return is(clause[index - 1], 'AS') && parentOf(node) !== undefined && name?.kind === 'word'
      ? [name.text]
      : [];
  });
  if (children.length > 0) look(nodes);

  function look(inside: readonly Node[]): void {
    for (const [index, node] of inside.entries()) {
      if (node.kind !== 'group') continue;
      const parent = is(inside[index - 1], 'AS', 'OVER') ? parentOf(node) : undefined;
      if (parent !== undefined && children.includes(parent)) {
        throw new UnknownSql(`a window made from ${parent}, which is made from another`, node.line);
      }
      look(node.nodes);
    }
  }
}

/** `name` for the window `(name ORDER BY x)`. */
function parentOf(window: Node): string | undefined {
  if (window.kind !== 'group') return undefined;
  const [first] = window.nodes;
  return first?.kind === 'word' && first.text === first.text.toLowerCase() ? first.text : undefined;
}

/** `(SELECT PERCENTILE_CONT(x, 0.5) OVER () FROM UNNEST(array) AS x LIMIT 1)`, for which DuckDB has a function. */
function writeQuantile(nodes: readonly Node[]): string | undefined {
  const groups = nodes.flatMap((node) => (node.kind === 'group' ? [node.nodes] : []));
  const [[element, comma, ...fraction] = [], over = [], array = []] = groups;
  if (element?.kind !== 'word' || !is(comma, ',') || over.length > 0) return undefined;
  const shape = nodes.map((node) => (node.kind === 'group' ? '()' : node.text)).join(' ');
  const expected = `SELECT PERCENTILE_CONT () OVER () FROM UNNEST () AS ${element.text} LIMIT 1`;
  if (shape !== expected) return undefined;
  return `list_aggregate(${write(array).trim()}, 'quantile_cont', ${write(fraction).trim()})`;
}

/** NULL comes first in BigQuery, in descending order last; where it comes in DuckDB is a setting of the session. */
function writeOrder(nodes: readonly Node[], index: number): { text: string; length: number } {
  const rest = nodes.slice(index + 2);
  const end = rest.findIndex((node) => is(node, ...AFTER_ORDER));
  const items = end === -1 ? rest : rest.slice(0, end);
  const texts = splitAtCommas(items).map((item) => {
    const last = item.at(-1);
    const isDescending = is(last, 'DESC');
    const value = isDescending || is(last, 'ASC') ? item.slice(0, -1) : item;
    return `${write(value)}${isDescending ? ' DESC NULLS LAST' : ' NULLS FIRST'}`;
  });
  return { text: `ORDER BY${texts.join(',')}`, length: 2 + items.length };
}

/** A time without a zone is UTC to BigQuery. */
function writeDateOrTimestamp(type: string, text: string): string {
  if (type === 'DATE') return `DATE ${text}`;
  if (/:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::\d\d)?)'$/.test(text)) return `TIMESTAMPTZ ${text}`;
  return `TIMESTAMPTZ ${text.slice(0, -1)}${text.includes(':') ? '' : ' 00:00:00'}+00'`;
}

/** After IN the array itself; in FROM the elements are a column, not the table of that name. */
function writeUnnest(nodes: readonly Node[], index: number): { text: string; length: number } {
  const [unnest, array, as, alias] = nodes.slice(index, index + 4) as [
    Token,
    Node & { kind: 'group' },
    Node?,
    Node?,
  ];
  if (is(nodes[index - 1], 'IN')) return { text: operand(array.nodes), length: 2 };
  if (!is(nodes[index - 1], 'FROM', 'JOIN') || !is(as, 'AS') || alias?.kind !== 'word') {
    throw new UnknownSql('UNNEST() elsewhere than after IN, or without a name', unnest.line);
  }
  const name = writeToken(alias, undefined);
  return { text: `unnest(${write(array.nodes)}) AS ${name} (${name})`, length: 4 };
}

/** In brackets, unless it is one value or one call. */
function operand(nodes: readonly Node[]): string {
  const sql = write(nodes).trim();
  const isOne = nodes.length === 1 || (nodes.length === 2 && nodes[1]?.kind === 'group');
  return isOne ? sql : `(${sql})`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
