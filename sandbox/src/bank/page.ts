import type { FastifyReply } from "fastify";
import { formatBeijing } from "../china/beijing.ts";
import { formatYuan } from "../china/yuan.ts";
import { withPageHeaders } from "../pages/serve.ts";
import type { BankDeps } from "./carry-out.ts";
import { type BankAccount, type BankEntry, bankAccounts, bankEntries } from "./model.ts";
import { branch, escaped, leaf } from "./xml.ts";

const accountsMax = 20;
const entriesMax = 50;

/** What people see of the bank: each account with its latest entries. It changes nothing. */
export async function showBank(deps: BankDeps, reply: FastifyReply): Promise<FastifyReply> {
  const { records } = await deps.store.list(bankAccounts, { limit: accountsMax });
  const sections: string[] = [];
  for (const account of records.reverse()) {
    const entries = await deps.store.list(bankEntries, { group: account.number, limit: entriesMax });
    sections.push(sectionOf(account, entries.records));
  }
  const none = leaf("p", "No account yet: POST /bank/accounts opens one.");
  const body = sections.length === 0 ? none : sections.join("");
  return withPageHeaders(reply).type("text/html; charset=utf-8").send(pageOf(body));
}

function sectionOf(account: BankAccount, entries: readonly BankEntry[]): string {
  const title = leaf("h2", `${account.name} · ${account.number}`);
  const balance = leaf("p", `${formatYuan(account.balance)} ${account.currency}`);
  const head = ["Booked", "Amount", "Balance", "Who", "EndToEndId", "What"].map((text) => leaf("th", text));
  const rows = entries.map((entry) => {
    const what = entry.returnCode ? `returned: ${entry.returnCode}` : (entry.info ?? "");
    const reference = entry.endToEndId ?? entry.originalEndToEndId ?? "";
    const cells = [
      formatBeijing(entry.bookedAt),
      formatYuan(entry.amount),
      formatYuan(entry.balanceAfter),
      entry.name ?? "",
      reference,
      what,
    ];
    return branch("tr", ...cells.map((cell) => leaf("td", cell)));
  });
  const table = branch("table", branch("thead", branch("tr", ...head)), branch("tbody", ...rows));
  return `<section>${title}${balance}${table}</section>`;
}

function pageOf(body: string): string {
  const title = escaped("Tributary sandbox · bank");
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <link rel="icon" href="/assets/mark.svg">
    <link rel="stylesheet" href="/assets/sandbox.css">
  </head>
  <body>
    <aside class="pretend" aria-label="What this is">
      Sandbox · pretend money <span lang="zh">沙箱 · 虚拟资金</span>
    </aside>
    <main class="page">
      <h1>Bank <span class="zh" lang="zh">虚拟银行</span></h1>
      ${body}
    </main>
  </body>
</html>
`;
}
