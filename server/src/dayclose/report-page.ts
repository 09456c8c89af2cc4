/** A day's report as a page: for a finance director, on a screen, a phone or paper. Without any script. */
import { type Html, html, markup } from "../kernel/markup.ts";
import { exponentOf } from "../kernel/money.ts";
import type { ChannelReport, Figures, Report } from "./report-model.ts";
import { REPORT_STYLE } from "./report-style.ts";

/** The whole page. @param hash of the report as it is stored */
export function reportPage(report: Report, hash: Buffer): string {
  const holds = report.invariants.every(({ violations }) => violations === 0n);
  const ties = report.chain.every((row) => row.ties);
  const title = `Close of ${report.accounting_date}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${markup(REPORT_STYLE)}</style>
</head>
<body>
<main>
<header>
<p class="overline">Tributary · day close</p>
<h1>${title}</h1>
<p class="lead">${pill(ties, "the chain ties to the cent", "the chain does not tie")}
${pill(holds, "every invariant holds", "an invariant is violated")}</p>
</header>
${notes(report)}
${chain(report)}
${channels(report)}
${breaks(report)}
${settled(report)}
${margin(report)}
${trialBalance(report)}
${proof(report)}
<footer>Cut over at ${report.cut_over_at}. The stored report's SHA-256:
<code>${hash.toString("hex")}</code></footer>
</main>
</body>
</html>
`.html;
}

function pill(good: boolean, yes: string, no: string): Html {
  return html`<span class="pill ${good ? "good" : "bad"}">${good ? yes : no}</span>`;
}

function notes({ notes: all }: Report): Html | null {
  if (all.length === 0) return null;
  return html`<section class="notes"><h2>To look at</h2><ul>${all.map((note) => html`<li>${note}</li>`)}</ul>
</section>`;
}

function chain(report: Report): Html {
  const rows = report.chain.map((row) => {
    const line = (what: string, amount: bigint, kind = "") =>
      html`<tr class="${kind}"><th scope="row">${what}</th>${money(amount, row.currency)}</tr>`;
    return html`<div class="card"><h3>${row.currency}</h3><table class="chain"><tbody>
${line("The channels' bills, net of their fees", row.channel_bill)}
${line("less what only one side has (breaks)", -row.differences)}
${line("= what the books took of the channels", row.ledger_movement, "sum")}
${line("for merchants", row.merchants)}
${line("our fees", row.fees)}
${row.partners === 0n ? null : line("partners' shares of the fees", row.partners)}
${line("less the channels' cost", row.channel_cost)}
${line("in suspense", row.suspense)}
${line("refunds under way", row.refunds_under_way)}
${row.other === 0n ? null : line("other", row.other)}
</tbody></table></div>`;
  });
  return section(
    "From the channels' bills to the books",
    rows.length === 0
      ? empty("No channel billed anything, and nothing was booked.")
      : html`<div class="cards">${rows}</div>`,
  );
}

function channels({ channels: all }: Report): Html {
  const rows = all.map(
    (row) => html`<tr><th scope="row">${row.channel}<small>${statementsText(row)}</small></th>
${figures(row.theirs, row.currency)}${figures(row.ours, row.currency)}
<td class="n">${String(row.matched)}</td>
<td class="n${row.differences === 0n ? "" : " bad"}">${String(row.differences)}</td></tr>`,
  );
  return section(
    "Channels",
    rows.length === 0
      ? empty("No channel account has a statement for this day.")
      : table(
          html`<tr><th></th><th colspan="2" scope="colgroup">their statement</th>
<th colspan="2" scope="colgroup">our books</th><th></th><th></th></tr>
<tr><th scope="col">account</th><th scope="col">settles</th><th scope="col">fee</th>
<th scope="col">settles</th><th scope="col">fee</th>
<th scope="col">matched</th><th scope="col">differences</th></tr>`,
          rows,
        ),
  );
}

function statementsText({ channel_date: date, statements, currency }: ChannelReport): string {
  return `${date}, ${currency}, ${statements === 1n ? "1 statement" : `${statements} statements`}`;
}

function figures({ count, settle, fee }: Figures, currency: string): Html {
  return html`${money(settle, currency, `${count} lines`)}${money(fee, currency)}`;
}

function breaks({ breaks: all }: Report): Html {
  const rows = all.map(
    (row) => html`<tr><th scope="row">${words(row.kind)}</th><td>${words(row.state)}</td>
<td class="n">${String(row.count)}</td>${money(row.settle_difference, row.currency)}
${money(row.fee_difference, row.currency)}<td class="n">${ageText(row.age_days_from)}</td></tr>`,
  );
  return section(
    "Breaks",
    rows.length === 0
      ? empty("Statements and books agree; nothing is open.")
      : table(
          html`<tr><th scope="col">kind</th><th scope="col" class="t">state</th><th scope="col">count</th>
<th scope="col">settles more there</th><th scope="col">fee more there</th><th scope="col">age</th></tr>`,
          rows,
        ),
  );
}

