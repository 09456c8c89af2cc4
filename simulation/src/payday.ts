/**
 * The day on which money leaves: channels pay us, merchants ask for payouts, and finance proposes batches,
 * approves them by a second person, takes some apart, withdraws, and does what banks leave to people.
 */
import type { Bank, OurAccount } from "./bank.ts";
import type { Answer, Row } from "./body.ts";
import { sandboxUrl } from "./channel.ts";
import { announce, arrive, type PaidThrough, planTransfers, type Transfer } from "./channel-payouts.ts";
import {
  type Commission,
  type CommissionDesk,
  commissionPayday,
  commissionTurn,
  receive,
  reckonDays,
} from "./commission.ts";
import { type CostEntry, payCosts, sayPaid, sayReturned } from "./costs.ts";
import { approve, ask, atTheBank, counts, decide, list } from "./desk.ts";
import type { Merchant } from "./merchants.ts";
import { askForOwed, payableOf } from "./owed.ts";
import type { OwedPayee } from "./partners.ts";
import { changeAccount } from "./payee-accounts.ts";
import type { MerchantPayee } from "./payees.ts";
import { jsonRequest, type World } from "./world.ts";

/** What finance knows of an entry at the bank, by the bank's reference. */
type Known =
  | { readonly is: "channel"; readonly transfer: Transfer }
  | { readonly is: "own_money" }
  | CostEntry
  /** The other side of a transfer between accounts of ours, which is the one that came in. */
  | { readonly is: "moved"; readonly to: { readonly connection: string; readonly entry_ref: string } };

export type Office = CommissionDesk & {
  readonly merchants: readonly Merchant[];
  readonly transfers: Transfer[];
  readonly paidThrough: PaidThrough;
  readonly known: Map<string, Known>;
  /** Payouts that finance knows of and has left for another day. */
  readonly left: Set<string>;
  /** What could be paid to whom when the world had come to rest, in minor units. */
  readonly payable: Map<OwedPayee, number>;
  paydayEnded: Date;
};

const MINUTE_MS = 60_000;
const PAYDAY_MAX_MS = 12 * 60 * MINUTE_MS;
const TURN_MAX_MS = 3 * 60 * MINUTE_MS;

export function openOffice(
  world: World,
  bank: Bank,
  merchants: readonly Merchant[],
  commission: Commission,
): Office {
  const luck = world.chance.stream("finance");
  const common = { world, bank, luck, merchants, commission };
  return {
    ...common,
    transfers: [],
    paidThrough: new Map(),
    known: new Map(),
    left: new Set(),
    payable: new Map(),
    paydayEnded: world.begunAt,
  };
}

/** Runs all of these until each has come to its end. */
export async function together(office: Office, works: readonly (() => Promise<void>)[], maxMs: number) {
  const { world } = office;
  let open = works.length;
  for (const work of works) {
    void work()
      .catch((error: unknown) => world.violations.push(`finance failed: ${(error as Error).stack}`))
      .finally(() => {
        open -= 1;
      });
  }
  const end = new Date(world.scheduler.now().getTime() + maxMs);
  if ((await world.scheduler.run(() => open === 0, end)) === "ended") {
    world.violations.push(`${open} of what finance does has not come to an end`);
  }
}

/** A day on which money leaves, in whatever weather. What a channel pays later comes when it comes. */
export async function payday(office: Office): Promise<void> {
  const { world, bank, luck, merchants, paidThrough } = office;
  await reckonDays(office);
  const planned = await planTransfers(world, merchants, paidThrough, luck);
  office.transfers.push(...planned);
  for (const transfer of planned) follow(office, transfer);
  const asking = bank.payees.filter(({ isAutomatic, accounts }) => !isAutomatic && accounts.size > 0);
  const works = asking.map((payee) => () => askForPayouts(office, payee));
  for (const payee of bank.owed) works.push(() => askForOwed(office, payee));
  for (const payee of bank.payees.filter(({ accounts }) => accounts.size > 0 && luck.hits(0.15))) {
    works.push(() => later(office, () => changeAccount(office, payee, "merchant")));
  }
  for (const payee of bank.owed.filter(({ accounts }) => accounts.size > 0 && luck.hits(0.15))) {
    works.push(() => later(office, () => changeAccount(office, payee, payee.kind)));
  }
  if (luck.hits(0.4)) works.push(() => later(office, () => payByFile(office)));
  if (office.commission.earnings.length > 0) works.push(() => commissionPayday(office));
  works.push(() => moveOwnMoney(office));
  works.push(() => payCosts(office));
  works.push(() => payOut(office));
  await together(office, works, PAYDAY_MAX_MS);
  office.paydayEnded = world.scheduler.now();
}

