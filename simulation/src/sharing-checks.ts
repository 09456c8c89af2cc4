/**
 * What receivers really have, held against the platform's rows: each share was split off once at the channel,
 * under its number, for its amount and to its receiver; each refund took back what it must; and no payment
 * was given away beyond what is left of it.
 */
import { type Id, parseId } from "../../server/src/kernel/ids.ts";
import type { Merchant } from "./merchants.ts";
import type { Sharing } from "./sharing.ts";
import { isDone, type Moved, type Splitting, splittingsAt } from "./splits.ts";
import type { World } from "./world.ts";

export type ShareRow = {
  readonly id: Id;
  readonly paymentId: Id;
  readonly channelAccountId: Id;
  readonly channelOrderNo: string;
  readonly channelShareNo: string;
  readonly mode: string;
  readonly state: string;
  readonly receiverType: string;
  readonly receiverAccount: string;
  readonly amount: bigint;
  readonly returnedAmount: bigint;
  readonly createdAt: Date;
};

export type ReturnRow = {
  readonly id: Id;
  readonly shareId: Id;
  readonly paymentId: Id;
  readonly refundId: Id;
  readonly state: string;
  readonly amount: bigint;
  readonly channelReturnNo: string;
  readonly channelRefundNo: string;
};

export type SplitPayment = {
  readonly paymentId: Id;
  readonly channel: string;
  readonly channelAccountId: Id;
  readonly channelOrderNo: string;
  readonly mode: string;
  readonly finishNo: string;
  readonly settleAmount: bigint;
  readonly paidAmount: bigint;
  readonly feeAmount: bigint;
  readonly feeReturned: bigint;
  readonly refundedAmount: bigint;
  readonly takenBack: bigint;
};

export type RefundRow = {
  readonly id: Id;
  readonly paymentId: Id;
  readonly state: string;
  readonly settleAmount: bigint;
  readonly createdAt: Date;
};

const SHARES = {
  name: "simulation_shares",
  text: `select s.id, s.payment_id, s.channel_account_id, a.channel_order_no, s.channel_share_no, s.mode,
     s.state, s.receiver_type, s.receiver_account, s.amount, s.returned_amount, s.created_at
   from shares s
   join attempts a on a.id = s.attempt_id
   order by s.id`,
};
const RETURNS = {
  name: "simulation_share_returns",
  text: `select b.id, b.share_id, b.payment_id, b.refund_id, b.state, b.amount, b.channel_return_no,
     r.channel_refund_no
   from share_returns b
   join refunds r on r.id = b.refund_id
   order by b.id`,
};
// What was given back whole is let go of, also where it came back afterwards.
const SPLIT_PAYMENTS = {
  name: "simulation_split_payments",
  text: `select h.payment_id, h.channel, h.channel_account_id, a.channel_order_no, h.mode, h.finish_no,
     a.settle_amount, a.paid_amount, a.fee_amount, a.fee_returned, a.taken_back,
     a.refunded_amount + coalesce(
       (
         select sum(r.amount)
         from refunds r
         where r.attempt_id = a.id
           and r.state = 'returned'
       ), 0)::bigint as refunded_amount
   from sharings h
   join attempts a on a.id = h.attempt_id
   order by h.payment_id`,
};
const REFUNDS = {
  name: "simulation_refunds_of_split",
  text: `select r.id, r.payment_id, r.state, r.settle_amount, r.created_at
   from refunds r
   join sharings h on h.payment_id = r.payment_id and h.attempt_id = r.attempt_id
   order by r.created_at, r.id`,
};

