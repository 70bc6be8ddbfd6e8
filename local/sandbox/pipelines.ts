import { DAY_MS } from '../../functions/timestamps.ts';
import type { RhythmName } from './rhythm.ts';

export interface Pipeline {
  id: number;
  name: string;
  clientId: 1 | 2;
  rhythm: RhythmName;
  /** Minutes past the rhythm's round times; for the daily ones past midnight UTC. */
  minute: number;
  /** Rows that a usual execution moves. */
  rows: number;
  /** A row of more than 500 bytes counts as several records. */
  recordsPerRow?: number;
  /** What a weekend day carries, compared with a working day. */
  weekend?: number;
  peaksAtMonthEnd?: boolean;
  isBillable?: boolean;
  hasDeltas?: boolean;
  savepoint?: 'time' | 'date' | 'number';
  /** Share of the executions that find nothing new. */
  emptyShare?: number;
  /** Its turn among the pipelines whose access expires, see `missChance`. */
  fragile?: number;
}

export interface Model {
  id: number;
  name: string;
  clientId: 1 | 2;
  rhythm: RhythmName;
  minute: number;
  /** Rows in the final table at the start of 2026; it grows with time. */
  rows: number;
  seconds: number;
}

/** Ordered by rhythm; the shop is client 1, the agency that works for it client 2. */
// biome-ignore format: a line or two for each pipeline read as the table they are
export const PIPELINES: readonly Pipeline[] = [
  { id: 702, name: 'Postgres - orders', clientId: 1, rhythm: 'every15Minutes', minute: 0,
    rows: 160, recordsPerRow: 2, weekend: 1.25, savepoint: 'time', hasDeltas: true, emptyShare: 0.02 },
  { id: 705, name: 'VTEX - pedidos 🛒', clientId: 1, rhythm: 'every30Minutes', minute: 4,
    rows: 210, recordsPerRow: 3, weekend: 1.2, savepoint: 'time', hasDeltas: true },

  { id: 711, name: 'Hubspot - deals', clientId: 1, rhythm: 'hourly', minute: 0,
    rows: 90, recordsPerRow: 2, weekend: 0.2, savepoint: 'time', hasDeltas: true, emptyShare: 0.12 },
  { id: 714, name: 'Postgres - order_items', clientId: 1, rhythm: 'hourly', minute: 2, rows: 1_300, weekend: 1.25, savepoint: 'number' },
  { id: 731, name: 'Google Ads - campaigns', clientId: 2, rhythm: 'hourly', minute: 5, rows: 240, savepoint: 'date', fragile: 0 },
  { id: 732, name: 'Google Ads - keywords', clientId: 2, rhythm: 'hourly', minute: 7, rows: 780, savepoint: 'date', fragile: 2 },
  { id: 735, name: 'Meta Ads - insights', clientId: 2, rhythm: 'hourly', minute: 10, rows: 420, savepoint: 'date', fragile: 4 },
  { id: 736, name: 'Meta Ads - anúncios por região', clientId: 2, rhythm: 'hourly', minute: 12, rows: 350, savepoint: 'date', fragile: 6 },
  { id: 741, name: 'Instagram - comentários 💬', clientId: 2, rhythm: 'hourly', minute: 20,
    rows: 45, recordsPerRow: 2, weekend: 1.3, emptyShare: 0.25, fragile: 8 },

  { id: 752, name: 'Zendesk - tickets', clientId: 1, rhythm: 'officeHours', minute: 15,
    rows: 140, recordsPerRow: 4, savepoint: 'time', hasDeltas: true, emptyShare: 0.05 },
  { id: 755, name: 'Pipedrive - negócios', clientId: 2, rhythm: 'officeHours', minute: 25, rows: 60, recordsPerRow: 2, savepoint: 'time', emptyShare: 0.1 },
  { id: 758, name: 'Google Sheets - metas de vendas', clientId: 1, rhythm: 'officeHours', minute: 40, rows: 120, isBillable: false },

  { id: 761, name: 'TikTok Ads - campaigns', clientId: 2, rhythm: 'every6Hours', minute: 30, rows: 310, savepoint: 'date', fragile: 1 },
  { id: 762, name: 'LinkedIn Ads - creatives', clientId: 2, rhythm: 'every6Hours', minute: 33, rows: 150, savepoint: 'date', weekend: 0.5, fragile: 3 },
  { id: 764, name: 'Google Analytics 4 - sessões', clientId: 1, rhythm: 'every6Hours', minute: 60, rows: 4_200, weekend: 1.1, savepoint: 'date', fragile: 5 },
  { id: 765, name: 'Google Search Console - queries', clientId: 2, rhythm: 'every6Hours', minute: 75, rows: 2_600, savepoint: 'date', fragile: 7 },
  { id: 767, name: 'YouTube - vídeos ▶️', clientId: 2, rhythm: 'every6Hours', minute: 90, rows: 85, recordsPerRow: 2, emptyShare: 0.08, fragile: 9 },
  { id: 769, name: 'RD Station - leads', clientId: 1, rhythm: 'every6Hours', minute: 45, rows: 520, recordsPerRow: 2, weekend: 0.6, savepoint: 'time' },
  { id: 770, name: 'Mercado Livre - anúncios', clientId: 1, rhythm: 'every6Hours', minute: 110, rows: 900, recordsPerRow: 3 },

  { id: 781, name: 'Hubspot - contacts', clientId: 1, rhythm: 'daily', minute: 365,
    rows: 3_800, recordsPerRow: 3, weekend: 0.3, savepoint: 'time', hasDeltas: true },
  { id: 782, name: 'Hubspot - companies', clientId: 1, rhythm: 'daily', minute: 372, rows: 900, recordsPerRow: 2, weekend: 0.3, savepoint: 'time' },
  { id: 783, name: 'Postgres - customers', clientId: 1, rhythm: 'daily', minute: 380, rows: 6_500, weekend: 1.2, savepoint: 'number' },
  { id: 784, name: 'Postgres - products', clientId: 1, rhythm: 'daily', minute: 384, rows: 12_400, recordsPerRow: 2 },
  { id: 785, name: 'MySQL - estoque 📦', clientId: 1, rhythm: 'daily', minute: 390, rows: 18_000, weekend: 0.9 },
  { id: 786, name: 'Omie - contas a receber', clientId: 1, rhythm: 'daily', minute: 395,
    rows: 1_500, recordsPerRow: 2, weekend: 0.1, peaksAtMonthEnd: true, savepoint: 'date' },
  { id: 787, name: 'Omie - contas a pagar', clientId: 1, rhythm: 'daily', minute: 396,
    rows: 700, recordsPerRow: 2, weekend: 0.1, peaksAtMonthEnd: true, savepoint: 'date' },
  { id: 788, name: 'Conta Azul - notas fiscais', clientId: 2, rhythm: 'daily', minute: 400,
    rows: 260, recordsPerRow: 4, weekend: 0.1, peaksAtMonthEnd: true, savepoint: 'number', emptyShare: 0.1 },
  { id: 789, name: 'Pagar.me - transações', clientId: 1, rhythm: 'daily', minute: 405, rows: 9_200, weekend: 1.2, peaksAtMonthEnd: true, savepoint: 'time' },
  { id: 790, name: 'Mailchimp - aberturas', clientId: 2, rhythm: 'daily', minute: 420, rows: 5_100, weekend: 0.2 },
  { id: 791, name: 'Trello - cartões', clientId: 2, rhythm: 'daily', minute: 432, rows: 70, weekend: 0.05, emptyShare: 0.2 },
  { id: 792, name: 'MongoDB - eventos do app', clientId: 1, rhythm: 'daily', minute: 440, rows: 21_000, weekend: 1.15, savepoint: 'number' },
  { id: 793, name: 'Kondado - logs', clientId: 1, rhythm: 'daily', minute: 450, rows: 360, isBillable: false, savepoint: 'number' },
  { id: 794, name: 'Google Sheets - orçamento 💰', clientId: 2, rhythm: 'daily', minute: 455, rows: 95, isBillable: false },

  { id: 801, name: 'Kondado - Blog - wp_posts', clientId: 2, rhythm: 'weekly', minute: 480, rows: 340, recordsPerRow: 6, hasDeltas: true },
  { id: 802, name: 'Typeform - NPS', clientId: 1, rhythm: 'weekly', minute: 486, rows: 610, recordsPerRow: 2 },
  { id: 803, name: 'Gupy - vagas', clientId: 1, rhythm: 'weekly', minute: 500, rows: 42, emptyShare: 0.15 },
  { id: 811, name: 'Receita Federal - CNPJs', clientId: 1, rhythm: 'monthly', minute: 540, rows: 88_000 },
  { id: 812, name: 'IBGE - municípios', clientId: 2, rhythm: 'monthly', minute: 545, rows: 5_570, isBillable: false },
];

