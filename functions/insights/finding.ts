import type { KondadoObject } from './objects.ts';
import type { Wording } from './wording/wording.ts';

export const SEVERITIES = ['critical', 'warning', 'notice'] as const;
/** What comes first whatever its severity: nothing else is certain as long as the sync has troubles. */
export const GROUPS = ['sync', 'plan', 'status', 'paused', 'anomaly', 'gap', 'rejected', 'off'] as const;

export type Severity = (typeof SEVERITIES)[number];

/** Something that somebody should look at. */
export interface Finding {
  severity: Severity;
  group: (typeof GROUPS)[number];
  /** In a word or two, such as `late`. */
  kind: keyof Wording['findings']['kinds'];
  /** A pipeline or a model, or the words for something else, such as a stream. */
  subject: KondadoObject | string;
  /** Why, in sentences; the first one is why it is so severe. */
  reasons: string[];
  /** Since when, or of when. */
  moment: Date | null;
}