/** Every violation, a sentence each. */
export async function checkSharing(
  world: World,
  merchants: readonly Merchant[],
  { splits }: Sharing,
): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const [shares, returns, payments, refunds] = [
    await db.all<ShareRow>(SHARES),
    await db.all<ReturnRow>(RETURNS),
    await db.all<SplitPayment>(SPLIT_PAYMENTS),
    await db.all<RefundRow>(REFUNDS),
  ];
  const found: string[] = [];
  for (const contract of merchants.flatMap((merchant) => merchant.contracts)) {
    const id = parseId("cha", contract.accountId) as Id;
    const mode = splits.find((split) => split.contract === contract)?.mode ?? "nothing";
    const there = await splittingsAt(world, contract);
    const own = payments.filter(({ channelAccountId }) => channelAccountId === id);
    for (const payment of own) {
      if (payment.mode !== mode) found.push(`${payment.channelOrderNo} is split by ${payment.mode}`);
    }
    const mine = shares.filter(({ channelAccountId }) => channelAccountId === id);
    found.push(...unlike(there, mine, returns, contract.channel === "alipay"));
    found.push(...unfinished(there, own));
    if (own.length > 0)
      world.weather.tally.add("sharing", `payments split: ${contract.channel}, ${mode}`, own.length);
  }
  for (const payment of payments) {
    const about = {
      shares: shares.filter(({ paymentId }) => paymentId === payment.paymentId),
      returns: returns.filter(({ paymentId }) => paymentId === payment.paymentId),
      refunds: refunds.filter(({ paymentId }) => paymentId === payment.paymentId),
    };
    found.push(...beyond(payment, about), ...wronglyTakenBack(payment, about));
  }
  return found;
}

/** What the channel split and got back, and what our rows say of it: the same, each once. */
export function unlike(
  there: readonly Splitting[],
  shares: readonly ShareRow[],
  returns: readonly ReturnRow[],
  withRefund: boolean,
): string[] {
  const byChannel = shares.filter(({ mode }) => mode === "channel");
  const done = byChannel.filter(({ state }) => state === "succeeded");
  const own = new Map(byChannel.map((share) => [share.id, share]));
  const back = returns.filter(({ shareId, state }) => own.has(shareId) && state === "succeeded");
  const line = (orderNo: string, number: string, account: string, amount: bigint | number) =>
    `${orderNo} ${number} ${account} ${amount}`;
  const told = (of: (splitting: Splitting) => readonly Moved[]) =>
    there.flatMap((splitting) =>
      of(splitting)
        .filter(isDone)
        .map(({ number, account, amount }) => line(splitting.orderNo, number, account, amount)),
    );
  return [
    ...differences(
      "share",
      told((one) => one.shares),
      done.map((one) => line(one.channelOrderNo, one.channelShareNo, one.receiverAccount, one.amount)),
    ),
    ...differences(
      "return",
      told((one) => one.returns),
      back.map(({ shareId, channelReturnNo, channelRefundNo, amount }) => {
        const share = own.get(shareId) as ShareRow;
        const number = withRefund ? channelRefundNo : channelReturnNo;
        return line(share.channelOrderNo, number, share.receiverAccount, amount);
      }),
    ),
  ];
}

function differences(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  const left = [...ours];
  const found: string[] = [];
  for (const one of theirs) {
    const index = left.indexOf(one);
    if (index === -1) found.push(`the channel has the ${what} ${one}, which is not ours`);
    else left.splice(index, 1);
  }
  return [...found, ...left.map((one) => `the channel has no ${what} ${one}`)];
}

/** The rest was let go of by our call, but of a payment that went back whole: nothing of it is frozen. */
function unfinished(there: readonly Splitting[], payments: readonly SplitPayment[]): string[] {
  return payments.flatMap(({ channelOrderNo, mode, finishNo, paidAmount, refundedAmount, takenBack }) => {
    const splitting = there.find(({ orderNo }) => orderNo === channelOrderNo);
    if (splitting === undefined) return [`the channel does not know ${channelOrderNo}, which is split`];
    if (mode === "books") {
      return splitting.frozen || splitting.shares.length > 0
        ? [`${channelOrderNo} is frozen for nobody`]
        : [];
    }
    if (refundedAmount + takenBack >= paidAmount) return [];
    if (splitting.frozen) return [`the rest of ${channelOrderNo} is frozen still`];
    return splitting.finishedBy === finishNo
      ? []
      : [`the rest of ${channelOrderNo} was let go of by ${splitting.finishedBy}, not by ${finishNo}`];
  });
}

