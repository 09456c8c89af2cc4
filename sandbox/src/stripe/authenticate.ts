import type { StoreReader } from "../store/index.ts";
import { type Account, accounts } from "./model.ts";
import { StripeRefusal } from "./wire/refusals.ts";

/** The account whose secret key the call carries: as a bearer's token, or as the name of basic access. */
export async function authenticate(reader: StoreReader, authorization: string | undefined): Promise<Account> {
  const key = keyIn(authorization ?? "");
  if (key === undefined) {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, " +
        "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    );
  }
  const account = await reader.find(accounts, "secret_key", key);
  if (!account) throw unauthorized(`Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`);
  return account;
}

function keyIn(authorization: string): string | undefined {
  const [, scheme = "", given = ""] = /^(\w+)\s+(\S+)$/.exec(authorization.trim()) ?? [];
  if (/^bearer$/i.test(scheme)) return given;
  if (!/^basic$/i.test(scheme)) return undefined;
  return Buffer.from(given, "base64").toString("utf8").split(":")[0] || undefined;
}

function unauthorized(message: string): StripeRefusal {
  return new StripeRefusal({ status: 401, type: "invalid_request_error", message, begun: false });
}
