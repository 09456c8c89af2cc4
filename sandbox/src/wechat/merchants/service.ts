import { authorityOf, issueLeaf, readPublicKey, serialOf } from "../../certificates/index.ts";
import { beijingDate } from "../../china/beijing.ts";
import { randomDigits } from "../../clock.ts";
import { Refused } from "../../refuse.ts";
import type { StoreReader } from "../../store/index.ts";
import type { WechatDeps } from "../context.ts";
import { type Merchant, merchants, oauthApps, type PlatformKey, type SubMerchant } from "../model.ts";

export type MerchantAsked = {
  mchid: string | null;
  appid: string | null;
  /** Null where the sandbox is to make the pair. */
  publicKey: string | null;
  mode: Merchant["mode"];
  subMchids: string[];
  merchantName: string;
  refundNotifyUrl: string | null;
  feeRateMillionths: bigint;
};

/**
 * Registers a merchant, or answers the one that already has this mchid, key and mode; refuses another key for
 * a known mchid.
 */
export async function provisionMerchant(
  deps: WechatDeps,
  asked: MerchantAsked,
): Promise<{ merchant: Merchant; created: boolean }> {
  const publicKey = asked.publicKey === null ? null : publicKeyOrRefusal(asked.publicKey);
  if (asked.mchid !== null) {
    const known = await deps.store.get(merchants, asked.mchid);
    if (known) return { merchant: sameOrRefusal(known, asked, publicKey), created: false };
  }
  const made = await newMerchant(deps, asked, publicKey);
  const inserted = await deps.store.transaction(async (tx) => {
    for (const app of [made, ...made.subMerchants]) {
      await tx.insert(oauthApps, { appid: app.appid, secret: app.appSecret! });
    }
    return tx.insert(merchants, made);
  });
  if (inserted) return { merchant: made, created: true };
  const winner = await deps.store.get(merchants, made.mchid);
  return { merchant: sameOrRefusal(winner!, asked, publicKey), created: false };
}

/** Replaces the key and certificate that requests are verified with; the old ones stop working at once. */
export async function rotateMerchantKey(deps: WechatDeps, mchid: string, keyText: string): Promise<Merchant> {
  const publicKey = publicKeyOrRefusal(keyText);
  const current = await merchantOrRefusal(deps.store, mchid);
  const certificate = await merchantCertificate(deps, current, publicKey);
  const changed = { publicKey, privateKey: null, certificate, serial: serialOf(certificate) };
  return updateMerchant(deps, mchid, (merchant) => ({ ...merchant, ...changed }));
}

/**
 * Gives the merchant's WeChat Pay a new key of the merchant's mode, which signs from now on; the old ones are
 * kept for those who name them.
 */
export async function rotatePlatformKey(deps: WechatDeps, mchid: string): Promise<Merchant> {
  const current = await merchantOrRefusal(deps.store, mchid);
  const key =
    current.mode === "certificate" ? await certificateKey(deps, mchid) : await publicKeyKey(deps, mchid);
  return updateMerchant(deps, mchid, (merchant) => ({
    ...merchant,
    platformKeys: [...merchant.platformKeys, key],
  }));
}

/** The merchant, or a refusal that names it. */
export async function merchantOrRefusal(store: StoreReader, mchid: string): Promise<Merchant> {
  const merchant = await store.get(merchants, mchid);
  if (merchant) return merchant;
  const message = `There is no merchant ${mchid}; POST /wechat/merchants makes one.`;
  throw new Refused(404, "merchant_unknown", message);
}

function updateMerchant(
  deps: WechatDeps,
  mchid: string,
  change: (merchant: Merchant) => Merchant,
): Promise<Merchant> {
  return deps.store.transaction(async (tx) => {
    const merchant = change((await tx.lock(merchants, mchid))!);
    await tx.update(merchants, merchant);
    return merchant;
  });
}

