/** The books in the end: as the story must have left them, balanced, and with every invariant holding. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { changesInBook } from "../books.ts";
import { change, moneyText } from "../money.ts";
import type { TrialBalance } from "../office.ts";
import type { Stage } from "../stage.ts";
import { bookKey } from "../story.ts";

const AUDIT = fileURLToPath(new URL("../../../server/src/operations/audit-cli.ts", import.meta.url));

export async function closeTheBooks(stage: Stage): Promise<void> {
  stage.terminal.chapter("The books");
  await showTrialBalance(stage, await checkChanges(stage));
  await audit(stage);
}

/** The story's part in every account, held against plain arithmetic. */
async function checkChanges(stage: Stage): Promise<ReadonlyMap<string, bigint>> {
  const { checks, story, platform, merchant } = stage;
  const changed = await changesInBook(stage);
  const look = `GET ${platform.demo.base_url}/v1/ops/accounts?merchant_id=${merchant.id}`;
  const byStory = new Map(
    changed.map(({ code, currency, byStory: amount }) => [bookKey(code, currency), amount]),
  );
  for (const key of new Set([...byStory.keys(), ...story.changes.keys()])) {
    const [seen, expected] = [byStory.get(key) ?? 0n, story.changes.get(key) ?? 0n];
    checks.equal(`what the story changed in ${key}`, seen, expected, look);
  }
  return byStory;
}

async function showTrialBalance(stage: Stage, byStory: ReadonlyMap<string, bigint>): Promise<void> {
  const { terminal, checks, office, platform } = stage;
  const { rows, totals } = await office.trialBalance();
  terminal.tell(
    "The trial balance of every book together, and the story's part in it: what each account was moved " +
      "by, debit +, credit −. The last column was also worked out by this demo from rates and amounts " +
      "alone, and is the same.",
  );
  const byStoryIn = (currency: string) =>
    [...byStory]
      .filter(([key]) => key.endsWith(` ${currency}`))
      .reduce((sum, [, amount]) => sum + amount, 0n);
  const used = rows.filter(
    ({ code, currency, debit, credit }) =>
      debit !== 0 || credit !== 0 || (byStory.get(bookKey(code, currency)) ?? 0n) !== 0n,
  );
  terminal.table(
    [
      { title: "account" },
      { title: "class" },
      { title: "" },
      { title: "debit", side: "right" },
      { title: "credit", side: "right" },
      { title: "by this story", side: "right" },
    ],
    totals
      .filter(({ memorandum }) => !memorandum)
      .flatMap((total) => [
        ...used
          .filter(({ currency }) => currency === total.currency)
          .map((row) => rowOf(stage, row, byStory)),
        totalOf(stage, total, byStoryIn(total.currency)),
      ]),
  );
  const look = `GET ${platform.demo.base_url}/v1/ops/trial_balance`;
  for (const { currency, balanced } of totals) {
    checks.equal(`debits equal credits in ${currency}`, balanced, true, look);
    checks.equal(`the story adds up to nothing in ${currency}`, byStoryIn(currency), 0n, look);
  }
}

function rowOf(
  { terminal }: Stage,
  { code, class: kind, currency, debit, credit }: TrialBalance["rows"][number],
  byStory: ReadonlyMap<string, bigint>,
): string[] {
  return [
    code,
    terminal.paint("dim", kind),
    currency,
    debit === 0 ? "" : moneyText(debit, currency),
    credit === 0 ? "" : moneyText(credit, currency),
    change(byStory.get(bookKey(code, currency)) ?? 0n, currency),
  ];
}

function totalOf(
  { terminal }: Stage,
  { currency, debit, credit }: TrialBalance["totals"][number],
  byStory: bigint,
): string[] {
  const cells = [
    currency,
    "",
    "",
    moneyText(debit, currency),
    moneyText(credit, currency),
    change(byStory, currency),
  ];
  return cells.map((cell) => terminal.paint("bold", cell));
}

/** The same program as `npm run audit`, on the same database. */
async function audit({ terminal, checks, platform }: Stage): Promise<void> {
  terminal.line();
  terminal.tell("And the audit, as npm run audit runs it (which says what each line means):");
  const stop = terminal.wait("checking every invariant …");
  const child = spawn(process.execPath, [AUDIT], {
    env: platform.environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (text) => text !== "" && lines.push(text));
  }
  const [code] = await ended;
  stop();
  terminal.quote(lines.map((text) => (text.startsWith("ok ") ? heldLine(terminal, text) : text)));
  checks.equal("every invariant holds", code, 0, "npm run audit");
}

/** "ok        name: sentence" as a ticked name; the sentences are for those who run the audit by hand. */
function heldLine({ paint }: Stage["terminal"], text: string): string {
  const [name = ""] = text.replace(/^ok\s+/, "").split(":");
  return `${paint("green", "✓")} ${name}`;
}
