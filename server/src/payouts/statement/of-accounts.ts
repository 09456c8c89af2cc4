/** What is common to entries that are matched to channel accounts: whose they are, and what refuses them. */
import { ERRORS, Problem, problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { End } from "./own-money.ts";

/** The merchant of each channel account. Throws `invalid_request`. @param field the list that names them */
export async function ownersOf(
  { channels }: Pick<PayoutsDeps, "channels">,
  named: readonly { readonly channelAccountId: Id }[],
  field: string,
): Promise<ReadonlyMap<Id, Id>> {
  const owners = new Map<Id, Id>();
  for (const [index, { channelAccountId }] of named.entries()) {
    const account = await channels.account(channelAccountId);
    if (account === null) {
      throw problem("invalid_request", {
        field: `${field}.${index}.channel_account`,
        detail: "there is no such channel account",
      });
    }
    owners.set(channelAccountId, account.merchantId);
  }
  return owners;
}

/**
 * What no longer holds is a reason to refuse, and leaves nothing behind. A database that is busy or gone is
 * none: it may have been done, and is approved again.
 */
export async function orRefused(work: () => Promise<End>): Promise<End> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem) || ERRORS[error.code].status >= 500) throw error;
    return { refused: error.message };
  }
}
