import { type Issuer, issueUnder, type Name } from "../../certificates/index.ts";
import type { SandboxClock, SandboxRandom } from "../../clock.ts";
import type { SandboxStore } from "../../store/index.ts";
import { type Chain, chains, type KeyAndCertificate } from "../model.ts";
import type { Signer } from "../wire/message.ts";

export type ChainDeps = { store: SandboxStore; clock: SandboxClock; random: SandboxRandom };

const authorityName = (unit: string, commonName: string): Name => [
  ["C", "CN"],
  ["O", "Sandbox Financial"],
  ["OU", unit],
  ["CN", commonName],
];

const rootName = authorityName("UnionPay", "Sandbox UnionPay Root CA");
const middleName = authorityName("UnionPay", "Sandbox UnionPay Middle CA");

/** By this part of the common name a merchant tells UnionPay's own certificate from any other's. */
export const signingName: Name = [
  ["C", "CN"],
  ["O", "Sandbox Financial"],
  ["OU", "Enterprises"],
  ["CN", "041@Zsandbox@中国银联股份有限公司@00000001"],
];

/** Root, middle and signing certificate of the simulated UnionPay, made when they are first needed. */
export async function chainOf(deps: ChainDeps): Promise<Chain> {
  const known = await deps.store.get(chains, "unionpay");
  if (known) return known;
  const root = await certified(deps, null, rootName, true);
  const middle = await certified(deps, { ...root, name: rootName }, middleName, true);
  const signing = await certified(deps, { ...middle, name: middleName }, signingName, false);
  await deps.store.transaction((tx) => tx.insert(chains, { id: "unionpay", root, middle, signing }));
  return (await deps.store.get(chains, "unionpay"))!;
}

/** What UnionPay signs with at this moment. */
export async function signerOf(deps: ChainDeps): Promise<Signer> {
  return (await chainOf(deps)).signing;
}

/** UnionPay signs with a new key from now on; its certificate is under the same authorities. */
export async function rotateSigning(deps: ChainDeps): Promise<Chain> {
  const known = await chainOf(deps);
  const signing = await certified(deps, { ...known.middle, name: middleName }, signingName, false);
  return deps.store.transaction(async (tx) => {
    const current = (await tx.lock(chains, "unionpay"))!;
    const next = { ...current, signing };
    await tx.update(chains, next);
    return next;
  });
}

/** A stranger's key under UnionPay's name, in a certificate that no authority stands behind. */
export async function strangerUnderItsName(deps: ChainDeps): Promise<Signer> {
  return certified(deps, null, signingName, false);
}

/** A merchant's certificate, from the authority that UnionPay's own comes from. */
export async function merchantCertificate(
  deps: ChainDeps,
  merchant: { merId: string; merchantName: string; publicKey: string },
): Promise<string> {
  const { middle } = await chainOf(deps);
  const subject: Name = [
    ["C", "CN"],
    ["O", merchant.merchantName],
    ["OU", "Merchants"],
    ["CN", `041@Zsandbox@${merchant.merId}@00000001`],
  ];
  const holder = { subject, publicKey: merchant.publicKey, isAuthority: false };
  return issueUnder({ ...middle, name: middleName }, deps.random, deps.clock.now(), holder);
}

/** A fresh key under a name; without an issuer it vouches for itself. */
async function certified(
  deps: ChainDeps,
  issuer: Issuer | null,
  subject: Name,
  isAuthority: boolean,
): Promise<KeyAndCertificate> {
  const { privateKey, publicKey } = await deps.random.keyPair();
  const by = issuer ?? { name: subject, privateKey };
  const certificate = issueUnder(by, deps.random, deps.clock.now(), { subject, publicKey, isAuthority });
  return { privateKey, publicKey, certificate };
}
