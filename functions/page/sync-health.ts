import type { Overview } from '../insights/overview.ts';
import { newestFirst, type Run } from '../insights/runs.ts';
import type { Wording } from '../insights/wording/wording.ts';
import { deployedVersion } from '../version.ts';
import { missing, type PageContext, row, section, table, titles } from './context.ts';
import { type Html, html } from './html.ts';

const RUNS_SHOWN = 10;
/** `ok` is never green: the only good news is the first sentence. */
const SEVERITIES: Record<string, string> = {
  failing: 'critical',
  stale: 'critical',
  ok: 'notice',
  loading: 'notice',
};

type Source = Overview['sync_health'][number];

/** The sync itself: how it is, what it has read, and its last runs. */
export function syncSection(context: PageContext): Html {
  const { overview, wording } = context;
  const { page } = wording;
  return section(context, { id: 'sync', title: page.sync, views: ['sync_health'] }, () => {
    if (overview.sync_health.length === 0) return html`<p class="nothing">${page.noRuns}</p>`;
    return html`${sourcesTable(context)}
<p class="note">${page.syncNote}</p>
<h3 id="runs">${page.lastRuns}</h3>
${overview.failures.sync_runs === undefined ? runsTable(context) : missing('sync_runs', overview, wording)}
${versions(overview, wording)}`;
  });
}

function sourcesTable(context: PageContext): Html {
  const { page } = context.wording;
  const head = titles([
    [page.stream],
    [page.state],
    [page.lastSuccess, 'wide extra'],
    [page.dataThrough, 'wide'],
    [page.knownThrough],
    [page.setAside, 'n wide extra'],
    [page.failedRuns, 'n wide'],
    [page.idsRead, 'wide'],
  ]);
  const rows = context.overview.sync_health
    .toSorted((one, other) => (nameOf(one, context) < nameOf(other, context) ? 1 : -1))
    .map((source) => sourceRow(source, context));
  return table('sync', head, rows);
}

function sourceRow(source: Source, context: PageContext): Html {
  const { overview, clock, wording } = context;
  const { count } = wording.formats;
  const { health } = source;
  const ranges = overview.coverage.filter(
    ({ stream, client_id }) => stream === source.stream && client_id === source.client_id,
  );
  const read = overview.failures.coverage === undefined ? coverageText(ranges, wording) : '?';
  const state = html`<span class="badge ${SEVERITIES[health] ?? 'notice'}">${healthWord(health, wording)}</span>`;
  return row(nameOf(source, context), [
    [state],
    [clock.time(source.last_success_at), 'wide extra'],
    [clock.time(source.watermark), 'wide'],
    [clock.time(source.known_through)],
    [count(source.rows_rejected_7d), 'n wide extra'],
    [count(source.failed_runs_7d), 'n wide'],
    [read, 'wide'],
  ]);
}

function healthWord(health: string, { page }: Wording): string {
  const words: Record<string, string> = page.syncHealth;
  return words[health] ?? health;
}

function runsTable(context: PageContext): Html {
  const { page } = context.wording;
  const head = titles([
    [page.started],
    [page.stream, 'wide'],
    [page.mode, 'wide'],
    [page.outcome],
    [page.newRows, 'n'],
    [page.requests, 'n wide extra'],
  ]);
  const runs = newestFirst(context.overview.sync_runs).slice(0, RUNS_SHOWN);
  return table(
    'runs',
    head,
    runs.map((run) => runRow(run, context)),
  );
}

function runRow(run: Run, context: PageContext): Html {
  const { count } = context.wording.formats;
  return row(context.clock.time(run.started_at), [
    [nameOf(run, context), 'wide'],
    [run.mode, 'wide'],
    [outcomeText(run)],
    [count(run.rows_inserted ?? 0), 'n'],
    [count(run.requests ?? 0), 'n wide extra'],
  ]);
}

function outcomeText({ outcome, error_code }: Run): Html {
  if (outcome !== 'failed') return html`${outcome}`;
  return html`<span class="badge critical">failed</span> <span class="code">${error_code}</span>`;
}

function coverageText(ranges: Overview['coverage'], { page }: Wording): string {
  const [only] = ranges;
  if (only === undefined) return '–';
  return ranges.length === 1 ? page.range(only.first_id, only.last_id) : page.ranges(ranges.length);
}

/** What is deployed, and what did the last run if that was something else. */
function versions({ sync_runs }: Overview, { page }: Wording): Html {
  const [newest] = newestFirst(sync_runs);
  const deployed = deployedVersion();
  const other = newest?.version != null && newest.version !== deployed ? newest.version : null;
  return html`<p class="note">${page.deployed(deployed)}${other !== null && html` ${page.lastRunBy(other)}`}</p>`;
}

function nameOf({ stream, client_id }: Source | Run, { wording }: PageContext): string {
  return wording.findings.source(stream, client_id);
}
