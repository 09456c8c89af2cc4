/** The channels' own bills of the day, held against the books line by line, both ways. */
import type { Payment } from "@tributary/sdk";
import { channelDatesOfStory, entriesOfChannelDate } from "../books.ts";
import { change, moneyText } from "../money.ts";
import type { BookEntry, ChannelAccount, StatementLine } from "../office.ts";
import type { Contract, Stage } from "../stage.ts";

/** Money that moved at a channel by the story's doing; `number` is what the channel knows it by. */
type Movement = {
  readonly accountId: string;
  readonly number: string;
  readonly kind: StatementLine["kind"];
  /** One, but for a claim that was brought back. */
  readonly amounts: readonly bigint[];
  readonly tradeNo: string | null;
  readonly what: string;
};

/** What the bill and the books say of one attempt, refund or claim on one day. */
type Cause = {
  readonly number: string;
  readonly lines: readonly StatementLine[];
  /** What the channel owes us for it, and what it charges; by their bill, and by our books. */
  readonly theirs: Figures;
  readonly ours: Figures;
};
type Figures = { readonly net: bigint; readonly charge: bigint };
type Claim = { readonly number: string; readonly amount: number };

export async function matchTheBill(stage: Stage): Promise<void> {
  const { terminal, contracts } = stage;
  terminal.chapter("The channels' bills of the day");
  terminal.tell(
    "Each channel publishes its bill as far as the day has come; the platform downloads it through its " +
      "connector (Alipay's a ZIP with GBK inside, WeChat's a gzip with a SHA-1, UnionPay's fixed columns " +
      "of a day that ends at 23:00, Stripe's movements of a UTC day). Every line must be a booking of " +
      "ours, and every booking a line of theirs.",
  );
  const movements = await movementsOf(stage);
  for (const contract of contracts) {
    await matchContract(stage, contract, movements);
    terminal.line();
  }
  const count = (kind: Movement["kind"]) =>
    [...movements.values()].filter((movement) => movement.kind === kind).length;
  const claims = `${count("dispute")} dispute${count("dispute") === 1 ? "" : "s"}`;
  terminal.done(
    `All ${count("payment")} payments, ${count("refund")} refunds and ${claims} of the story are on the ` +
      "bills, once, to the smallest coin.",
  );
}

