/**
 * What no statement explains is left to people. When a world has come to rest, two of them decide about every
 * break, in whatever weather: some reject what the other proposes, some propose twice at once, or two things.
 */
import type { Row } from "./body.ts";
import type { Chance } from "./chance.ts";
import type { Contract } from "./contracts.ts";
import { approve, ask, type Desk, decide, list } from "./desk.ts";
import { passesUs } from "./fund-flows.ts";
import { asOperator } from "./merchants.ts";
import { type Office, together } from "./payday.ts";

/** A break that was left, as it stood when people began to decide. */
export type LeftToPeople = {
  readonly id: string;
  /** Its money passes us. */
  readonly passesUs: boolean;
  /** Its channel bills what it charges apart. */
  readonly isGross: boolean;
  /** What settles at the channel beyond the books. */
  readonly settle: number;
  readonly fee: number;
  /** The other half of its movement, which tells the very opposite: under another merchant's number. */
  readonly against: string | null;
};

/** What two people decided, and was carried out. */
export type Decision = {
  readonly about: LeftToPeople;
  readonly resolution: Resolution;
  readonly amount: number;
};

type Resolution =
  | "income"
  | "recover_from_merchant"
  | "recover_from_channel"
  | "loss"
  | "offset"
  | "pay_merchant"
  | "adjust_fee"
  | "acknowledge";

const MINUTE_MS = 60_000;
const DECIDING_MAX_MS = 12 * 60 * MINUTE_MS;
/** Proposals about one break. */
const ROUNDS_MAX = 12;

/** Of one break: what is borne leaves the owner's money in the reserve, which is to last. */
const BORNE_MAX = 2_000;

const OPEN = "/v1/ops/breaks?state=open&limit=100";

/** What is to be decided, and by whom. */
export type Deciding = {
  readonly left: readonly LeftToPeople[];
  /** Tokens of two people whose rank covers any amount. */
  readonly chiefs: readonly [string, string];
};

/** Every break that is left, in calm weather; of two halves that are set off the one that names the other. */
export async function openDeciding({ world, bank, merchants }: Office): Promise<Deciding> {
  const { data = [] } = await asOperator(world, bank.owner, "GET", OPEN);
  const contracts = merchants.flatMap((merchant) => merchant.contracts);
  const taken = new Set<string>();
  const left = data.map((row) => {
    const contract = contracts.find(({ accountId }) => accountId === row.channel_account) as Contract;
    const other =
      row.kind === "unknown_merchant" ? data.find((one) => isOpposite(one, row, taken)) : undefined;
    if (other !== undefined) taken.add(other.id);
    return {
      id: row.id,
      passesUs: passesUs(contract),
      isGross: contract.isGross,
      settle: row.settle_difference,
      fee: row.fee_difference,
      against: other?.id ?? null,
    };
  });
  const hire = async (name: string): Promise<string> => {
    const wish = { name: `${name} chief`, roles: ["admin", "finance"] };
    return (await asOperator(world, bank.owner, "POST", "/v1/ops/operators", wish)).token;
  };
  return {
    left: left.filter(({ id }) => !taken.has(id)),
    chiefs: left.length === 0 ? ["", ""] : [await hire("first"), await hire("second")],
  };
}

function isOpposite(one: Row, row: Row, taken: ReadonlySet<string>): boolean {
  return (
    one.channel_account === row.channel_account &&
    one.currency === row.currency &&
    one.settle_difference === -row.settle_difference &&
    one.fee_difference === -row.fee_difference &&
    !taken.has(one.id)
  );
}

/** Decides about all of them, beginning with each within half an hour; what was carried out. */
export async function decideAll(office: Office, { left, chiefs }: Deciding): Promise<readonly Decision[]> {
  const { world, bank } = office;
  const luck = world.chance.stream("decisions");
  const decisions: Decision[] = [];
  const works = left.map((about) => async () => {
    const desk = { world, bank: { ...bank, tellers: chiefs }, luck: luck.stream(about.id) };
    await world.sleep(bank.owner, desk.luck.integer(30 * MINUTE_MS));
    decisions.push(...(await decideOn(desk, about)));
  });
  await together(office, works, DECIDING_MAX_MS);
  return decisions;
}

function counts({ world }: Pick<Desk, "world">, what: string): void {
  world.weather.tally.add("decisions", what);
}

async function decideOn(desk: Desk, about: LeftToPeople): Promise<readonly Decision[]> {
  const { world, luck } = desk;
  let claim = await claimOf(desk, about);
  for (let rounds = 1; rounds <= ROUNDS_MAX; rounds += 1) {
    const { body } = await ask(desk, "GET", `/v1/ops/breaks/${about.id}`);
    if (body.state === "resolved") return carriedOut(desk, about);
    const [before] = await approvals(desk, about, ["proposed", "approved"]);
    if (before !== undefined) await finish(desk, before);
    else if (claim === null) await propose(desk, about);
    else claim = await book(desk, about, claim);
    await world.sleep(desk.bank.owner, luck.integer(5 * MINUTE_MS));
  }
  world.violations.push(`the break ${about.id} is not resolved after ${ROUNDS_MAX} proposals`);
  return carriedOut(desk, about);
}

async function approvals(
  desk: Desk,
  { id }: LeftToPeople,
  statuses: readonly string[],
): Promise<readonly Row[]> {
  const all = await list(desk, `/v1/ops/approvals?subject=${id}`);
  return all.filter(({ status }) => statuses.includes(status));
}

