import type { Html } from './html.ts';

const CSS = `
:root {
  color-scheme: light;
  --ground: #fff; --text: #1b1d21; --muted: #5c626b; --line: #e2e5e9; --soft: #f3f4f6;
  --past: #2457c5; --critical: #b3261e; --warning: #8a5300; --good: #1b6e3c; --notice: #4c5561;
  --critical-soft: #fde9e7; --warning-soft: #fdf0d9; --good-soft: #e2f3e8; --notice-soft: #eceef1;
  --l1: #d3def6; --l2: #adc3ef; --l3: #83a4e6; --l4: #5b85dc;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --ground: #14161a; --text: #e9ebee; --muted: #a0a7b1; --line: #2c3038; --soft: #1d2026;
    --past: #86adff; --critical: #ff9d93; --warning: #f2bd6b; --good: #7fd6a0; --notice: #b4bbc6;
    --critical-soft: #45201d; --warning-soft: #3c2c10; --good-soft: #163523; --notice-soft: #2a2e36;
    --l1: #22345c; --l2: #2d4a85; --l3: #3e65b3; --l4: #5a86dd;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 3rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1, p, strong, bdi, .code, tbody th { overflow-wrap: anywhere; }
h1, h2, h3, p, ul { margin: 0; padding: 0; }
h1 { font-size: clamp(1.5rem, 1.1rem + 2vw, 2.25rem); line-height: 1.2; letter-spacing: -.01em; text-wrap: balance;
  border-left: .3rem solid var(--tone); padding-left: .8rem; margin: .4rem 0 .8rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin-bottom: .75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
a { color: inherit; font-weight: 600; }
tbody th a { font-weight: 400; }
.lead { margin-top: .35rem; max-width: 48rem; }
.made-up { border: 2px dashed var(--warning); background: var(--warning-soft); color: var(--warning); font-weight: 600;
  padding: .6rem .8rem; margin-bottom: 1.25rem; border-radius: .25rem; }
.missing { color: var(--critical); font-weight: 600; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--past); outline-offset: 2px; }
section { margin-top: 2.75rem; }
section.follows { margin-top: 0; }
ul { list-style: none; }
.name, .note, .when, .about, footer { color: var(--muted); font-size: .875rem; }
.name { font-weight: 600; }
.note { margin-bottom: .75rem; max-width: 44rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .75rem; }
.critical { --tone: var(--critical); --tone-soft: var(--critical-soft); }
.warning { --tone: var(--warning); --tone-soft: var(--warning-soft); }
.good { --tone: var(--good); --tone-soft: var(--good-soft); }
.notice { --tone: var(--notice); --tone-soft: var(--notice-soft); }
.badge { display: inline-block; padding: 0 .5rem; border-radius: .25rem; color: var(--tone); background: var(--tone-soft);
  font-size: .8125rem; font-weight: 600; line-height: 1.5rem; white-space: nowrap; }
.about { font-weight: 400; white-space: nowrap; }
.findings li { display: grid; grid-template-columns: 11rem 1fr auto; gap: 0 .75rem; align-items: baseline; padding: .6rem 0;
  border-top: 1px solid var(--line); }
.findings .badge { justify-self: start; }
.strips .about { display: block; }
.findings p { grid-column: 2 / -1; }
.chart { display: block; overflow: visible; }
.chart text { fill: var(--muted); font-size: .75rem; paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
.chart .grid { stroke: var(--line); }
.chart path, .strip path { vector-effect: non-scaling-stroke; }
.past { fill: none; stroke: var(--past); stroke-width: 2.5px; }
.fill { fill: var(--past); opacity: .1; }
.future { fill: none; stroke: var(--past); stroke-width: 2px; stroke-dasharray: 5 4; }
.band { fill: var(--past); opacity: .18; }
.reached { fill: var(--past); stroke: var(--ground); stroke-width: 2px; }
.plan { stroke: var(--text); stroke-width: 1.5px; }
.chart .plan-label { fill: var(--text); font-weight: 600; }
.limit { stroke: var(--critical); stroke-dasharray: 2 3; }
.limit-dot { fill: var(--critical); stroke: var(--ground); stroke-width: 2px; }
.chart .limit-label { fill: var(--critical); font-size: .875rem; font-weight: 700; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin-top: .5rem; font-size: .875rem; color: var(--muted); }
.legend li::before { content: ""; display: inline-block; width: 1.25rem; margin-right: .5rem; vertical-align: .25rem; border-top: 2px solid var(--past); }
.legend .key-future::before { border-top-style: dashed; }
.legend .key-plan::before { border-color: var(--text); }
details { margin-top: .75rem; }
summary { cursor: pointer; width: fit-content; color: var(--muted); font-size: .875rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
table.compact { width: auto; }
th, td { padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-top: 0; color: var(--muted); font-size: .8125rem; white-space: nowrap; }
.n { text-align: right; white-space: nowrap; }
time { white-space: nowrap; }
td { white-space: nowrap; }
tbody th { min-width: 8rem; width: 30%; }
.bar { display: block; margin-top: .2rem; }
.bar rect { fill: var(--l4); }
.strip, .days { width: 32%; min-width: 9rem; }
.months { overflow: visible; }
.defs { position: absolute; }
.months text { fill: var(--muted); font-size: .6875rem; }
.strip svg, .days svg { display: block; }
.strip path { fill: none; }
.strip path { stroke-width: 14px; }
.strip path.l0 { stroke: var(--muted); stroke-width: 1px; }
.month { stroke: var(--text); stroke-width: 1px; opacity: .55; }
 .l1 { stroke: var(--l1); } .l2 { stroke: var(--l2); } .l3 { stroke: var(--l3); } .l4 { stroke: var(--l4); }
.strip path.duration { stroke: var(--muted); stroke-width: 1px; }
@media screen and (max-width: 62rem) {
  .extra { display: none; }
}
@media screen and (max-width: 40rem) {
  .wide { display: none; }
  .findings li { grid-template-columns: auto 1fr; gap: .15rem .6rem; }
  .findings .who, .findings p { grid-column: 1 / -1; }
  .findings .when { grid-row: 1; grid-column: 2; justify-self: end; }
  .about { white-space: normal; }
  tbody th { min-width: 6rem; width: auto; }
  .strip, .days { min-width: 6rem; }
  td { white-space: normal; }
}
@media print {
  body { max-width: none; padding: 0; font-size: .8rem; }
  section { margin-top: 1.5rem; }
  tr, li, svg { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  .badge, .made-up { print-color-adjust: exact; }
  /* What is folded is open on paper. */
  details::details-content { content-visibility: visible; display: block; height: auto; opacity: 1; }
  summary { display: none; }
  table, table .badge, table .about { font-size: .62rem; }
  th, td { padding: .2rem .4rem .2rem 0; }
  thead th { font-size: .6rem; white-space: normal; }
  td, .about { white-space: normal; }
  .strip, .days { width: 26%; }
  tbody th { min-width: 5rem; }
}
`;

/** The style of the page; it loads nothing. */
export const STYLE: Html = { markup: CSS };
