import { X509Certificate } from "node:crypto";
import type { SandboxClock } from "../clock.ts";
import type { StoreReader } from "../store/index.ts";
import { type Merchant, merchants } from "./model.ts";
import type { MessageKind, Path } from "./operations/call.ts";
import { Fields } from "./wire/fields.ts";
import { UnionpayRefusal } from "./wire/resp-codes.ts";
import { isSignedBy, type Params } from "./wire/signing.ts";

// The ladder on which a request is checked before its content is looked at; which refusal wins is its order:
// the envelope, the merchant, the signature, what is asked for.

const merIdPattern = /^\d{15}$/;

/** Who asks for what. */
export type Verified<K> = { merchant: Merchant; kind: K; fields: Fields };

/** Checks a request at one of the gateway's paths against the kinds known there; throws the refusal. */
export async function verifyRequest<K extends MessageKind>(
  deps: { store: StoreReader; clock: SandboxClock },
  path: Path,
  params: Params,
  kinds: readonly K[],
): Promise<Verified<K>> {
  const fields = new Fields(params);
  fields.oneOf("version", ["5.1.0"]);
  fields.oneOf("encoding", ["UTF-8"]);
  fields.oneOf("signMethod", ["01"]);
  const merId = fields.shaped("merId", merIdPattern);
  const merchant = await deps.store.get(merchants, merId);
  if (!merchant) throw new UnionpayRefusal("31", "merId");
  verifySignature(fields, merchant, deps.clock.now());
  return { merchant, kind: kindOf(path, fields, kinds), fields };
}

function verifySignature(fields: Fields, merchant: Merchant, now: Date): void {
  const certId = fields.required("certId", 64);
  fields.required("signature", 1_024);
  if (certId !== merchant.certId) throw new UnionpayRefusal("11", "certId");
  const { validFromDate, validToDate } = new X509Certificate(merchant.certificate);
  // A certificate is as exact as a second.
  if (now.getTime() + 1_000 < validFromDate.getTime() || now > validToDate) {
    throw new UnionpayRefusal("11", "the certificate is past its time");
  }
  if (!isSignedBy(fields.params, merchant.publicKey)) throw new UnionpayRefusal("11");
}

function kindOf<K extends MessageKind>(path: Path, fields: Fields, kinds: readonly K[]): K {
  const txnType = fields.required("txnType", 2);
  const txnSubType = fields.required("txnSubType", 2);
  const bizType = fields.required("bizType", 6);
  fields.oneOf("accessType", ["0"]);
  const here = kinds.filter((one) => one.path === path && one.txnType === txnType);
  if (here.length === 0) throw new UnionpayRefusal("10", "txnType");
  const kind = here.find((one) => one.txnSubType === txnSubType);
  if (!kind) throw new UnionpayRefusal("10", "txnSubType");
  if (!kind.bizTypes.includes(bizType)) throw new UnionpayRefusal("10", "bizType");
  return kind;
}
