import type { FundFlowLine, FundFlowStatement } from "./fund-flow.ts";
import { PAYOUT_NUMBER, type ToldMoney, type ToldMovement, type ToldPayout } from "./port-payouts.ts";
import { StatementFault } from "./statement-fault.ts";

const MILLIONTHS_PER_FEN = 10_000n;

/** The word of both Alipay and WeChat Pay. What it costs (提现手续费) is another movement. */
const WITHDRAWAL = "提现";
const FEE = "费";
/** Shares, and what receivers gave back: 分账退回 at Alipay, 分账回退 at WeChat Pay. */
const SHARE = "分账";
/** What trade statements tell as well: payments, refunds and their fees, in the words of both. */
const OF_TRADES: ReadonlySet<string> = new Set([
  "在线支付",
  "交易付款",
  "退款（交易退款）",
  "收费",
  "退费",
  "交易",
  "退款",
  "扣除交易手续费",
  "退回交易手续费",
]);
/** Numbers that are shown of a kind. */
const NUMBERS_MAX = 5;

/**
 * The withdrawals among an account's movements, and what no other statement explains. A withdrawal that comes
 * in again came back.
 * @throws StatementFault for one without a usable number, or of less than a minor unit
 */
export function withdrawalsOf(statement: FundFlowStatement): ToldMoney {
  const { currency } = statement;
  // Those of one second come in no promised order, and keep the file's.
  const lines = statement.lines.toSorted((one, other) => one.at.getTime() - other.at.getTime());
  const payouts: ToldPayout[] = [];
  const cameBack: ToldMoney["cameBack"][number][] = [];
  let moved = 0n;
  for (const [index, line] of lines.entries()) {
    if (!isPayout(line)) {
      moved += line.amountMillionths;
      if (isReturn(line)) cameBack.push({ line: line.line, payoutNo: numberOf(line) });
      continue;
    }
    const later = lines.slice(index + 1);
    // What withdrawing cost may be taken after it.
    const cost = sumOf(later.filter(isCostOfPayout));
    payouts.push({
      line: line.line,
      payoutNo: numberOf(line),
      amount: minorUnitsOf(line),
      currency,
      left: line.balanceMillionths + cost - moved,
      isAll:
        line.balanceMillionths + cost === 0n && later.every((one) => isPayout(one) || isCostOfPayout(one)),
    });
  }
  const sharedMillionths = sumOf(lines.filter(isShare));
  return {
    account: statement.account,
    payouts,
    cameBack,
    moved: [{ currency, millionths: moved, sharedMillionths, availableOn: null }],
    others: othersOf(statement),
  };
}

const isPayout = ({ kind, direction }: FundFlowLine) => kind === WITHDRAWAL && direction === "out";

const isReturn = ({ kind, direction }: FundFlowLine) =>
  kind.startsWith(WITHDRAWAL) && !kind.includes(FEE) && direction === "in";

const isCostOfPayout = ({ kind, direction }: FundFlowLine) =>
  kind.startsWith(WITHDRAWAL) && kind.includes(FEE) && direction === "out";

const isShare = ({ kind }: FundFlowLine) => kind.startsWith(SHARE);

const isOther = (line: FundFlowLine) =>
  !OF_TRADES.has(line.kind) && !isShare(line) && !isPayout(line) && !isReturn(line);

function sumOf(lines: readonly FundFlowLine[]): bigint {
  return lines.reduce((sum, { amountMillionths }) => sum + amountMillionths, 0n);
}

/** In the order of their kinds. */
function othersOf({ lines, currency }: FundFlowStatement): ToldMovement[] {
  const byKind = Map.groupBy(lines.filter(isOther), ({ kind }) => kind);
  return [...byKind]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([kind, own]) => ({
      currency,
      kind,
      lines: own.length,
      millionths: sumOf(own),
      numbers: own.slice(0, NUMBERS_MAX).map(({ flowNo, businessNo }) => businessNo ?? flowNo),
    }));
}

/**
 * The number of the withdrawal where there is one, since that is what a bank is told; else of the movement.
 */
function numberOf({ line, businessNo, flowNo }: FundFlowLine): string {
  const found = [businessNo, flowNo].find((number) => number !== null && PAYOUT_NUMBER.test(number));
  if (found != null) return found;
  throw new StatementFault(line, `a withdrawal has no number but ${JSON.stringify(businessNo ?? flowNo)}`);
}

function minorUnitsOf({ line, amountMillionths }: FundFlowLine): bigint {
  const amount = -amountMillionths;
  if (amount > 0n && amount % MILLIONTHS_PER_FEN === 0n) return amount / MILLIONTHS_PER_FEN;
  throw new StatementFault(line, `a withdrawal is of ${amount} millionths, which is no sum of minor units`);
}