async function later({ world, bank, luck }: Office, work: () => Promise<void>): Promise<void> {
  await world.sleep(bank.owner, luck.integer(60 * MINUTE_MS));
  await work();
}

async function payOut(office: Office): Promise<void> {
  const { world, bank, luck } = office;
  await world.sleep(bank.owner, luck.integer(30 * MINUTE_MS));
  for (let rounds = luck.between(2, 3); rounds > 0; rounds -= 1) {
    await proposeAndApprove(office);
    await world.sleep(bank.owner, luck.between(5, 20) * MINUTE_MS);
  }
  for (let looks = 3; looks > 0; looks -= 1) {
    await world.sleep(bank.owner, luck.between(10, 20) * MINUTE_MS);
    await decideForBanks(office);
  }
  for (const { id } of await list(office, WAITING)) office.left.add(id);
}

function follow(office: Office, transfer: Transfer): void {
  const failed = (error: unknown) =>
    office.world.violations.push(`a channel's payout failed: ${(error as Error).stack}`);
  const comes = async () => {
    await arrive(office, transfer);
    office.known.set(transfer.ref as string, { is: "channel", transfer });
  };
  void comes().catch(failed);
  void announce(office, transfer).catch(failed);
}

/** What people do when a day's statements are there. */
export async function turn(office: Office): Promise<void> {
  const work = async () => {
    await placeEntries(office);
    await decideForBanks(office);
    await approveProposed(office);
  };
  await reckonDays(office);
  const works = office.commission.earnings.length > 0 ? [work, () => commissionTurn(office)] : [work];
  await together(office, works, TURN_MAX_MS);
}

/** Brings up to date what partners and receivers are owed, so that it can be held against what was paid. */
export async function bringDuesUpToDate(office: Office): Promise<void> {
  const works = office.bank.owed.map((payee) => async () => {
    const payable = await payableOf(office, payee);
    if (payable !== null) office.payable.set(payee, payable);
  });
  await together(office, works, TURN_MAX_MS);
}

/** Parts of what is available, at once and again under the same number, and more than there is. */
async function askForPayouts(office: Office, { merchant, currency }: MerchantPayee): Promise<void> {
  const { world, bank, luck } = office;
  const day = world.scheduler.now().toISOString().slice(0, 10);
  const numbered = (part: string, amount: number) => ({
    merchant_payout_no: `${merchant.name}-${currency}-${day}-${part}`,
    amount,
    currency,
    ...(luck.hits(0.3) ? { remark: "Thank you" } : {}),
  });
  const create = (body: object) => ask(office, "POST", "/v1/payouts", body, merchant.key);
  await world.sleep(bank.owner, luck.integer(20 * MINUTE_MS));
  const all = 1_000_000_000;
  const { status, body } = await create(numbered("all", all));
  if (status !== 422 || body.code !== "insufficient_balance") {
    world.violations.push(`a payout of more than there is was answered ${status} ${body.code}`);
    return;
  }
  counts(office, "a merchant asks for more than there is");
  // The fee is short too.
  let left = all - body.short;
  for (let part = luck.between(1, 3); part > 0 && left > 0; part -= 1) {
    const wish = numbered(`p${part}`, part === 1 ? left : luck.between(1, left));
    const twice = luck.hits(0.3);
    const answers = await Promise.all(twice ? [create(wish), create(wish)] : [create(wish)]);
    if (twice) counts(office, "a merchant asks twice at once");
    const [first] = answers;
    if (answers.some((one) => one.body.id !== first?.body.id)) {
      world.violations.push(`${wish.merchant_payout_no} was answered with two payouts`);
    }
    if (first !== undefined && first.status < 300) left -= wish.amount + (first.body.fee ?? 0);
    else if (first?.body.code !== "insufficient_balance") {
      world.violations.push(`${wish.merchant_payout_no} was refused: ${first?.status} ${first?.body.code}`);
    }
    await world.sleep(bank.owner, luck.integer(10 * MINUTE_MS));
  }
}

