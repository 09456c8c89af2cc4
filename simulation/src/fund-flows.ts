/** Whose money does not pass us: in some worlds all contracts of a merchant, or some beside others. */
import type { FundFlow } from "../../server/src/channels/index.ts";
import { type Contract, WALLETS } from "./contracts.ts";
import type { World } from "./world.ts";

/** So many of the worlds have such money, and those that lie in wait for what follows from it. */
const SHARE = 1 / 3;
/** Of contracts beside such a one. */
const BESIDE = 0.4;

/** Draws the fund flow of each contract of a merchant in turn. @param isFirst the world's first merchant */
export function fundFlowsOf(
  { chance, weather }: Pick<World, "chance" | "weather">,
  name: string,
  isFirst: boolean,
): (channel: string) => FundFlow {
  const luck = chance.stream("fund flows");
  // Where something lies in wait for money on its way through us, it is to come by.
  const isLeftOut = weather.isBadFor("close") || weather.isBadFor("payouts");
  const isThere = (luck.hits(SHARE) && !isLeftOut) || weather.isBadFor("commission");
  const own = luck.stream(name);
  const drawn = own.weighed({ none: isFirst ? 0 : 2, some: 2, all: 1 });
  const whole = weather.isBadFor("commission") ? "all" : drawn;
  const surely = isFirst ? own.pick(WALLETS) : null;
  return (channel) => {
    const isBeside = channel === surely || own.hits(BESIDE);
    const isDirect = isThere && (whole === "all" || (whole === "some" && isBeside));
    return isDirect ? "direct_to_merchant" : "through_platform";
  };
}

/** Whether a contract's money passes us. */
export function passesUs({ fundFlow }: Contract): boolean {
  return fundFlow === "through_platform";
}
