import { beijingDate } from "../china/beijing.ts";
import type { SandboxClock, SandboxRandom } from "../clock.ts";
import { type ArmedFaults, armedFaults, numberParam, textParam } from "../faults/index.ts";
import type { SandboxStore, StoreTx } from "../store/index.ts";
import { type Instruction, writeRefusal, writeReport } from "./messages.ts";
import {
  type BankAccount,
  type BankEntry,
  type BankMessage,
  bankAccounts,
  bankEntries,
  bankMessages,
  bankReturns,
  messageKey,
  type Transfer,
} from "./model.ts";

export type BankDeps = {
  store: SandboxStore;
  clock: SandboxClock;
  random: SandboxRandom;
  url: () => string;
  wake: () => void;
};

/**
 * Carries an instruction out, and reports on it. All of it is one transaction: it was taken, or it was not.
 */
export async function carryOut(deps: BankDeps, instruction: Instruction): Promise<string> {
  const now = deps.clock.now();
  const answer = await deps.store.transaction(async (tx) => {
    const account = await tx.lock(bankAccounts, instruction.account);
    const { messageId } = instruction;
    if (!account) return writeRefusal(messageId, "AC01", "The debtor's account is not here.", now);
    const id = messageKey(account.number, messageId);
    const known = await tx.lock(bankMessages, id);
    if (known && account.removesDoubles) {
      return writeRefusal(messageId, "AM05", "The bank has had this message before.", now);
    }
    const armed = await armedFaults(tx, deps.random);
    const ledger = { account };
    const transfers: Transfer[] = [];
    for (const asked of instruction.transfers) {
      transfers.push(await transfer({ tx, armed, now }, ledger, messageId, asked));
    }
    await tx.update(bankAccounts, ledger.account);
    const times = (known?.times ?? 0) + 1;
    const message: BankMessage = {
      id,
      account: account.number,
      messageId,
      transfers,
      times,
      receivedAt: now,
    };
    if (known) await tx.update(bankMessages, message);
    else await tx.insert(bankMessages, message);
    return writeReport(message, now);
  });
  deps.wake();
  return answer;
}

type At = { tx: StoreTx; armed: ArmedFaults; now: Date };

async function transfer(
  { tx, armed, now }: At,
  ledger: { account: BankAccount },
  messageId: string,
  asked: Instruction["transfers"][number],
): Promise<Transfer> {
  const { account } = ledger;
  const context = { outTradeNo: asked.endToEndId, appId: account.number, method: "pain.001" };
  const { endToEndId, amount, name, number } = asked;
  const base = { endToEndId, amount, name, number };
  const rejection = await armed.take("bank_rejects", context);
  if (rejection) {
    return { ...base, state: "rejected", code: textParam(rejection, "code"), detail: "The bank refuses it." };
  }
  if (amount > account.balance) {
    return { ...base, state: "rejected", code: "AM04", detail: "The account's balance does not cover it." };
  }
  const entry = await book(tx, ledger, now, {
    amount: -amount,
    endToEndId,
    originalEndToEndId: null,
    messageId,
    name,
    number,
    returnCode: null,
    info: null,
  });
  const coming = await armed.take("bank_returns", context);
  if (coming) {
    const dueAt = new Date(now.getTime() + numberParam(coming, "ms"));
    const code = textParam(coming, "code");
    await tx.insert(bankReturns, { entryRef: entry.ref, account: account.number, code, dueAt });
  }
  const silent = await armed.take("bank_silent", context);
  return { ...base, state: silent ? "silent" : "booked", code: null, detail: null };
}

type Line = Omit<BankEntry, "ref" | "account" | "seq" | "date" | "currency" | "balanceAfter" | "bookedAt">;

/** Books an entry on the account that is locked; its new state is left in `ledger`. */
export async function book(
  tx: StoreTx,
  ledger: { account: BankAccount },
  now: Date,
  line: Line,
): Promise<BankEntry> {
  const { account } = ledger;
  const seq = account.entries + 1;
  const entry: BankEntry = {
    ...line,
    ref: `${account.number}-${seq}`,
    account: account.number,
    seq,
    date: beijingDate(now),
    currency: account.currency,
    balanceAfter: account.balance + line.amount,
    bookedAt: now,
  };
  await tx.insert(bankEntries, entry);
  ledger.account = { ...account, entries: seq, balance: entry.balanceAfter };
  return entry;
}

const claimMax = 50;
const leaseMs = 60_000;

/** What other banks send back when its time has come. */
export async function runDueReturns(deps: BankDeps, log: (line: string) => void): Promise<true> {
  const now = deps.clock.now();
  const due = await deps.store.claimDue(bankReturns, now, claimMax, new Date(now.getTime() + leaseMs));
  for (const one of due) {
    await sendBack(deps, one.entryRef, one.code).catch((error: unknown) =>
      log(`return of ${one.entryRef}: ${String(error)}`),
    );
  }
  return true;
}

/** Books a payment's return, once; false where there is nothing to send back. */
export function sendBack(deps: BankDeps, entryRef: string, code: string): Promise<boolean> {
  return deps.store.transaction(async (tx) => {
    const entry = await tx.get(bankEntries, entryRef);
    if (!entry || entry.amount >= 0n) return false;
    const account = await tx.lock(bankAccounts, entry.account);
    await tx.remove(bankReturns, entryRef);
    const back = `${entry.endToEndId}`;
    const mark = messageKey(entry.account, `return of ${entryRef}`);
    if (!account || (await tx.get(bankMessages, mark))) return false;
    const ledger = { account };
    await book(tx, ledger, deps.clock.now(), {
      amount: -entry.amount,
      endToEndId: null,
      originalEndToEndId: back,
      messageId: entry.messageId,
      name: entry.name,
      number: entry.number,
      returnCode: code,
      info: "退汇",
    });
    await tx.update(bankAccounts, ledger.account);
    const kept = { id: mark, account: "", messageId: mark, transfers: [], times: 1 };
    await tx.insert(bankMessages, { ...kept, receivedAt: deps.clock.now() });
    return true;
  });
}
