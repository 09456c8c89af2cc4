/** The channels' own bills of the day, held against the books line by line, both ways. */
import { entriesOfChannelDate } from "../books.ts";
import { change, yuan } from "../money.ts";
import type { BookEntry, ChannelAccount, StatementLine } from "../office.ts";
import type { Contract, Stage } from "../stage.ts";

/** Money that moved at a channel by the story's doing; `number` is what the channel knows it by. */
type Movement = {
  readonly accountId: string;
  readonly number: string;
  readonly amount: bigint;
  readonly tradeNo: string | null;
  readonly what: string;
};

/** What the bill and the books say of one attempt or refund on one day. */
type Cause = {
  readonly number: string;
  readonly lines: readonly StatementLine[];
  /** What the channel owes us for it, and what it charges; by their bill, and by our books. */
  readonly theirs: Figures;
  readonly ours: Figures;
};
type Figures = { readonly net: bigint; readonly charge: bigint };

export async function matchTheBill(stage: Stage): Promise<void> {
  const { terminal, contracts } = stage;
  terminal.chapter("The channels' bills of the day");
  terminal.tell(
    "Each channel publishes its bill as far as the day has come; the platform downloads it through its " +
      "connector (Alipay's a ZIP with GBK inside, WeChat's a gzip with a SHA-1). Every line must be a " +
      "booking of ours, and every booking a line of theirs.",
  );
  const movements = await movementsOf(stage);
  for (const contract of contracts) await matchContract(stage, contract, movements);
  terminal.line();
  const paid = [...movements.values()].filter(({ amount }) => amount > 0n).length;
  const refunds = movements.size - paid;
  terminal.done(
    `All ${paid} payments and ${refunds} refunds of the story are on the bill, once, to the fen.`,
  );
}

async function matchContract(
  stage: Stage,
  contract: Contract,
  all: ReadonlyMap<string, Movement>,
): Promise<void> {
  const movements = new Map([...all].filter(([, { accountId }]) => accountId === contract.account.id));
  const billed = new Map<string, readonly StatementLine[]>();
  for (const date of beijingDates(stage.story.startedAt, new Date())) {
    await contract.closeDay(date);
    for (const { number, lines } of await matchDay(stage, contract, date, movements)) {
      billed.set(number, lines);
    }
  }
  for (const movement of movements.values()) checkBilled(stage, movement, billed.get(movement.number) ?? []);
}

/** Matches one day's bill; gives the causes that belong to the story. */
async function matchDay(
  stage: Stage,
  { name, account }: Contract,
  date: string,
  movements: ReadonlyMap<string, Movement>,
): Promise<readonly Cause[]> {
  const { terminal, checks, office, platform } = stage;
  const look = `GET ${platform.demo.base_url}/v1/ops/channel_accounts/${account.id}/statements/${date}`;
  const statement = await checks.until({
    claim: `${name}'s bill of ${date} is there`,
    read: () => office.statement(account.id, date),
    done: (found) => found !== null,
    look,
  });
  const causes = await causesOf(stage, account, statement?.lines ?? [], date);
  const own = causes.filter(({ number }) => movements.has(number));
  for (const { number, theirs, ours } of own) {
    checks.equal(`bill and books agree on ${movements.get(number)?.what} (${number})`, theirs, ours, look);
  }
  terminal.scene(`${name}, ${date}, account ${statement?.account}: ${statement?.lines.length} lines`);
  printLines(stage, own, movements);
  tellOfOthers(
    stage,
    causes.filter(({ number }) => !movements.has(number)),
  );
  return own;
}

function printLines(
  { terminal }: Stage,
  own: readonly Cause[],
  movements: ReadonlyMap<string, Movement>,
): void {
  const lines = own.flatMap(({ number, lines: all, ours }) => all.map((line) => ({ number, line, ours })));
  lines.sort((a, b) => a.line.line - b.line.line);
  terminal.table(
    [
      { title: "" },
      { title: "line", side: "right" },
      { title: "what it is here" },
      { title: "amount", side: "right" },
      { title: "charge", side: "right" },
      { title: "they owe us", side: "right" },
      { title: "booked", side: "right" },
    ],
    lines.map(({ number, line, ours }) => [
      terminal.paint("green", "✓"),
      String(line.line),
      movements.get(number)?.what ?? "",
      yuan(line.amount),
      yuan(line.fee),
      change(BigInt(line.settle_amount - line.fee)),
      change(ours.net),
    ]),
  );
}

