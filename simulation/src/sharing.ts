/**
 * What operators set before the traffic so that money is split: contracts that split, by their channel or in
 * our own books, and receivers whom two people approved and channels know; more receivers come in the storm.
 */
import type { TradeDeps } from "./asking.ts";
import type { Row } from "./body.ts";
import type { Chance } from "./chance.ts";
import type { ChannelName, Contract } from "./contracts.ts";
import { approve, ask, type Desk } from "./desk.ts";
import { passesUs } from "./fund-flows.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import type { World } from "./world.ts";

export type SharingMode = "channel" | "books";

/** A contract that splits. */
export type Split = {
  readonly contract: Contract;
  readonly mode: SharingMode;
};

/** Who gets shares of one merchant's payments. */
export type Receiver = {
  readonly id: string;
  readonly merchant: Merchant;
  /** The registered name. */
  readonly name: string;
};

export type Sharing = {
  readonly splits: readonly Split[];
  /** Those that two people have approved; they grow in the storm. */
  readonly receivers: Receiver[];
  /** Payments that succeeded and are split, as their merchants' programs know them. */
  readonly paid: { readonly id: string; readonly amount: number; readonly trade: TradeDeps }[];
};

/** Channels that split. */
const SPLITTING: readonly ChannelName[] = ["alipay", "wechat"];
const SECOND_MS = 1_000;
const BOUND_WITHIN_MS = 120 * SECOND_MS;

/** Lets some of the merchants' contracts split, and makes their receivers known. */
export async function setSharing(world: World, merchants: readonly Merchant[]): Promise<Sharing> {
  const splits: Split[] = [];
  const receivers: Receiver[] = [];
  const [first] = merchants;
  if (first === undefined) return { splits, receivers, paid: [] };
  const wish = { name: "approver of shares", roles: ["risk"] };
  const { token } = await asOperator(world, first.owner, "POST", "/v1/ops/operators", wish);
  for (const merchant of merchants) {
    const luck = world.chance.stream(`sharing of ${merchant.name}`);
    const own = await setContracts(world, merchant, luck, token);
    splits.push(...own);
    if (own.length === 0) continue;
    for (let number = luck.between(2, 3); number > 0; number -= 1) {
      const wanted = drawReceiver(merchant, own, luck, `supplier ${number} of ${merchant.name}`);
      const made = await asOperator(world, merchant.owner, "POST", "/v1/ops/receivers", wanted);
      await approveBy(world, merchant, made.approval.id, token);
      receivers.push({ id: made.receiver.id, merchant, name: wanted.name });
      world.weather.tally.add("sharing", "a receiver in calm weather");
    }
    await untilBound(world, merchant);
  }
  return { splits, receivers, paid: [] };
}

function approveBy(world: World, { owner }: Merchant, id: string, token: string) {
  return asOperator(world, owner, "POST", `/v1/ops/approvals/${id}/approve`, undefined, token);
}

/** Contracts with one channel split all alike, but for a few merchants'. */
async function setContracts(world: World, merchant: Merchant, luck: Chance, token: string): Promise<Split[]> {
  const splits: Split[] = [];
  const isMixed = luck.hits(0.2) && !world.weather.isBadFor("shares");
  for (const channel of SPLITTING) {
    if (!luck.hits(0.65) && !world.weather.isBadFor("shares")) continue;
    for (const contract of merchant.contracts.filter((one) => one.channel === channel)) {
      if (isMixed && luck.hits(0.5)) continue;
      const mode = luck.hits(0.4) && world.mayHoldShares && passesUs(contract) ? "books" : "channel";
      const most = luck.pick([null, mode === "books" ? 600_000 : 200_000]);
      const path = `/v1/ops/channel_accounts/${contract.accountId}/sharing`;
      const { id } = await asOperator(world, merchant.owner, "PUT", path, {
        mode,
        // What nobody finishes ends by itself while the world goes on.
        term_days: luck.pick([1, 2]),
        ...(most === null ? {} : { max_millionths: most }),
      });
      await approveBy(world, merchant, id, token);
      splits.push({ contract, mode });
      world.weather.tally.add("sharing", `a contract splits: ${channel}, ${mode}`);
    }
  }
  return splits;
}

/** What an operator enters of a receiver: how each channel knows it. */
function drawReceiver({ id }: Merchant, splits: readonly Split[], luck: Chance, name: string) {
  const digits = (length: number) => String(luck.integer(10 ** length)).padStart(length, "0");
  const known = {
    wechat: () =>
      luck.hits(0.75)
        ? { type: "MERCHANT_ID", account: `19${digits(8)}`, relation: "SUPPLIER" }
        : { type: "PERSONAL_OPENID", account: `oUpF8u${digits(12)}` },
    alipay: () =>
      luck.pick([
        { type: "userId", account: `2088${digits(12)}` },
        { type: "loginName", account: `${digits(6)}@supplier.test` },
        { type: "openId", account: `o${digits(12)}` },
      ]),
  };
  const named = new Map(
    SPLITTING.map((channel) => [channel, known[channel as keyof typeof known]()] as const),
  );
  const accounts = splits.map(({ contract: { accountId, channel } }) => ({
    channel_account: accountId,
    ...named.get(channel),
  }));
  return { merchant: id, label: name, name: `${name} Co., Ltd.`, accounts: accounts.slice(0, 8) };
}

async function untilBound(world: World, merchant: Merchant): Promise<void> {
  const { scheduler } = world;
  const end = scheduler.now().getTime() + BOUND_WITHIN_MS;
  const isBound = ({ accounts }: Row) => accounts.every(({ state }) => state === "bound");
  for (;;) {
    const path = "/v1/receivers?limit=100";
    const { data } = await asOperator(world, merchant.owner, "GET", path, undefined, merchant.key);
    if (data?.every(isBound) === true) return;
    const now = scheduler.now().getTime();
    if (now > end) throw new Error(`receivers are not bound: ${JSON.stringify(data)}`);
    await scheduler.run(() => false, new Date(now + SECOND_MS));
  }
}

/** More receivers come while things go wrong, by people who ask until they are answered. */
export async function addReceivers(desk: Desk, sharing: Sharing, spanMs: number): Promise<void> {
  const { world, bank } = desk;
  const luck = world.chance.stream("new receivers");
  const merchants = [...new Set(sharing.receivers.map(({ merchant }) => merchant))];
  for (const merchant of merchants) {
    for (
      let number = luck.between(0, 2) + (world.weather.isBadFor("shares") ? 2 : 0);
      number > 0;
      number -= 1
    ) {
      await world.sleep(bank.owner, luck.integer(Math.ceil(spanMs / 4)));
      const splits = sharing.splits.filter(({ contract }) => merchant.contracts.includes(contract));
      const wish = drawReceiver(merchant, splits, luck, `late supplier ${number} of ${merchant.name}`);
      const { status, body } = await ask({ ...desk, luck }, "POST", "/v1/ops/receivers", wish);
      if (status !== 202) {
        world.violations.push(`a receiver was answered ${status} ${body.code}`);
        continue;
      }
      const outcome = await approve({ ...desk, luck }, body.approval.id);
      world.weather.tally.add("sharing", `a receiver in the storm: ${outcome}`);
      if (outcome !== "carried_out") continue;
      sharing.receivers.push({ id: body.receiver.id, merchant, name: wish.name });
    }
  }
}
