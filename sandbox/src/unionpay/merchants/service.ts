import { X509Certificate } from "node:crypto";
import { readPublicKey, serialOf } from "../../certificates/index.ts";
import { randomDigits } from "../../clock.ts";
import { Refused } from "../../refuse.ts";
import type { SandboxStore } from "../../store/index.ts";
import { type Merchant, merchants } from "../model.ts";
import { type ChainDeps, merchantCertificate } from "./chain.ts";

export type MerchantAsked = {
  merId: string | null;
  /** A certificate or a public key of the merchant's own; null where the sandbox is to make the pair. */
  certificate: string | null;
  publicKey: string | null;
  merchantName: string;
  categoryCode: string;
  feeRateMillionths: bigint;
  refundWindowDays: number;
  codeRefundWindowDays: number;
};

type Identity = Pick<Merchant, "publicKey" | "privateKey" | "certificate" | "certId">;
/** What a merchant shows of itself: a certificate, a key alone, or neither. */
export type Shown = { certificate: string | null; publicKey: string | null };

/**
 * Registers a merchant, or answers the one that already has this merId and key; refuses another key for a
 * known merId.
 */
export async function provisionMerchant(
  deps: ChainDeps,
  asked: MerchantAsked,
): Promise<{ merchant: Merchant; created: boolean }> {
  const publicKey = shownKey(asked);
  if (asked.merId !== null) {
    const known = await deps.store.get(merchants, asked.merId);
    if (known) return { merchant: sameOrRefusal(known, publicKey), created: false };
  }
  const merId = asked.merId ?? `777290${randomDigits(deps.random, 9)}`;
  const { merchantName, categoryCode, feeRateMillionths, refundWindowDays, codeRefundWindowDays } = asked;
  const made: Merchant = {
    merId,
    merchantName,
    categoryCode,
    ...(await identityOf(deps, { merId, merchantName }, asked)),
    feeRateMillionths,
    refundWindowDays,
    codeRefundWindowDays,
    createdAt: deps.clock.now(),
  };
  if (await deps.store.transaction((tx) => tx.insert(merchants, made))) {
    return { merchant: made, created: true };
  }
  const winner = await deps.store.get(merchants, merId);
  return { merchant: sameOrRefusal(winner!, publicKey), created: false };
}

/** Replaces the key and certificate that requests are verified with; the old ones stop working at once. */
export async function rotateMerchantKey(deps: ChainDeps, merId: string, shown: Shown): Promise<Merchant> {
  shownKey(shown);
  const current = await merchantOrRefusal(deps.store, merId);
  const identity = await identityOf(deps, current, shown);
  return deps.store.transaction(async (tx) => {
    const next = { ...(await tx.lock(merchants, merId))!, ...identity };
    await tx.update(merchants, next);
    return next;
  });
}

/** The merchant, or a refusal that names it. */
export async function merchantOrRefusal(store: SandboxStore, merId: string): Promise<Merchant> {
  const merchant = await store.get(merchants, merId);
  if (merchant) return merchant;
  const message = `There is no merchant ${merId}; POST /unionpay/merchants makes one.`;
  throw new Refused(404, "merchant_unknown", message);
}

async function identityOf(
  deps: ChainDeps,
  merchant: { merId: string; merchantName: string },
  shown: Shown,
): Promise<Identity> {
  const { merId, merchantName } = merchant;
  const known = shownKey(shown);
  const pair = known === null ? await deps.random.keyPair() : { publicKey: known, privateKey: null };
  const certificate =
    shown.certificate ??
    (await merchantCertificate(deps, { merId, merchantName, publicKey: pair.publicKey }));
  return { ...pair, certificate, certId: BigInt(`0x${serialOf(certificate)}`).toString() };
}

/** The key that a merchant shows; null where it shows none. */
function shownKey({ certificate, publicKey }: Shown): string | null {
  if (certificate !== null) {
    const key = keyInCertificate(certificate);
    if (key !== undefined) return key;
    const message =
      "merchant_certificate must be a certificate over an RSA key of 2048 bits or more, as PEM.";
    throw new Refused(400, "merchant_certificate_invalid", message);
  }
  if (publicKey === null) return null;
  const key = readPublicKey(publicKey);
  if (key) return key;
  const message =
    "merchant_public_key must be an RSA public key of at least 2048 bits, as PEM or bare base64.";
  throw new Refused(400, "merchant_public_key_invalid", message);
}

function keyInCertificate(pem: string): string | undefined {
  try {
    return readPublicKey(
      new X509Certificate(pem).publicKey.export({ type: "spki", format: "pem" }) as string,
    );
  } catch {
    return undefined;
  }
}

function sameOrRefusal(known: Merchant, publicKey: string | null): Merchant {
  if (publicKey === null ? known.privateKey !== null : known.publicKey === publicKey) return known;
  const message =
    `Merchant ${known.merId} exists with another key. ` +
    `Change its key with POST /unionpay/merchants/${known.merId}/keys.`;
  throw new Refused(409, "merchant_exists", message);
}