async function carriedOut(desk: Desk, about: LeftToPeople): Promise<readonly Decision[]> {
  return (await approvals(desk, about, ["carried_out"])).map(({ payload }) => ({
    about,
    resolution: payload.resolution as Resolution,
    amount: Number(payload.amount),
  }));
}

/** A second person approves what is proposed already, or rejects it. */
async function finish(desk: Desk, { id }: Row): Promise<void> {
  const { luck, bank } = desk;
  if (!luck.hits(0.3)) {
    counts(desk, `what was left: ${await approve(desk, id)}`);
    return;
  }
  const note = { note: "It is to be decided otherwise" };
  const path = `/v1/ops/approvals/${id}/reject`;
  const { status } = await ask(desk, "POST", path, note, luck.pick(bank.tellers));
  if (status === 200) counts(desk, "a proposal is rejected");
}

/** Proposes one thing, one thing twice at once, or two; now and then nobody approves it for a while. */
async function propose(desk: Desk, about: LeftToPeople): Promise<void> {
  const { luck } = desk;
  const path = `/v1/ops/breaks/${about.id}/propose`;
  const first = wishFor(about, luck);
  if (luck.hits(0.25)) {
    const { status } = await ask(desk, "POST", path, wishOf(about, first));
    if (status === 202) counts(desk, "a proposal is left");
    return;
  }
  const second = luck.hits(0.3) ? (luck.hits(0.5) ? first : otherThan(first, about)) : null;
  const wishes = second === null ? [first] : [first, second];
  if (second !== null) counts(desk, second === first ? "one thing twice at once" : "two things at once");
  const ends = await Promise.all(wishes.map((wish) => decide(desk, "POST", path, wishOf(about, wish))));
  for (const [at, end] of ends.entries()) {
    counts(desk, `${wishes[at]}: ${end}`);
    if (wishes[at] === "income" && end === "carried_out")
      desk.world.violations.push(`what is left by the break ${about.id} was made income`);
  }
}

function wishOf(about: LeftToPeople, resolution: Resolution) {
  const named = resolution === "offset" ? { against: about.against } : {};
  return { resolution, ...named, reason: `${resolution}, as the file says` };
}

/** What may be decided about such a difference, reckoned apart from the platform. */
function wishFor(about: LeftToPeople, luck: Chance): Resolution {
  if (about.against !== null) return "offset";
  if (about.settle > 0) return "pay_merchant";
  if (about.settle < 0) return mayBeBorne(about) && luck.hits(0.6) ? "loss" : "recover_from_merchant";
  return about.fee === 0 || !about.passesUs ? "acknowledge" : "adjust_fee";
}

function mayBeBorne(about: LeftToPeople): boolean {
  return about.passesUs && -about.settle <= BORNE_MAX;
}

/** What another person thinks of it; nothing of a world may become income. */
function otherThan(wish: Resolution, about: LeftToPeople): Resolution {
  if (wish === "loss") return "recover_from_merchant";
  return wish === "recover_from_merchant" && mayBeBorne(about) ? "loss" : "income";
}

/** What the channel has paid upon a claim. */
type Paid = { readonly number: string; readonly amount: number };

/** Some of what the channel owes is claimed of it, and it pays all, a part, or nothing; null: nothing. */
async function claimOf(desk: Desk, about: LeftToPeople): Promise<Paid | null> {
  const { luck } = desk;
  const { settle, fee, against } = about;
  if (against !== null) return null;
  const owed = settle < 0 ? -settle : settle === 0 && about.passesUs ? fee : 0;
  if (owed <= 0 || !luck.hits(0.4)) return null;
  const number = `C-${luck.integer(1_000_000)}`;
  await note(desk, about, { claim_no: number });
  if (luck.hits(0.25)) {
    await note(desk, about, { claim_no: number, state: "refused", note: "It was too late" });
    counts(desk, "a claim is refused");
    return null;
  }
  return pay(desk, about, { number, amount: owed > 1 && luck.hits(0.3) ? luck.between(1, owed - 1) : owed });
}

async function pay(desk: Desk, about: LeftToPeople, paid: Paid): Promise<Paid> {
  const { number, amount } = paid;
  const evidence = "The channel's letter";
  await note(desk, about, { claim_no: number, state: "paid", paid_amount: amount, evidence });
  return paid;
}

async function note(desk: Desk, { id }: LeftToPeople, body: object): Promise<void> {
  const { status, body: said } = await ask(desk, "POST", `/v1/ops/breaks/${id}/claim`, body);
  if (status !== 200) desk.world.violations.push(`a claim was answered ${status} ${said.code}`);
}

/** Two people book what was paid; what is still claimed then. */
async function book(desk: Desk, about: LeftToPeople, paid: Paid): Promise<Paid | null> {
  const end = await decide(
    desk,
    "POST",
    `/v1/ops/breaks/${about.id}/propose`,
    wishOf(about, "recover_from_channel"),
  );
  const owed = Math.abs(about.settle === 0 ? about.fee : about.settle);
  counts(desk, `recover_from_channel, ${paid.amount < owed ? "in part" : "whole"}: ${end}`);
  if (end === "carried_out") return null;
  // What the door holds as one is made good as one: the channel pays the rest.
  return end === "conflict" && paid.amount < owed ? pay(desk, about, { ...paid, amount: owed }) : paid;
}
