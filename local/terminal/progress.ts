import type { Wording } from '../../functions/insights/wording/wording.ts';
import type { StreamReport } from '../../functions/sync/report.ts';
import type { RunRequest } from '../../functions/sync/request.ts';
import { epochMsOf, MINUTE_MS, type Timestamp } from '../../functions/timestamps.ts';
import type { Screen } from './screen.ts';
import { roughDuration } from './texts.ts';

/** Shows how far a run has come: many times a second on a terminal, elsewhere with a line now and then. */
export interface Progress {
  /** Called after every page, with the time up to which its rows go; the report is read again later. */
  onProgress(report: Readonly<StreamReport>, readTo?: Timestamp): void;
  onStart(kondado: { waitMs(): number }): void;
  /** Kondado's limit decides the time left long before it can be measured. */
  limitTo(requestsPerMinute: number): void;
  /** Says something about the whole run until it ends, such as that it is stopping. */
  note(text: string): void;
  end(): void;
}

interface Track {
  name: string;
  /** Of this run and of those that it continues, the newest last. */
  reports: Readonly<StreamReport>[];
  firstSeenMs: number;
  /** Progress in the time of the rows: where the first page ended, where the last one did, and where the run will end. */
  originMs: number | null;
  readToMs: number | null;
  endMs: number | null;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;
// There is always a wait of up to a second between two requests, which is no news.
const LONG_WAIT_MS = 1500;
const BAR_LENGTH = 20;
const MIN_SHARE = 0.005;
const MIN_ELAPSED_MS = 2000;

export function startProgress(
  screen: Screen,
  { to, mode }: Pick<RunRequest, 'to' | 'mode'>,
  { terminal, formats }: Wording,
): Progress {
  const startedMs = performance.now();
  const tracks = new Map<string, Track>();
  let waitMs = () => 0;
  let perMinute = Number.POSITIVE_INFINITY;
  let note = '';
  const timer = setInterval(
    () => screen.draw(screen.isInteractive ? lines() : [lines().join('; ')]),
    screen.isInteractive ? REDRAW_MS : PLAIN_LINE_MS,
  );

  function lines(): string[] {
    const all = [...tracks.values()];
    const nameLength = Math.max(0, ...all.map(({ name }) => name.length));
    const indent = screen.isInteractive ? nameLength : 0;
    const tracksLines = all.map((track) => trackLine(track, indent));
    return [...tracksLines, statusLine(all), ...(note === '' ? [] : [note])];
  }

  function trackLine(track: Track, nameLength: number): string {
    const hasBar = screen.isInteractive;
    const share = isDone(track) ? 1 : shareOf(track);
    const filled = Math.round((share ?? 0) * BAR_LENGTH);
    const bar = hasBar ? ` ${'█'.repeat(filled)}${'░'.repeat(BAR_LENGTH - filled)}` : ':';
    const percent = share === null ? '' : `${Math.floor(share * 100)} %`;
    const read = terminal.read(total(track.reports, 'rows_read'), total(track.reports, 'requests'));
    return `${track.name.padEnd(nameLength)}${bar} ${hasBar ? percent.padStart(5) : percent}  ${read}`;
  }

  function statusLine(all: readonly Track[]): string {
    const seconds = (performance.now() - startedMs) / 1000;
    const rows = all.reduce((sum, { reports }) => sum + total(reports, 'rows_read'), 0);
    const perSecond = rows / seconds;
    const open = all.filter((track) => !isDone(track));
    const requestsLeft = open.reduce((sum, track) => sum + (requestsLeftOf(track) ?? 0), 0);
    const left = Math.max((requestsLeft / perMinute) * MINUTE_MS, ...open.map((track) => leftMs(track) ?? 0));
    const wait = waitMs();
    const parts = [
      rows > 0
        ? terminal.pace((perSecond < 100 ? formats.tenths : formats.count)(perSecond))
        : terminal.reading,
      formats.seconds(seconds),
      mode === 'incremental' && all.length > 0 && open.length === 0 ? terminal.afterLogs : '',
      left > 0 ? terminal.left(roughDuration(left, formats)) : '',
      wait > LONG_WAIT_MS ? terminal.waiting(Math.ceil(wait / 1000)) : '',
    ];
    return parts.filter((part) => part !== '').join(', ');
  }

  return {
    onProgress(report, readTo) {
      const name = report.client_id === null ? report.stream : `${report.stream} ${report.client_id}`;
      const track = tracks.get(name) ?? {
        name,
        reports: [],
        firstSeenMs: performance.now(),
        originMs: null,
        readToMs: null,
        endMs: to === undefined ? null : epochMsOf(to),
      };
      if (readTo !== undefined) track.readToMs = epochMsOf(readTo);
      track.originMs ??= track.readToMs;
      if (track.reports.at(-1) !== report) track.reports.push(report);
      tracks.set(name, track);
    },
    onStart(kondado) {
      waitMs = kondado.waitMs;
    },
    limitTo(requestsPerMinute) {
      perMinute = requestsPerMinute;
    },
    note(text) {
      note = text;
      if (screen.isInteractive) screen.draw(lines());
      else screen.print(`${text}\n`);
    },
    end() {
      clearInterval(timer);
      screen.clear();
    },
  };
}

function total(reports: Track['reports'], counter: 'rows_read' | 'requests'): number {
  return reports.reduce((sum, report) => sum + report[counter], 0);
}

function isDone({ reports }: Track): boolean {
  return reports.at(-1)?.outcome === 'success';
}

/** Rows come in the order of time. */
function shareOf({ originMs, readToMs, endMs }: Track): number | null {
  if (originMs === null || readToMs === null) return null;
  const wayMs = Math.min(endMs ?? Number.POSITIVE_INFINITY, Date.now()) - originMs;
  return Math.min(1, Math.max(0, (readToMs - originMs) / wayMs));
}

/** Measured, for this stream alone; null while it is too early to know. */
function leftMs(track: Track): number | null {
  const elapsedMs = performance.now() - track.firstSeenMs;
  const share = shareOf(track);
  return share === null || share < MIN_SHARE || elapsedMs < MIN_ELAPSED_MS
    ? null
    : (elapsedMs * (1 - share)) / share;
}

function requestsLeftOf(track: Track): number | null {
  const share = shareOf(track);
  return share === null || share < MIN_SHARE
    ? null
    : (total(track.reports, 'requests') * (1 - share)) / share;
}
