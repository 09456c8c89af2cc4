import type { FundFlowLine, FundFlowStatement } from "./fund-flow.ts";
import { PAYOUT_NUMBER, type ToldMoney, type ToldPayout } from "./port-payouts.ts";
import { StatementFault } from "./statement-fault.ts";

const MILLIONTHS_PER_FEN = 10_000n;

/** The word of both Alipay and WeChat Pay. What it costs (提现手续费) is another movement. */
const WITHDRAWAL = "提现";
const FEE = "费";

/**
 * The withdrawals among an account's movements. One that comes in again came back.
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
    payouts.push({
      line: line.line,
      payoutNo: numberOf(line),
      amount: minorUnitsOf(line),
      currency,
      left: line.balanceMillionths - moved,
      isAll: line.balanceMillionths === 0n && lines.slice(index + 1).every(isPayout),
    });
  }
  return {
    account: statement.account,
    payouts,
    cameBack,
    moved: [{ currency, millionths: moved, availableOn: null }],
  };
}

const isPayout = ({ kind, direction }: FundFlowLine) => kind === WITHDRAWAL && direction === "out";

const isReturn = ({ kind, direction }: FundFlowLine) =>
  kind.startsWith(WITHDRAWAL) && !kind.includes(FEE) && direction === "in";

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
