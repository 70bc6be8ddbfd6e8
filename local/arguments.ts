import { type RequestFault, type RunRequest, readRunRequest } from '../functions/sync/request.ts';
import { readOptions, UsageError } from './command.ts';
import type { Environment } from './environment.ts';

export interface Command {
  request: RunRequest;
  isJson: boolean;
  /** Whether the events are printed. */
  isEvents: boolean;
  isHelp: boolean;
}

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  'from-id': { type: 'string' },
  streams: { type: 'string' },
  verify: { type: 'boolean' },
  'accept-gap': { type: 'boolean' },
  publish: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
  events: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const HELP = `Copies Kondado's log rows into a warehouse: DuckDB, or BigQuery with WAREHOUSE=bigquery.

npm run sync -- [options]

  (no options)           what is new since the last run
  --from DATE            read again from this day or time on: 2026-09-01 or 2026-09-01T12:00:00Z
  --to DATE              ... up to this one, which is not read (default: now)
  --from-id ID           read again from this log id on, instead of --from
  --streams NAMES        pipeline_logs, model_logs, or both with a comma between them
  --verify               read stored history again, compare and repair
  --accept-gap           with --from or --from-id: start there although rows before it were never read
  --publish              with --from, --from-id or --verify: publish events for the rows that are new
  --dry-run              only say what would be read
  --json                 print the report, as the function would answer, and nothing else
  --events               print the event of each new execution on stdout, one a line, and all else on stderr
  --help                 show this text

Dates are UTC.
Exit status: 0 done or interrupted, 1 failed, 2 wrong usage.
Environment variables set everything else, see docs/reference.md. Without Kondado credentials it uses made-up data.
`;

/**
 * Reads the arguments of `npm run sync`, with the checks of the HTTP request.
 *
 * @param env where npm puts the options that it keeps for itself.
 * @throws {UsageError} that names every fault.
 */
export function parseCommand(args: readonly string[], env: Environment = {}): Command {
  const { values, faults } = readOptions('sync', OPTIONS, args, env);
  const isHelp = values.has('help');
  const { request, faults: requestFaults } = readRunRequest(isHelp ? {} : bodyOf(values));
  faults.push(...requestFaults.map((fault) => asOption(fault, values)));
  faults.push(...contradictions(values, request));
  if (faults.length > 0) throw new UsageError(faults.join('; '));
  return { request, isJson: values.has('json'), isEvents: values.has('events'), isHelp };
}

function bodyOf(values: ReadonlyMap<string, string>): object {
  const fromId = values.get('from-id');
  const body = {
    streams: values
      .get('streams')
      ?.split(',')
      .map((name) => name.trim()),
    from: values.get('from'),
    to: values.get('to'),
    from_id: fromId !== undefined && /^\d+$/.test(fromId) ? BigInt(fromId) : fromId,
    verify: values.has('verify') || undefined,
    accept_gap: values.has('accept-gap') || undefined,
    publish: values.has('publish') || undefined,
    dry_run: values.has('dry-run') || undefined,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** Both would print on stdout; and what a backfill does not publish, it does not print. */
function contradictions(values: ReadonlyMap<string, string>, { mode, publish }: RunRequest): string[] {
  if (!values.has('events')) return [];
  const faults = values.has('json') ? ['--events cannot go together with --json'] : [];
  if (mode !== 'incremental' && !publish)
    faults.push('--events needs --publish with --from, --from-id or --verify');
  return faults;
}

/** A fault, in the words of the command line. */
function asOption({ key, message }: RequestFault, values: ReadonlyMap<string, string>): string {
  const option = key.replace('_', '-');
  const given = values.get(option);
  const text = message.replaceAll(/"(\w+)"/g, (_match, name: string) => `--${name.replace('_', '-')}`);
  return `--${option} ${text}${given && message.startsWith('must be') ? `, not ${JSON.stringify(given)}` : ''}`;
}
