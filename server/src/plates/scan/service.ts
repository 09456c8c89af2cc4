import { type ChannelAccount, type Channels, takes } from "../../channels/index.ts";
import type { Clock, Random } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import { ERRORS, Problem } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Merchants } from "../../merchants/index.ts";
import type { Payments, Whole } from "../../payments/index.ts";
import { type BoundPlate, isBound, type Plate } from "../model.ts";
import { type AmountBounds, type ReadAmount, readAmount } from "./amount.ts";
import { newScanToken, readScanToken } from "./token.ts";

export type ScanDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly keyring: Pick<Keyring, "mac" | "macs">;
  readonly merchants: Pick<Merchants, "get">;
  readonly channels: Pick<Channels, "accountsOfMerchant">;
  readonly payments: Pick<Payments, "create">;
};

/** What a scan of a plate finds. */
export type Scanned =
  | { readonly found: "not_yet"; readonly state: "blank" | "opening" | "disabled" }
  /** It is in service, and the merchant can take nothing at this moment. */
  | { readonly found: "closed_shop"; readonly merchantName: string }
  | { readonly found: "ready"; readonly ready: Ready };

export type Ready = {
  readonly plate: BoundPlate;
  readonly merchantName: string;
  /** What one payment may be here. */
  readonly bounds: AmountBounds;
};

export type ScanPayment =
  | { readonly result: "payment"; readonly whole: Whole }
  /** The token is old, or the plate was changed since: scan again. */
  | { readonly result: "stale" }
  | { readonly result: "amount"; readonly fault: Extract<ReadAmount, { fault: string }>["fault"] }
  /** This scan has made a payment of another amount. */
  | { readonly result: "other_amount" }
  | { readonly result: "refused"; readonly status: number };

/** A buyer stands at the counter: what is not paid by then is started anew by another scan. */
const EXPIRES_IN_SECONDS = 15 * 60;

/** What the plate is to whoever scans it now. */
export async function scanPlate(deps: ScanDeps, plate: Plate): Promise<Scanned> {
  if (plate.state === "blank" || plate.state === "disabled") return { found: "not_yet", state: plate.state };
  if (plate.state !== "active" || !isBound(plate)) return { found: "not_yet", state: "opening" };
  const merchant = await deps.merchants.get(plate.merchantId);
  const merchantName = merchant?.name ?? "";
  const bounds = boundsOf(await deps.channels.accountsOfMerchant(plate.merchantId), plate);
  const { amount } = plate;
  const takes = bounds !== null && (amount === null || (bounds.min <= amount && amount <= bounds.max));
  if (merchant?.status !== "active" || !takes) return { found: "closed_shop", merchantName };
  return { found: "ready", ready: { plate, merchantName, bounds } };
}

/** The widest limits of the active accounts that take the plate's currency; null: there is none. */
function boundsOf(accounts: readonly ChannelAccount[], { currency }: BoundPlate): AmountBounds | null {
  const taking = accounts.filter((one) => takes(one, { amount: null, currency }));
  const min = ascending(taking.map((account) => account.amountMin)).at(0);
  const max = ascending(taking.map((account) => account.amountMax)).at(-1);
  return min === undefined || max === undefined ? null : { min, max };
}

function ascending(amounts: readonly bigint[]): readonly bigint[] {
  return amounts.toSorted((a, b) => (a < b ? -1 : 1));
}

export function startScan(deps: ScanDeps, plate: Plate): string {
  return newScanToken(deps.keyring, deps.random, plate, deps.clock.now());
}

/** The payment of one scan. Asked for again with the same token and amount it is the same payment. */
export async function payByScan(
  deps: ScanDeps,
  { plate, bounds }: Ready,
  token: string,
  typed: string | null,
): Promise<ScanPayment> {
  const scan = readScanToken(deps.keyring, token, plate, deps.clock.now());
  if (scan === null) return { result: "stale" };
  const read =
    plate.amount === null ? readAmount(typed ?? "", plate.currency, bounds) : { amount: plate.amount };
  if ("fault" in read) return { result: "amount", fault: read.fault };
  const merchant = await deps.merchants.get(plate.merchantId);
  if (merchant === null) return { result: "refused", status: 404 };
  try {
    const whole = await deps.payments.create(
      { merchant },
      {
        merchant_order_no: `Q${plate.code}-${scan.nonce}`,
        amount: Number(read.amount),
        currency: plate.currency,
        subject: plate.subject,
        ...(plate.storeId === null ? {} : { store: formatId("str", plate.storeId) }),
        ...(plate.terminalId === null ? {} : { terminal: formatId("trm", plate.terminalId) }),
        expires_in: EXPIRES_IN_SECONDS,
        metadata: { plate: formatId("plt", plate.id) },
      },
    );
    return { result: "payment", whole };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === "number_reused") return { result: "other_amount" };
    return { result: "refused", status: ERRORS[error.code].status };
  }
}