// biome-ignore format: one model a line reads as the table it is
export const MODELS: readonly Model[] = [
  { id: 162, name: 'Pedidos consolidados', clientId: 1, rhythm: 'hourly', minute: 18, rows: 1_840_000, seconds: 46 },
  { id: 165, name: 'Funil de vendas', clientId: 1, rhythm: 'every6Hours', minute: 55, rows: 86_000, seconds: 21 },
  { id: 166, name: 'Mídia paga: custo por canal', clientId: 2, rhythm: 'every6Hours', minute: 58, rows: 412_000, seconds: 33 },
  { id: 168, name: 'Leads únicos', clientId: 2, rhythm: 'every6Hours', minute: 130, rows: 230_000, seconds: 18 },
  { id: 171, name: 'Receita diária 💚', clientId: 1, rhythm: 'daily', minute: 470, rows: 1_460, seconds: 4 },
  { id: 172, name: 'Clientes ativos', clientId: 1, rhythm: 'daily', minute: 475, rows: 158_000, seconds: 62 },
  { id: 173, name: 'Curva ABC de produtos', clientId: 1, rhythm: 'daily', minute: 482, rows: 12_300, seconds: 11 },
  { id: 174, name: 'Estoque x demanda', clientId: 1, rhythm: 'daily', minute: 490, rows: 49_000, seconds: 27 },
  { id: 175, name: 'Inadimplência', clientId: 1, rhythm: 'daily', minute: 495, rows: 7_900, seconds: 6 },
  { id: 176, name: 'ROI por campanha', clientId: 2, rhythm: 'daily', minute: 505, rows: 23_500, seconds: 15 },
  { id: 177, name: 'Coortes de retenção', clientId: 1, rhythm: 'daily', minute: 515, rows: 940, seconds: 140 },
  { id: 178, name: 'SEO: posição média', clientId: 2, rhythm: 'daily', minute: 520, rows: 310_000, seconds: 38 },
];