const WAITING = "/v1/ops/payouts?status=created&limit=100";
const RESERVES = ({ bank }: Office) => bank.ours.filter(({ holds }) => holds === "reserve");

/** Proposes to pay what waits, all of it or some, and has another person decide on what is proposed. */
async function proposeAndApprove(office: Office): Promise<void> {
  const { world, luck } = office;
  for (const reserve of RESERVES(office)) await proposeFrom(office, reserve);
  await world.sleep(office.bank.owner, luck.integer(5 * MINUTE_MS));
  await approveProposed(office);
}

async function proposeFrom(office: Office, { name: connection, currency }: OurAccount): Promise<void> {
  const { luck } = office;
  const created = await list(office, WAITING);
  const waiting = created.filter((one) => one.batch === null && one.currency === currency);
  for (const { id } of waiting.filter(() => luck.hits(0.06))) {
    const { status } = await ask(office, "POST", `/v1/ops/payouts/${id}/withdraw`, { reason: "not due" });
    if (status === 200) counts(office, "a payout is withdrawn");
  }
  const some = waiting.map(({ id }) => id).filter(() => luck.hits(0.5));
  const named = luck.hits(0.4) && some.length > 0 ? { connection, payouts: some } : { connection };
  const proposals = luck.hits(0.2) ? [named, { connection }] : [named];
  if (proposals.length > 1) counts(office, "two batches proposed at once");
  await Promise.all(proposals.map((wish) => ask(office, "POST", "/v1/ops/payout_batches", wish)));
}

/** Small payouts of several merchants at once, and the same file again: all of it is taken, or nothing. */
async function payByFile(office: Office): Promise<void> {
  const { world, bank, luck } = office;
  const reserve = luck.pick(RESERVES(office));
  const able = bank.payees.filter(
    ({ currency, accounts }) => currency === reserve.currency && accounts.size > 0 && luck.hits(0.6),
  );
  const number = world.scheduler.now().getTime();
  const items = able.map(({ merchant }, index) => ({
    merchant: merchant.id,
    payout_no: `file-${number}-${index}`,
    amount: luck.between(1, 300),
  }));
  if (items.length === 0) return;
  const send = () => ask(office, "POST", "/v1/ops/payout_files", { connection: reserve.name, items });
  const answers = await Promise.all(luck.hits(0.3) ? [send(), send()] : [send()]);
  // Of two at once one may be refused, as the other has the numbers: it is the same batch when sent again.
  const batches = new Set(answers.flatMap(({ body }) => body.batch?.id ?? []));
  if (batches.size > 1) world.violations.push(`one file was taken for ${[...batches].join(", ")}`);
  const [{ status, body }] = answers as [Answer, ...Answer[]];
  counts(office, status === 202 ? "a file of payouts" : `a file of payouts is refused: ${body.code}`);
}

/** Each proposed batch is approved or taken apart; all at once, or one after the other. */
async function approveProposed(office: Office): Promise<void> {
  const { luck } = office;
  const proposed = await list(office, "/v1/ops/payout_batches?state=proposed&limit=100");
  if (luck.hits(0.5)) await Promise.all(proposed.map((batch) => decideBatch(office, batch)));
  else for (const batch of proposed) await decideBatch(office, batch);
}

async function decideBatch(office: Office, { id }: Row): Promise<void> {
  const { luck } = office;
  const approvals = await list(office, `/v1/ops/approvals?subject=${id}`);
  const open = approvals.find(({ status }) => status === "proposed" || status === "approved");
  // Whoever proposed it never got so far, or thinks better of it.
  if (open === undefined || luck.hits(0.1)) {
    const { status } = await ask(office, "POST", `/v1/ops/payout_batches/${id}/dissolve`);
    if (status === 200) counts(office, "a batch is dissolved");
    return;
  }
  counts(office, `a batch is decided on: ${await approve(office, open.id)}`);
}

/**
 * Where a bank says that it never had a batch, people ask it in writing; then it is sent again, or rejected.
 */
