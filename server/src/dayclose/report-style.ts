/** The page's own style; it loads nothing. */
export const REPORT_STYLE = `
:root {
  color-scheme: light;
  --ink: #1a2233; --soft: #5b6577; --line: #dfe4ec; --good: #0b6b3a; --bad: #a3201d;
}
* { box-sizing: border-box; }
body {
  margin: 0; background: #f4f6fa; color: var(--ink);
  font: 15px/1.5 system-ui, "Noto Sans SC", sans-serif;
}
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
header { margin-bottom: 1.5rem; }
.overline { margin: 0; color: var(--soft); font-size: .85rem; letter-spacing: .04em; }
h1 { margin: .1rem 0 .6rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 0 0 .6rem; font-size: 1.1rem; }
h3 { margin: 0 0 .4rem; font-size: .95rem; color: var(--soft); }
.lead { margin: 0; display: flex; flex-wrap: wrap; gap: .5rem; }
.pill { padding: .15rem .7rem; border-radius: 1rem; font-size: .85rem; font-weight: 600; }
.pill.good { background: #dcf3e6; color: var(--good); }
.pill.bad { background: #fbe3e2; color: var(--bad); }
section {
  background: #fff; border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem 1.1rem; margin: 0 0 1rem;
}
.notes { border-color: #e5c46b; background: #fffaeb; }
.notes ul { margin: 0; padding-left: 1.2rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1.5rem; }
.card { flex: 1 1 20rem; }
.scroll { overflow-x: auto; }
.scroll + .scroll { margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th:first-child { padding-left: 0; }
thead th { font-size: .8rem; font-weight: 600; color: var(--soft); white-space: nowrap; }
thead th:not(:first-child, .t) { text-align: right; }
tbody th { font-weight: 500; }
td.n { text-align: right; white-space: nowrap; }
td.minus { color: var(--bad); }
td.bad { color: var(--bad); font-weight: 600; }
small { display: block; color: var(--soft); font-size: .78rem; font-weight: 400; }
tr.sum th, tr.sum td { border-top: 2px solid var(--ink); font-weight: 700; }
.empty { margin: 0; color: var(--soft); }
.proof { margin: 0; padding: 0; list-style: none; }
.proof li { padding: .25rem 0 .25rem 1.5rem; position: relative; }
.proof li::before { position: absolute; left: 0; font-weight: 700; }
.proof li.good::before { content: "\\2713"; color: var(--good); }
.proof li.bad::before { content: "\\2717"; color: var(--bad); }
footer { color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  main { padding: 1rem .6rem 2rem; }
  h1 { font-size: 1.5rem; }
  section { padding: .8rem; }
}
@media print { body { background: #fff; } section { break-inside: avoid; border-color: #bbb; } }
`;
