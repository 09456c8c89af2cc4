import { recordOf } from "../masking.ts";

/** Parts of a message nobody reads in an exchange record: they prove or open something. */
const HIDDEN: ReadonlySet<string> = new Set([
  "ciphertext",
  "download_url",
  "sign_information",
  "sign",
  "auth_code",
  // A receiver's name, encrypted.
  "name",
  // What a refusal repeats of the request, whatever it was.
  "value",
]);

/** Parts shown by their ends alone: who the buyer is, and where a refund went. */
const PARTIAL: ReadonlySet<string> = new Set([
  "openid",
  "sp_openid",
  "sub_openid",
  "user_received_account",
  "payer_client_ip",
  "spbill_create_ip",
]);

/** A message as people may read it: JSON text, nothing in it opens or proves anything. */
export function record(message: unknown): string {
  return recordOf(message, { hidden: HIDDEN, partial: PARTIAL });
}