/** Sales on the same contract that are not the story's: earlier demos, or somebody at the wallet. */
function tellOfOthers({ terminal }: Stage, others: readonly Cause[]): void {
  if (others.length === 0) return;
  const open = others.filter(({ theirs, ours }) => theirs.net !== ours.net || theirs.charge !== ours.charge);
  const matched = others.length - open.length;
  terminal.line();
  if (matched > 0) {
    terminal.done(`${matched} movements of earlier sales on the same contract: bill and books agree too.`);
  }
  for (const { number, theirs, ours } of open) {
    const mark = terminal.paint("yellow", "?");
    terminal.line(
      `  ${mark} ${number}, not of this story: bill ${change(theirs.net)}, books ${change(ours.net)}`,
    );
  }
}

function checkBilled(stage: Stage, movement: Movement, lines: readonly StatementLine[]): void {
  const look = "server/src/channels/*/bill.ts; sandbox/src/*/bill/";
  const seen = lines.map((line) => [line.channel_trade_no, BigInt(line.amount)]);
  const { what, number, tradeNo, amount } = movement;
  stage.checks.equal(`${what} (${number}) is one line of the bill`, seen, [[tradeNo, amount]], look);
}

/** Every amount that an attempt of the story took, and every refund that the channel accepted. */
async function movementsOf({ shop, story }: Stage): Promise<Map<string, Movement>> {
  const movements: Movement[] = [];
  for (const id of story.paymentIds) {
    const payment = await shop.payments.get(id);
    const attempts = new Map(payment.attempts.map((attempt) => [attempt.id, attempt]));
    for (const attempt of payment.attempts) {
      if (attempt.amount_paid === null) continue;
      const what = attempt.surplus === null ? payment.subject : `${payment.subject}, paid twice`;
      const tradeNo = attempt.channel_trade_no;
      movements.push({
        accountId: attempt.channel_account,
        number: attempt.channel_order_no,
        amount: BigInt(attempt.amount_paid),
        tradeNo,
        what,
      });
    }
    for await (const refund of shop.refunds.list({ payment: id })) {
      if (refund.accepted_at === null) continue;
      const what = `${payment.subject}, ${refund.automatic ? "surplus returned" : "refund"}`;
      const attempt = attempts.get(refund.attempt);
      movements.push({
        accountId: attempt?.channel_account ?? "",
        number: refund.channel_refund_no,
        amount: -BigInt(refund.amount),
        tradeNo: attempt?.channel_trade_no ?? null,
        what,
      });
    }
  }
  return new Map(movements.map((movement) => [movement.number, movement]));
}

/** Lines of the bill and entries of the books, brought together by what caused them. */
async function causesOf(
  stage: Stage,
  account: ChannelAccount,
  lines: readonly StatementLine[],
  date: string,
): Promise<Cause[]> {
  const [receivable, cost] = await Promise.all([
    entriesOfChannelDate(stage, account, "channel_receivable", date),
    entriesOfChannelDate(stage, account, "channel_cost", date),
  ]);
  // A refund that the channel made by itself has a number that nobody here gave: it belongs to its order.
  const given = new Set([...receivable.keys()].map(channelNumberOf));
  const numberOf = ({ channel_refund_no: refundNo, channel_order_no: orderNo }: StatementLine) =>
    refundNo !== null && given.has(refundNo) ? refundNo : orderNo;
  const billed = Map.groupBy(lines, numberOf);
  const numbers = new Set([...billed.keys(), ...given]);
  const net = bySource(receivable);
  const charges = bySource(cost);
  return [...numbers].map((number) => {
    const own = billed.get(number) ?? [];
    return {
      number,
      lines: own,
      theirs: {
        net: sum(own.map((line) => line.settle_amount - line.fee)),
        charge: sum(own.map((line) => line.fee)),
      },
      ours: { net: net.get(number) ?? 0n, charge: charges.get(number) ?? 0n },
    };
  });
}

function bySource(entries: ReadonlyMap<string, readonly BookEntry[]>): Map<string, bigint> {
  return new Map(
    [...entries].map(([source, own]) => [channelNumberOf(source), sum(own.map(({ amount }) => amount))]),
  );
}

/** What the channel was sent for an attempt or a refund: its id without the underscore. */
function channelNumberOf(id: string): string {
  return id.replace("_", "");
}

function sum(amounts: readonly number[]): bigint {
  return amounts.reduce((total, amount) => total + BigInt(amount), 0n);
}

const DAY_MS = 86_400_000;
const BEIJING_MS = 8 * 3_600_000;

/** The days of the channels' calendar that the story touched: two, when it ran past midnight there. */
function beijingDates(from: Date, to: Date): readonly string[] {
  const dateOf = (at: Date) => new Date(at.getTime() + BEIJING_MS).toISOString().slice(0, 10);
  const dates = [dateOf(from)];
  for (let at = new Date(from.getTime() + DAY_MS); at <= to; at = new Date(at.getTime() + DAY_MS)) {
    dates.push(dateOf(at));
  }
  return [...new Set([...dates, dateOf(to)])];
}