async function decideForBanks(office: Office): Promise<void> {
  const { world, bank, luck } = office;
  for (const batch of await list(office, "/v1/ops/payout_batches?needs_people=true&limit=100")) {
    const account = bank.ours.find(({ name }) => name === batch.connection);
    const url = sandboxUrl(`/bank/${account?.number}/payments/${batch.message_id}`);
    const asked = jsonRequest("GET", url, undefined);
    const { status, body } = await world.act(bank.owner, "letter of the bank", asked, world.channel);
    if (status !== 404 || body.error?.code !== "unknown_message") continue;
    const evidence = { evidence: `The bank's letter about ${batch.message_id}` };
    if (luck.hits(0.5)) {
      const outcome = await decide(office, "POST", `/v1/ops/payout_batches/${batch.id}/resend`, evidence);
      counts(office, `a batch is to be sent again: ${outcome}`);
      continue;
    }
    for (const { id } of await list(office, `/v1/ops/payouts?batch=${batch.id}&limit=100`)) {
      const outcome = await decide(office, "POST", `/v1/ops/payouts/${id}/reject`, evidence);
      counts(office, `a payout ends on the bank's written no: ${outcome}`);
    }
  }
}

/** The owner pays in on our own account, and some of it is moved into the reserve. */
async function moveOwnMoney(office: Office): Promise<void> {
  const { world, bank, luck, known } = office;
  const own = bank.ours.find(({ holds }) => holds === "own");
  const [reserve] = RESERVES(office).filter(({ currency }) => currency === own?.currency);
  if (own === undefined || reserve === undefined || (!world.hasSameDay && luck.hits(0.4))) return;
  await world.sleep(bank.owner, luck.integer(60 * MINUTE_MS));
  const paid = world.hasSameDay ? luck.between(100_000, 3_000_000) : luck.between(1_000, 100_000);
  const credit = { account: own.number, amount: paid, name: "The owner" };
  const { body } = await atTheBank(office, "owner pays in", "/bank/credit", credit);
  known.set(body.ref, { is: "own_money" });
  if (!world.hasSameDay && luck.hits(0.4)) return;
  const part = luck.between(1, paid);
  const amount = world.weather.isBadFor("sameDay") ? paid : part;
  const out = { account: own.number, amount, name: "Tributary Ltd.", number: reserve.number };
  const into = { account: reserve.number, amount, name: "Tributary Ltd.", number: own.number };
  const left = await atTheBank(office, "own money leaves", "/bank/debit", out);
  const came = await atTheBank(office, "own money comes", "/bank/credit", into);
  known.set(left.body.ref, { is: "moved", to: { connection: reserve.name, entry_ref: came.body.ref } });
}

/** What the statements show and nobody has placed yet. */
async function placeEntries(office: Office): Promise<void> {
  const evidence = "The bank's advice, in the file";
  for (const { connection, entry_ref } of await list(office, UNPLACED)) {
    const entry = { connection, entry_ref };
    await receive(office, entry);
    const known = office.known.get(entry_ref);
    if (known === undefined) continue;
    switch (known.is) {
      case "channel":
        if (known.transfer.isAnnounced) await match(office, entry, known.transfer);
        break;
      case "costs":
        await sayPaid(office, entry, known.costs);
        break;
      case "costs_returned":
        await sayReturned(office, entry, known.debit);
        break;
      case "own_money": {
        const placed = await decide(office, "POST", "/v1/ops/own_money", { ...entry, evidence });
        counts(office, `own money: ${placed}`);
        break;
      }
      case "moved": {
        const transfer = { from: entry, to: known.to, evidence };
        counts(office, `moved: ${await decide(office, "POST", "/v1/ops/bank_transfers", transfer)}`);
        break;
      }
    }
  }
}

const UNPLACED = "/v1/ops/bank_entries?state=unplaced&limit=100";

/** A channel's payout that was announced when it had been read, or that two ways explain. */
async function match(office: Office, entry: object, { parts }: Transfer): Promise<void> {
  const numbers = parts.map(({ payoutNo }) => payoutNo);
  const announced = await list(office, "/v1/ops/channel_payouts?received=false&limit=100");
  const ids = announced.filter((one) => numbers.includes(one.payout_no)).map(({ id }) => id);
  const wish = { ...entry, channel_payouts: ids };
  counts(office, `matched: ${await decide(office, "POST", "/v1/ops/bank_entries/match", wish)}`);
}
