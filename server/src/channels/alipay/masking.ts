import { recordOf, shortened } from "../masking.ts";

/** Parts of a message nobody reads in an exchange record: they prove or open something. */
const HIDDEN: ReadonlySet<string> = new Set(["sign", "app_auth_token", "auth_token", "bill_download_url"]);

/** Parts shown by their ends alone: a payment code, and who the buyer is. */
const PARTIAL: ReadonlySet<string> = new Set([
  "auth_code",
  "buyer_email",
  "buyer_id",
  "buyer_logon_id",
  "buyer_open_id",
  "buyer_user_id",
  "buyer_user_name",
  "seller_email",
  // A receiver of shares, and its name.
  "trans_in",
  "trans_out",
  "account",
  "name",
]);

/** A message as people may read it: JSON text, nothing in it opens or proves anything. */
export function record(message: unknown): string {
  if (typeof message === "string") return shortened(message);
  return recordOf(message, { hidden: HIDDEN, partial: PARTIAL, text: withoutSigningText });
}

/** To a wrong signature Alipay answers with the text it checked, which holds tokens and payment codes. */
export function withoutSigningText(sentence: string): string {
  return sentence.replace(/(验签字符串为：?).*/s, "$1…");
}