function settled({ settled: all, payouts_proposed: proposed }: Report): Html {
  const rows = all.map(
    (row) => html`<tr><th scope="row">${row.currency}</th><td class="n">${String(row.settlements)}</td>
<td class="n">${String(row.items)}</td>${money(row.amount, row.currency)}${money(row.recovered, row.currency)}
${money(row.reserved, row.currency)}<td class="n">${String(row.waiting_for_a_person)}</td></tr>`,
  );
  return section(
    "Settled to merchants",
    rows.length === 0
      ? empty("Nothing was due to be settled.")
      : html`${table(
          html`<tr><th scope="col"></th><th scope="col">settlements</th><th scope="col">items</th>
<th scope="col">settled</th><th scope="col">recovered</th><th scope="col">kept in reserve</th>
<th scope="col">to approve</th></tr>`,
          rows,
        )}<p class="empty">${proposed === 1n ? "1 payout was" : `${proposed} payouts were`} proposed.</p>`,
  );
}

function margin({ margin: all, positions }: Report): Html {
  const earned = all.map(
    (row) => html`<tr><th scope="row">${row.currency}</th>${money(row.income, row.currency)}
${money(row.expense, row.currency)}${money(row.margin, row.currency)}</tr>`,
  );
  const held = positions.map(
    (row) => html`<tr><th scope="row">${row.currency}</th>${money(row.client_liabilities, row.currency)}
${money(row.held_for_clients, row.currency)}${money(row.owed_to_us, row.currency)}
${money(row.payables, row.currency)}${money(row.own_money_inside, row.currency)}</tr>`,
  );
  return html`${section(
    "Own margin of the day",
    earned.length === 0
      ? empty("Nothing was earned and nothing spent.")
      : table(
          html`<tr><th scope="col"></th><th scope="col">income</th><th scope="col">cost</th>
<th scope="col">margin</th></tr>`,
          earned,
        ),
  )}
${section(
  "Whose money lies where, at the end of the day",
  held.length === 0
    ? empty("The books hold nothing yet.")
    : table(
        html`<tr><th scope="col"></th><th scope="col">owed to clients</th><th scope="col">held for them</th>
<th scope="col">owed to us</th><th scope="col">payable</th><th scope="col">our own inside</th></tr>`,
        held,
      ),
)}`;
}

function trialBalance({ trial_balance: all }: Report): Html {
  const currencies = [...new Set(all.map(({ currency }) => currency))];
  const tables = currencies.map((currency) => {
    const rows = all.filter((row) => row.currency === currency);
    const sum = (side: "debit" | "credit") => rows.reduce((total, row) => total + row[side], 0n);
    const lines = rows.map(
      (row) => html`<tr><th scope="row">${words(row.code)}</th><td class="n">${String(row.accounts)}</td>
${money(row.debit, currency)}${money(row.credit, currency)}</tr>`,
    );
    return table(
      html`<tr><th scope="col">${currency}</th><th scope="col">accounts</th><th scope="col">debit</th>
<th scope="col">credit</th></tr>`,
      [
        ...lines,
        html`<tr class="sum"><th scope="row">sum</th><td></td>${money(sum("debit"), currency)}
${money(sum("credit"), currency)}</tr>`,
      ],
    );
  });
  return section("Trial balance", tables.length === 0 ? empty("No account has an entry.") : html`${tables}`);
}

function proof({ invariants }: Report): Html {
  const rows = invariants.map(({ name, sentence, violations, audited_at: at }) => {
    const when = at?.slice(0, 16).replace("T", " ");
    const note = when === undefined ? null : html` <small>By the audit of ${when} UTC.</small>`;
    const wrong = violations === 0n ? null : html` <b>${String(violations)} violations.</b>`;
    const kind = violations === 0n ? "good" : "bad";
    return html`<li class="${kind}"><b>${name}</b> ${sentence}${note}${wrong}</li>`;
  });
  return section("Proof of the books", html`<ul class="proof">${rows}</ul>`);
}

function section(title: string, body: Html): Html {
  return html`<section><h2>${title}</h2>${body}</section>`;
}

/** Wide tables scroll by themselves, so that the page never does. */
function table(head: Html, rows: readonly Html[]): Html {
  return html`<div class="scroll"><table><thead>${head}</thead><tbody>${rows}</tbody></table></div>`;
}

function empty(text: string): Html {
  return html`<p class="empty">${text}</p>`;
}

function money(amount: bigint, currency: string, note = ""): Html {
  const kind = amount < 0n ? "n minus" : "n";
  const below = note === "" ? null : html`<small>${note}</small>`;
  return html`<td class="${kind}">${moneyText(amount, currency)}${below}</td>`;
}

/** `1,234.50`, with a true minus sign. */
function moneyText(amount: bigint, currency: string): string {
  const digits = exponentOf(currency);
  const text = String(amount < 0n ? -amount : amount).padStart(digits + 1, "0");
  const whole = digits === 0 ? text : text.slice(0, -digits);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = digits === 0 ? "" : `.${text.slice(-digits)}`;
  return `${amount < 0n ? "−" : ""}${grouped}${rest}`;
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}

function ageText(from: bigint): string {
  if (from === 0n) return "today";
  return from === 1n ? "1 day and more" : `${from} days and more`;
}
