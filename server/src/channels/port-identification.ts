/** The part of the port that tells who scans a code of ours. */
import type { Call, ChannelContext } from "./port.ts";

/**
 * How a wallet's own browser tells who its user is, without asking him: it is sent to the wallet's page,
 * which sends it back with a code that is good once.
 */
export type Identification = {
  /**
   * Where the browser is sent. It comes back to `redirectUrl` with `state` and the code. Null: the account's
   * credentials lack what it takes.
   */
  authorizeUrl(
    context: ChannelContext,
    wanted: { readonly redirectUrl: string; readonly state: string },
  ): string | null;
  /** The name under which the code comes back. */
  readonly codeParameter: string;
  /** The buyer as `NewOrder.buyer` takes him. */
  buyerOf(context: ChannelContext, code: string): Promise<Call<{ readonly buyer: string }>>;
};