async function newMerchant(
  deps: WechatDeps,
  asked: MerchantAsked,
  givenKey: string | null,
): Promise<Merchant> {
  const { random, clock } = deps;
  const mchid = asked.mchid ?? `19${randomDigits(random, 8)}`;
  const pair = givenKey === null ? await random.keyPair() : { publicKey: givenKey, privateKey: null };
  const named = { mchid, merchantName: asked.merchantName };
  const certificate = await merchantCertificate(deps, named, pair.publicKey);
  const platformKeys = [await publicKeyKey(deps, mchid)];
  if (asked.mode === "certificate") platformKeys.push(await certificateKey(deps, mchid));
  const appid = asked.appid ?? newAppid(deps);
  // Merchants that share an app share its secret.
  const known = await deps.store.get(oauthApps, appid);
  return {
    ...named,
    appid,
    appSecret: known?.secret ?? newSecret(deps),
    mode: asked.mode,
    apiV3Key: random.bytes(16).toString("hex"),
    apiV2Key: random.bytes(16).toString("hex"),
    publicKey: pair.publicKey,
    privateKey: pair.privateKey,
    certificate,
    serial: serialOf(certificate),
    platformKeys,
    subMerchants: asked.subMchids.map(
      (sub): SubMerchant => ({
        mchid: sub,
        appid: newAppid(deps),
        appSecret: newSecret(deps),
      }),
    ),
    refundNotifyUrl: asked.refundNotifyUrl,
    feeRateMillionths: asked.feeRateMillionths,
    createdAt: clock.now(),
  };
}

function newAppid(deps: WechatDeps): string {
  return `wx${deps.random.bytes(8).toString("hex")}`;
}

function newSecret(deps: WechatDeps): string {
  return deps.random.bytes(16).toString("hex");
}

async function merchantCertificate(
  deps: WechatDeps,
  merchant: { mchid: string; merchantName: string },
  publicKey: string,
): Promise<string> {
  const holder = { organization: merchant.merchantName, unit: "WeChat Pay", commonName: merchant.mchid };
  return issueLeaf(await authorityOf(deps), deps.random, deps.clock.now(), { ...holder, publicKey });
}

async function publicKeyKey(deps: WechatDeps, mchid: string): Promise<PlatformKey> {
  const now = deps.clock.now();
  const day = beijingDate(now).replaceAll("-", "");
  const id = `PUB_KEY_ID_01${mchid}${day}${randomDigits(deps.random, 16)}`;
  return { id, ...(await deps.random.keyPair()), certificate: null, createdAt: now };
}

async function certificateKey(deps: WechatDeps, mchid: string): Promise<PlatformKey> {
  const pair = await deps.random.keyPair();
  const now = deps.clock.now();
  const holder = { organization: "Sandbox WeChat Pay", unit: "Platform", commonName: `platform-${mchid}` };
  const certificate = issueLeaf(await authorityOf(deps), deps.random, now, {
    ...holder,
    publicKey: pair.publicKey,
  });
  return { id: serialOf(certificate), ...pair, certificate, createdAt: now };
}

function publicKeyOrRefusal(text: string): string {
  const key = readPublicKey(text);
  if (key) return key;
  const message =
    "merchant_public_key must be an RSA public key of at least 2048 bits, as PEM or bare base64.";
  throw new Refused(400, "merchant_public_key_invalid", message);
}

function sameOrRefusal(known: Merchant, asked: MerchantAsked, publicKey: string | null): Merchant {
  const same =
    (publicKey === null ? known.privateKey !== null : known.publicKey === publicKey) &&
    known.mode === asked.mode &&
    (asked.appid === null || asked.appid === known.appid);
  if (same) return known;
  const message =
    `Merchant ${known.mchid} exists with another key, mode or appid. ` +
    `Change its key with POST /wechat/merchants/${known.mchid}/keys.`;
  throw new Refused(409, "merchant_exists", message);
}
