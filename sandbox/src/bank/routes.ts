import type { FastifyInstance, FastifyReply } from "fastify";
import { beijingDate, beijingDayStart, dayMs } from "../china/beijing.ts";
import { sleep } from "../clock.ts";
import { interfere, loseAnswer, type Passed, type Words } from "../faults/index.ts";
import { bodyOf, booleanField, integerField, Refused, textField } from "../refuse.ts";
import type { StoreReader } from "../store/index.ts";
import { type BankDeps, book, carryOut, sendBack } from "./carry-out.ts";
import { readInstruction, type StatementDay, writeReport, writeStatement } from "./messages.ts";
import {
  type BankAccount,
  type BankEntry,
  bankAccounts,
  bankDays,
  bankEntries,
  bankMessages,
  messageKey,
} from "./model.ts";
import { showBank } from "./page.ts";

type Answer = { status: number; type: string; body: string };

const xml = "application/xml; charset=utf-8";
const listMax = 10_000;
const amountMax = 1_000_000_000_000_000;
const plain = (status: number, body: string): Answer => ({ status, type: "text/plain", body });

const words: Words<Answer> = {
  rateRefusal: () => plain(429, "too many requests"),
  unknown: () => plain(500, "the bank does not know"),
  succeeded: ({ status }) => status === 200,
};

/** The bank: `/bank/{account}` speaks pain.001, pain.002 and camt.053; the rest is levers and a page. */
export function registerBank(app: FastifyInstance, deps: BankDeps): void {
  app.register(
    (scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
      payments(scope, deps);
      done();
    },
    { prefix: "/bank" },
  );
  levers(app, deps);
  app.get("/bank", (_request, reply) => showBank(deps, reply));
}

function payments(app: FastifyInstance, deps: BankDeps): void {
  app.post("/:account/payments", async (request, reply) => {
    const { account } = request.params as { account: string };
    const body = Buffer.isBuffer(request.body) ? request.body.toString("utf8") : "";
    const instruction = readInstruction(body);
    if (typeof instruction === "string") return reply.code(400).type("text/plain").send(instruction);
    if (instruction.account !== account) {
      return reply.code(400).type("text/plain").send("The message is about another account.");
    }
    const context = { outTradeNo: instruction.messageId, appId: account, method: "pain.001" };
    const passed = await interfere(deps, words, context, async () => ({
      status: 200,
      type: xml,
      body: await carryOut(deps, instruction),
    }));
    return send(deps, reply, passed);
  });
  app.get("/:account/payments/:message", async (request, reply) => {
    const { account, message } = request.params as { account: string; message: string };
    const context = { outTradeNo: message, appId: account, method: "pain.002" };
    const passed = await interfere(deps, words, context, async () => {
      const known = await deps.store.get(bankMessages, messageKey(account, message));
      if (known) return { status: 200, type: xml, body: writeReport(known, deps.clock.now()) };
      const error = { code: "unknown_message", message: "This bank never had the message." };
      return { status: 404, type: "application/json", body: JSON.stringify({ error }) };
    });
    return send(deps, reply, passed);
  });
  app.get("/:account/statements/:date", async (request, reply) => {
    const { account: number, date } = request.params as { account: string; date: string };
    const account = await accountOrRefusal(deps.store, number);
    if (!(await isPublished(deps, account, date))) {
      throw new Refused(404, "statement_unknown", `There is no statement of ${date}.`);
    }
    const day = await dayOf(deps.store, account, date);
    return reply.type(xml).send(writeStatement(account, day, deps.clock.now()));
  });
}

async function send(deps: BankDeps, reply: FastifyReply, { answer, passage }: Passed<Answer>) {
  if (passage.waitMs > 0) await sleep(deps.clock, passage.waitMs);
  if (passage.ending === "cut") return loseAnswer(reply);
  if (passage.ending === "status") {
    return reply.code(passage.status).type("text/html").send("<h1>The gateway is in trouble</h1>");
  }
  return reply.code(answer.status).type(answer.type).send(answer.body);
}

async function pay(deps: BankDeps, asked: unknown, sign: bigint) {
  const body = bodyOf(asked, ["account", "amount", "name", "number", "end_to_end_id", "info"]);
  const number = required(textField(body, "account", 34), "account");
  const amount = integerField(body, "amount", 1, amountMax);
  if (amount === undefined) throw new Refused(400, "field_invalid", "amount is needed, in minor units.");
  const entry = await deps.store.transaction(async (tx) => {
    const account = await tx.lock(bankAccounts, number);
    if (!account) throw new Refused(404, "account_unknown", `There is no account ${number}.`);
    if (sign < 0n && account.balance < BigInt(amount)) {
      throw new Refused(409, "balance_short", `The account has ${account.balance}, less than ${amount}.`);
    }
    const ledger = { account };
    const booked = await book(tx, ledger, deps.clock.now(), {
      amount: sign * BigInt(amount),
      endToEndId: textField(body, "end_to_end_id", 35) ?? null,
      originalEndToEndId: null,
      messageId: null,
      name: textField(body, "name", 140) ?? null,
      number: textField(body, "number", 34) ?? null,
      returnCode: null,
      info: textField(body, "info", 140) ?? null,
    });
    await tx.update(bankAccounts, ledger.account);
    return booked;
  });
  return viewEntry(entry);
}