async function matchContract(
  stage: Stage,
  contract: Contract,
  all: ReadonlyMap<string, Movement>,
): Promise<void> {
  const movements = new Map([...all].filter(([, { accountId }]) => accountId === contract.account.id));
  const billed = new Map<string, readonly StatementLine[]>();
  // Two, when the story ran past the end of the channel's day.
  for (const date of await channelDatesOfStory(stage, contract.account)) {
    await contract.closeDay(date);
    for (const { number, lines } of await matchDay(stage, contract, date, movements)) {
      billed.set(number, [...(billed.get(number) ?? []), ...lines]);
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
  // What one cause booked stands on the last of its lines.
  const lines = own.flatMap(({ number, lines: all, ours }) =>
    all.map((line) => ({ number, line, booked: line === all.at(-1) ? ours.net : null })),
  );
  lines.sort((a, b) => a.line.line - b.line.line);
  terminal.table(
    [
      { title: "" },
      { title: "line", side: "right" },
      { title: "what it is here" },
      { title: "" },
      { title: "amount", side: "right" },
      { title: "charge", side: "right" },
      { title: "they owe us", side: "right" },
      { title: "booked", side: "right" },
    ],
    lines.map(({ number, line, booked }) => [
      terminal.paint("green", "✓"),
      String(line.line),
      movements.get(number)?.what ?? "",
      line.currency,
      moneyText(line.amount, line.currency),
      moneyText(line.fee, line.currency),
      change(BigInt(line.settle_amount - line.fee), line.currency),
      booked === null ? "" : change(booked, line.currency),
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
  for (const { number, lines, theirs, ours } of open) {
    const mark = terminal.paint("yellow", "?");
    const currency = lines[0]?.currency ?? "CNY";
    const [bill, books] = [change(theirs.net, currency), change(ours.net, currency)];
    terminal.line(`  ${mark} ${number}, not of this story: bill ${bill}, books ${books}`);
  }
}

function checkBilled(stage: Stage, movement: Movement, lines: readonly StatementLine[]): void {
  const look = "server/src/channels/*/bill.ts; sandbox/src/*/bill/";
  const seen = lines.map((line) => [line.channel_trade_no, BigInt(line.amount)]);
  const { what, number, tradeNo, amounts } = movement;
  const expected = amounts.map((amount) => [tradeNo, amount]);
  stage.checks.equal(`${what} (${number}) is on the bill, once`, seen, expected, look);
}

/** Every amount that an attempt of the story took, every refund that the channel accepted, every claim. */
async function movementsOf({ shop, story }: Stage): Promise<Map<string, Movement>> {
  const movements: Movement[] = [];
  for (const id of story.paymentIds) {
    const payment = await shop.payments.get(id);
    movements.push(...payment.attempts.flatMap((attempt) => takingOf(payment, attempt) ?? []));
    for await (const refund of shop.refunds.list({ payment: id })) {
      if (refund.accepted_at === null) continue;
      movements.push({
        ...placeOf(payment, refund.attempt),
        kind: "refund",
        number: refund.channel_refund_no,
        amounts: [-BigInt(refund.amount)],
        what: `${payment.subject}, ${refund.automatic ? "surplus returned" : "refund"}`,
      });
    }
    for (const dispute of payment.disputes) {
      const amount = BigInt(dispute.amount);
      const place = placeOf(payment, dispute.attempt);
      movements.push({
        ...place,
        kind: "dispute",
        number: claimNumberOf(place.tradeNo),
        amounts: dispute.state === "won" ? [-amount, amount] : [-amount],
        what: `${payment.subject}, disputed`,
      });
    }
  }
  return new Map(movements.map((movement) => [movement.number, movement]));
}

function takingOf(payment: Payment, attempt: Payment["attempts"][number]): Movement | null {
  if (attempt.amount_paid === null) return null;
  return {
    ...placeOf(payment, attempt.id),
    kind: "payment",
    number: attempt.channel_order_no,
    amounts: [BigInt(attempt.amount_paid)],
    what: attempt.surplus === null ? payment.subject : `${payment.subject}, paid twice`,
  };
}

/** Where an attempt's money moved, and what the channel calls its trade. */
function placeOf(payment: Payment, attemptId: string): Pick<Movement, "accountId" | "tradeNo"> {
  const attempt = payment.attempts.find(({ id }) => id === attemptId);
  return { accountId: attempt?.channel_account ?? "", tradeNo: attempt?.channel_trade_no ?? null };
}

/** Lines of the bill and entries of the books, brought together by what caused them. */
async function causesOf(
  stage: Stage,
  account: ChannelAccount,
  lines: readonly StatementLine[],
  date: string,
): Promise<Cause[]> {
  const [receivable, cost, claims] = await Promise.all([
    entriesOfChannelDate(stage, account, "channel_receivable", date),
    entriesOfChannelDate(stage, account, "channel_cost", date),
    claimsOf(stage),
  ]);
  const ours = new Map(
    [...receivable].map(([source, own]) => {
      const claim = claims.get(source);
      return claim === undefined
        ? [channelNumberOf(source), { net: sumOf(own), charge: sumOf(cost.get(source) ?? []) }]
        : [claim.number, figuresOfClaim(claim.amount, own)];
    }),
  );
  // A refund that the channel made by itself has a number that nobody here gave: it belongs to its order.
  const numberOf = (line: StatementLine) => {
    const { kind, channel_refund_no: refundNo, channel_order_no: orderNo } = line;
    if (kind === "dispute") return claimNumberOf(line.channel_trade_no);
    return refundNo !== null && ours.has(refundNo) ? refundNo : orderNo;
  };
  const billed = Map.groupBy(lines, numberOf);
  return [...new Set([...billed.keys(), ...ours.keys()])].map((number) => {
    const own = billed.get(number) ?? [];
    return {
      number,
      lines: own,
      theirs: {
        net: sum(own.map((line) => line.settle_amount - line.fee)),
        charge: sum(own.map((line) => line.fee)),
      },
      ours: ours.get(number) ?? { net: 0n, charge: 0n },
    };
  });
}

/** Each dispute of the merchant's by its id. */
async function claimsOf({ office, shop, merchant }: Stage): Promise<ReadonlyMap<string, Claim>> {
  const claims = new Map<string, Claim>();
  for (const { id, payment, attempt, amount } of await office.disputes(merchant.id)) {
    const { tradeNo } = placeOf(await shop.payments.get(payment), attempt);
    claims.set(id, { number: claimNumberOf(tradeNo), amount });
  }
  return claims;
}

/** The merchant bears what hearing a claim costs: of what was taken at once, what is beyond the claim. */
function figuresOfClaim(amount: number, entries: readonly BookEntry[]): Figures {
  const opened = entries.filter((entry) => entry.amount < 0);
  return { net: sumOf(entries), charge: sum(opened.map((entry) => -entry.amount - amount)) };
}

function sumOf(entries: readonly BookEntry[]): bigint {
  return sum(entries.map(({ amount }) => amount));
}

/** A claim bears neither our number of the order nor one of its own: it is its trade's. */
function claimNumberOf(tradeNo: string | null): string {
  return `${tradeNo} claim`;
}

/** What the channel was sent for an attempt or a refund: its id without the underscore. */
function channelNumberOf(id: string): string {
  return id.replace("_", "");
}

function sum(amounts: readonly number[]): bigint {
  return amounts.reduce((total, amount) => total + BigInt(amount), 0n);
}