const LAUNCH_CYCLE_DAYS = 56;
const LAUNCH_DAYS = 50;
const FIRST_LAUNCH_ID = 900;
const FIRST_LAUNCH_DAY = Date.UTC(2020, 8, 23) / DAY_MS;

/**
 * The pipeline of the product launch that runs on a UTC day, if one does.
 *
 * Each launch has a pipeline of its own that ends for good. So at any time one stopped some weeks ago, and yet the past
 * never changes, however often the sandbox is started again.
 */
export function launchPipeline(day: number): Pipeline | undefined {
  const launch = launchNumber(day);
  if (day - FIRST_LAUNCH_DAY - launch * LAUNCH_CYCLE_DAYS >= LAUNCH_DAYS) return undefined;
  return {
    id: FIRST_LAUNCH_ID + launch,
    name: `Hotmart - lançamento ${launch} 🚀`,
    clientId: 2,
    rhythm: 'every6Hours',
    minute: 50,
    rows: 400,
    savepoint: 'time',
  };
}

/** Whether a launch had that pipeline, and is over. */
export function isPastLaunch(id: number, day: number): boolean {
  const hasBegun = id >= FIRST_LAUNCH_ID && id <= FIRST_LAUNCH_ID + launchNumber(day);
  return hasBegun && id !== launchPipeline(day)?.id;
}

function launchNumber(day: number): number {
  return Math.floor((day - FIRST_LAUNCH_DAY) / LAUNCH_CYCLE_DAYS);
}

const USUAL_MISS_CHANCE = 0.004;
const DAYS_BETWEEN_EXPIRIES = 3;
const FRAGILE_PIPELINES = PIPELINES.filter(({ fragile }) => fragile !== undefined).length;

/**
 * How far a pipeline has lost its access: `failing` mostly, or `expired`; null while it has it.
 *
 * The fragile ones lose theirs in turn: three days of mostly failing, four of silence, then somebody signs in again. So at
 * any time exactly one has been silent for between one and four days, and the past never changes.
 */
export function lostAccess({ fragile }: Pipeline, atMs: number): 'failing' | 'expired' | null {
  if (fragile === undefined) return null;
  const cycleDays = DAYS_BETWEEN_EXPIRIES * FRAGILE_PIPELINES;
  const days = atMs / DAY_MS - fragile * DAYS_BETWEEN_EXPIRIES;
  const sinceExpiryDays = days - Math.floor(days / cycleDays) * cycleDays;
  if (sinceExpiryDays < DAYS_BETWEEN_EXPIRIES + 1) return 'expired';
  return sinceExpiryDays >= cycleDays - 3 ? 'failing' : null;
}

/** The chance that a run fails, which leaves no log. */
export function missChance(pipeline: Pipeline, atMs: number): number {
  const lost = lostAccess(pipeline, atMs);
  return lost === 'expired' ? 1 : lost === 'failing' ? 0.75 : USUAL_MISS_CHANCE;
}
