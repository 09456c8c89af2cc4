import type { Message, Notification } from "../notifications/index.ts";
import { type ChainDeps, signerOf, strangerUnderItsName } from "./merchants/chain.ts";
import { withAmountOff } from "./notification-kind.ts";
import { signedBy } from "./wire/message.ts";
import type { Params } from "./wire/signing.ts";

const formType = "application/x-www-form-urlencoded;charset=UTF-8";

/** One delivery: a form, signed with UnionPay's key of this moment; a forgery as its kind tells. */
export async function composeUnionpay(deps: ChainDeps, notification: Notification): Promise<Message> {
  const form = await signedForm(deps, notification);
  return { headers: { "content-type": formType }, body: new URLSearchParams(form).toString() };
}

async function signedForm(deps: ChainDeps, { params, forged }: Notification): Promise<Params> {
  switch (forged) {
    case null:
      return signedBy(params, await signerOf(deps));
    case "tampered":
      return withAmountOff(signedBy(params, await signerOf(deps)), 1);
    case "foreign_key":
      // The certificate comes with the message, so a stranger brings one that fits.
      return signedBy(params, await strangerUnderItsName(deps));
    // UnionPay does not probe.
    case "probe":
    case "unsigned":
      return { ...params, signPubKeyCert: (await signerOf(deps)).certificate };
  }
}