function levers(app: FastifyInstance, deps: BankDeps): void {
  app.post("/bank/accounts", async (request, reply) => {
    const fields = ["number", "name", "currency", "bank_code", "opening", "removes_doubles"];
    const body = bodyOf(request.body, fields);
    const number = required(textField(body, "number", 34), "number");
    const opening = BigInt(integerField(body, "opening", 0, amountMax) ?? 0);
    const account: BankAccount = {
      number,
      name: required(textField(body, "name", 140), "name"),
      currency: textField(body, "currency", 3) ?? "CNY",
      bankCode: textField(body, "bank_code", 12) ?? "102100099996",
      removesDoubles: booleanField(body, "removes_doubles") ?? true,
      opening,
      balance: opening,
      entries: 0,
      createdAt: deps.clock.now(),
    };
    const made = await deps.store.transaction((tx) => tx.insert(bankAccounts, account));
    const present = made ? account : await accountOrRefusal(deps.store, number);
    return reply.code(made ? 201 : 200).send(viewAccount(deps, present));
  });
  app.get("/bank/entries", async (request) => {
    const { account = "" } = request.query as { account?: string };
    const { records } = await deps.store.list(bankEntries, { group: account, limit: listMax });
    return { data: records.reverse().map(viewEntry) };
  });
  // Somebody pays in; the holder pays somebody at the counter.
  for (const [path, sign] of [
    ["/bank/credit", 1n],
    ["/bank/debit", -1n],
  ] as const) {
    app.post(path, async (request, reply) => reply.code(201).send(await pay(deps, request.body, sign)));
  }
  app.post("/bank/return", async (request) => {
    const body = bodyOf(request.body, ["account", "end_to_end_id", "code"]);
    const account = required(textField(body, "account", 34), "account");
    const endToEndId = required(textField(body, "end_to_end_id", 35), "end_to_end_id");
    const { records } = await deps.store.list(bankEntries, { group: account, limit: listMax });
    const paid = records.find((entry) => entry.endToEndId === endToEndId && entry.amount < 0n);
    const returned = paid && (await sendBack(deps, paid.ref, textField(body, "code", 4) ?? "AC04"));
    if (!returned) throw new Refused(404, "payment_unknown", "No payment of that name waits to be returned.");
    return { returned: endToEndId };
  });
  app.post("/bank/close-day", async (request) => {
    const body = bodyOf(request.body, ["account", "date"]);
    const number = required(textField(body, "account", 34), "account");
    const account = await accountOrRefusal(deps.store, number);
    const now = deps.clock.now();
    const date = textField(body, "date", 10) ?? beijingDate(now);
    if (!beijingDayStart(date) || date > beijingDate(now)) {
      throw new Refused(400, "field_invalid", "date is a date in Beijing, yyyy-MM-dd, not after today.");
    }
    const id = messageKey(number, date);
    await deps.store.transaction((tx) =>
      tx.insert(bankDays, { id, account: number, date, publishedAt: now }),
    );
    const day = await dayOf(deps.store, account, date);
    const closing = day.entries.reduce((sum, { amount }) => sum + amount, day.opening);
    return {
      account: number,
      date,
      entries: day.entries.length,
      opening: Number(day.opening),
      closing: Number(closing),
    };
  });
}

/** A day is published once it is over in Beijing, or by the lever before. */
async function isPublished(deps: BankDeps, account: BankAccount, date: string): Promise<boolean> {
  if (!beijingDayStart(date) || date < beijingDate(account.createdAt)) return false;
  if (date < beijingDate(deps.clock.now())) return true;
  return (await deps.store.get(bankDays, messageKey(account.number, date))) !== undefined;
}

async function dayOf(reader: StoreReader, account: BankAccount, date: string): Promise<StatementDay> {
  const { records } = await reader.list(bankEntries, { group: account.number, limit: listMax });
  const entries = records.filter((entry) => entry.date === date).sort((a, b) => a.seq - b.seq);
  const before = records.filter((entry) => entry.date < date);
  const opening = before.reduce((sum, { amount }) => sum + amount, account.opening);
  const first = beijingDayStart(beijingDate(account.createdAt))!;
  const number = Math.round((beijingDayStart(date)!.getTime() - first.getTime()) / dayMs) + 1;
  return { date, number, opening, entries };
}

async function accountOrRefusal(reader: StoreReader, number: string): Promise<BankAccount> {
  const account = await reader.get(bankAccounts, number);
  if (!account) throw new Refused(404, "account_unknown", `There is no account ${number}.`);
  return account;
}

function required(value: string | undefined, name: string): string {
  if (value === undefined) throw new Refused(400, "field_invalid", `${name} is needed.`);
  return value;
}

function viewAccount(deps: BankDeps, account: BankAccount): object {
  return {
    number: account.number,
    name: account.name,
    currency: account.currency,
    bank_code: account.bankCode,
    removes_doubles: account.removesDoubles,
    balance: Number(account.balance),
    url: `${deps.url()}/bank/${account.number}`,
  };
}

function viewEntry(entry: BankEntry): object {
  return {
    ref: entry.ref,
    date: entry.date,
    amount: Number(entry.amount),
    balance_after: Number(entry.balanceAfter),
    end_to_end_id: entry.endToEndId,
    original_end_to_end_id: entry.originalEndToEndId,
    message_id: entry.messageId,
    name: entry.name,
    number: entry.number,
    return_code: entry.returnCode,
    info: entry.info,
  };
}