type About = {
  readonly shares: readonly ShareRow[];
  readonly returns: readonly ReturnRow[];
  readonly refunds: readonly RefundRow[];
};

const isStanding = ({ state }: RefundRow) => state !== "failed" && state !== "returned";
const kept = (shares: readonly ShareRow[]) =>
  shares
    .filter(({ state }) => state !== "failed")
    .reduce((sum, { amount, returnedAmount }) => sum + amount - returnedAmount, 0n);

/** Receivers have no more than what settles less the fee and less refunds, but for what did not come back. */
function beyond(payment: SplitPayment, { shares, returns, refunds }: About): string[] {
  const { settleAmount, feeAmount, feeReturned, takenBack, paymentId } = payment;
  if (returns.some(({ state }) => state === "failed") || takenBack > 0n) return [];
  if (shares.some((share) => !givesBack(payment, share))) return [];
  const refunded = refunds.filter(isStanding).reduce((sum, refund) => sum + refund.settleAmount, 0n);
  const most = settleAmount - feeAmount + feeReturned - refunded;
  const have = kept(shares);
  const bound = most < 0n ? 0n : most;
  return have > bound ? [`receivers have ${have} of the payment ${paymentId}, of which ${most} is left`] : [];
}

/** WeChat Pay takes back from merchants alone. */
function givesBack({ channel, mode }: SplitPayment, { receiverType }: ShareRow): boolean {
  return mode === "books" || channel !== "wechat" || receiverType === "MERCHANT_ID";
}

const least = (one: bigint, other: bigint) => (one < other ? one : other);

/**
 * Of each refund in turn: receivers keep the same proportion of their shares that the merchant keeps of the
 * payment, rounded down, and never more than settled − fee − refunds, where of the fee something between
 * nothing and all has come back by then. Only where all of it is plain: every share stands, every return came
 * and every refund counts, and nothing happened at one instant.
 */
export function wronglyTakenBack(payment: SplitPayment, { shares, returns, refunds }: About): string[] {
  const isPlain =
    payment.takenBack === 0n &&
    shares.every(({ state }) => state === "succeeded") &&
    returns.every(({ state }) => state === "succeeded") &&
    refunds.every(isStanding);
  const instants = [...shares.map(({ createdAt }) => createdAt), ...refunds.map((one) => one.createdAt)];
  const times = new Set(instants.map((at) => at.getTime()));
  const sharedAt = new Set(shares.map(({ createdAt }) => createdAt.getTime()));
  const isApart = times.size === sharedAt.size + refunds.length;
  if (!isPlain || !isApart || shares.length === 0) return [];
  const found: string[] = [];
  const gave = new Map<Id, bigint>();
  let refunded = 0n;
  for (const refund of refunds) {
    refunded += refund.settleAmount;
    const there = shares.filter(({ createdAt }) => createdAt < refund.createdAt);
    const own = returns.filter(({ refundId }) => refundId === refund.id);
    const given = there.reduce((sum, { amount }) => sum + amount, 0n);
    const keeps = (share: ShareRow) => share.amount - (gave.get(share.id) ?? 0n);
    const before = there.reduce((sum, share) => sum + keeps(share), 0n);
    const most = there
      .filter((one) => givesBack(payment, one))
      .reduce((sum, share) => sum + keeps(share), 0n);
    const wanted = (fee: bigint) => {
      const left = payment.settleAmount - refunded;
      const may = least((given * left) / payment.settleAmount, left > fee ? left - fee : 0n);
      const back = before > may ? before - may : 0n;
      return least(back, most);
    };
    const back = own.reduce((sum, { amount }) => sum + amount, 0n);
    const [from, to] = [wanted(0n), wanted(payment.feeAmount)];
    if (back < from || back > to) {
      found.push(`the refund ${refund.id} took back ${back} of shares, not ${from} to ${to}`);
    }
    for (const { shareId, amount } of own) gave.set(shareId, (gave.get(shareId) ?? 0n) + amount);
  }
  return found;
}
