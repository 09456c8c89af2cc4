import type { CredentialFault, MerchantAtChannel } from "../port.ts";
import { STRIPE_CURRENCIES } from "./amount.ts";

/** Credentials as an operator enters them and as they are stored (encrypted). */
export type StripeCredentialsInput = {
  /** `sk_…`, or a restricted key `rk_…` with the permissions that docs/operate.md lists. */
  readonly secret_key: string;
  /** `pk_…`: public; a merchant's app needs it. */
  readonly publishable_key: string;
  /** `whsec_…` of the webhook endpoint. */
  readonly webhook_secret: string;
  /** The one before it, while a roll is under way and Stripe still signs with both. */
  readonly previous_webhook_secret?: string;
  /** `acct_…`; where it is entered, a key of another account is not taken. */
  readonly account_id?: string;
  /** Currencies in which the account settles what it charges; others are refused. Left out: all. */
  readonly currencies?: readonly string[];
};

/** Credentials read once. */
export type StripeCredentials = {
  readonly secretKey: string;
  readonly publishableKey: string;
  /** The present one first. */
  readonly webhookSecrets: readonly string[];
  readonly accountId: string | null;
  readonly currencies: readonly string[];
  /** Whether money is real: an event of the other mode is not ours. */
  readonly isLive: boolean;
};

type Parsed =
  | { ok: true; credentials: StripeCredentials }
  | { ok: false; faults: readonly CredentialFault[] };
type Report = (field: string, detail: string) => void;

const REQUIRED_FIELDS = ["secret_key", "publishable_key", "webhook_secret"];
const OPTIONAL_FIELDS = ["previous_webhook_secret", "account_id"];
const CURRENCIES = "currencies";

const FORMS: Readonly<Record<string, readonly [form: RegExp, detail: string]>> = {
  secret_key: [
    /^(?:sk|rk)_(?:test|live)_[0-9A-Za-z]{8,240}$/,
    "is the secret key: it begins with sk_ or rk_",
  ],
  publishable_key: [/^pk_(?:test|live)_[0-9A-Za-z]{8,240}$/, "is the publishable key: it begins with pk_"],
  webhook_secret: [
    /^whsec_[\x21-\x7e]{8,240}$/,
    "is the signing secret of the webhook endpoint: it begins with whsec_",
  ],
  previous_webhook_secret: [
    /^whsec_[\x21-\x7e]{8,240}$/,
    "is the signing secret before a roll: it begins with whsec_; leave it out when none is under way",
  ],
  account_id: [/^acct_[0-9A-Za-z]{4,60}$/, "is the account's id in the dashboard: it begins with acct_"],
};

/** Reads credentials; every fault at once, each naming its field and what to do. */
export function parseCredentials(raw: unknown): Parsed {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    return { ok: false, faults: [{ field: "credentials", detail: "must be an object" }] };
  }
  const faults = shapeFaults(raw as Record<string, unknown>);
  if (faults.length > 0) return { ok: false, faults };
  const input = raw as StripeCredentialsInput;

  const report: Report = (field, detail) => faults.push({ field, detail });
  formFaults(input, report);
  if (faults.length > 0) return { ok: false, faults };
  const previous = input.previous_webhook_secret;
  return {
    ok: true,
    credentials: {
      secretKey: input.secret_key,
      publishableKey: input.publishable_key,
      webhookSecrets: [input.webhook_secret, ...(previous === undefined ? [] : [previous])],
      accountId: input.account_id ?? null,
      currencies: input.currencies ?? STRIPE_CURRENCIES,
      isLive: isLive(input.secret_key),
    },
  };
}

/** The account, where it was entered; else Stripe tells it when the key is proved. */
export function merchantOf(credentials: unknown): MerchantAtChannel | null {
  const { accountId } = credentials as StripeCredentials;
  return accountId === null ? null : { account_id: accountId };
}

function shapeFaults(input: Record<string, unknown>): CredentialFault[] {
  const faults: CredentialFault[] = [];
  for (const field of [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS]) {
    const value = input[field];
    if (value === undefined && OPTIONAL_FIELDS.includes(field)) continue;
    if (!isText(value)) faults.push({ field, detail: "is missing; it is a text that is not empty" });
  }
  const currencies = input[CURRENCIES];
  if (currencies !== undefined && !isCurrencyList(currencies)) {
    const known = STRIPE_CURRENCIES.join(", ");
    faults.push({ field: CURRENCIES, detail: `is a list of some of ${known}; leave it out for all` });
  }
  const known = [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS, CURRENCIES];
  for (const field of Object.keys(input).sort()) {
    if (!known.includes(field)) faults.push({ field, detail: "is not a field of Stripe; remove it" });
  }
  return faults;
}

function formFaults(input: StripeCredentialsInput, report: Report): void {
  for (const [field, [form, detail]] of Object.entries(FORMS)) {
    const value = (input as Record<string, unknown>)[field];
    if (value !== undefined && !form.test(value as string)) report(field, detail);
  }
  if (isLive(input.secret_key) !== isLive(input.publishable_key)) {
    report("publishable_key", "is of the other mode than secret_key; enter two test keys or two live keys");
  }
  if (input.previous_webhook_secret === input.webhook_secret) {
    report(
      "previous_webhook_secret",
      "is the same as webhook_secret; leave it out when no roll is under way",
    );
  }
}

function isLive(key: string): boolean {
  return key.slice(2).startsWith("_live_");
}

function isCurrencyList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((one) => STRIPE_CURRENCIES.includes(one));
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}
