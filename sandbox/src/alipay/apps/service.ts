import { authorityOf, issueLeaf, readPublicKey } from "../../certificates/index.ts";
import { randomDigits, randomToken, type SandboxClock, type SandboxRandom } from "../../clock.ts";
import { Refused } from "../../refuse.ts";
import type { SandboxStore, StoreReader, StoreTx } from "../../store/index.ts";
import { type App, type AppCertificates, apps } from "../model.ts";
import { alipaySerialOf } from "./serial.ts";

export type AppDeps = { store: SandboxStore; clock: SandboxClock; random: SandboxRandom };

export type AppAsked = {
  appId: string | null;
  appPublicKey: string;
  pid: string | null;
  mode: App["mode"];
  serviceProvider: boolean;
  merchantName: string;
  feeRateMillionths: bigint;
};

/**
 * Registers an app, or answers the one that already has this id, key and mode; refuses another key for a
 * known id.
 */
export async function provisionApp(deps: AppDeps, asked: AppAsked): Promise<{ app: App; created: boolean }> {
  const appPublicKey = publicKeyOrRefusal(asked.appPublicKey);
  if (asked.appId !== null) {
    const known = await deps.store.get(apps, asked.appId);
    if (known) return { app: sameAppOrRefusal(known, asked, appPublicKey), created: false };
  }
  const app = await newApp(deps, asked, appPublicKey);
  const inserted = await deps.store.transaction((tx) => tx.insert(apps, app));
  if (inserted) return { app, created: true };
  const winner = await deps.store.get(apps, app.appId);
  return { app: sameAppOrRefusal(winner!, asked, appPublicKey), created: false };
}

/** Replaces the key that requests are verified with; the old one stops working at once. */
export async function rotateAppKey(deps: AppDeps, appId: string, appPublicKeyText: string): Promise<App> {
  const appPublicKey = publicKeyOrRefusal(appPublicKeyText);
  const current = await appOrRefusal(deps.store, appId);
  const certificates = await certificatesFor(deps, { ...current, appPublicKey });
  return updateApp(deps, appId, (app) => ({ ...app, appPublicKey, certificates }));
}

/** Replaces the pair that answers and notifications are signed with; the old one signs nothing new. */
export async function rotatePlatformKey(deps: AppDeps, appId: string): Promise<App> {
  const current = await appOrRefusal(deps.store, appId);
  const pair = await deps.random.keyPair();
  const keys = { platformPrivateKey: pair.privateKey, platformPublicKey: pair.publicKey };
  const certificates = await certificatesFor(deps, { ...current, ...keys });
  return updateApp(deps, appId, (app) => ({ ...app, ...keys, certificates }));
}

/** The app, or a refusal that names it. */
export async function appOrRefusal(store: StoreReader, appId: string): Promise<App> {
  const app = await store.get(apps, appId);
  if (!app) throw new Refused(404, "app_unknown", `There is no app ${appId}; POST /alipay/apps makes one.`);
  return app;
}

function updateApp(deps: AppDeps, appId: string, change: (app: App) => App): Promise<App> {
  return deps.store.transaction(async (tx: StoreTx) => {
    const app = change((await tx.lock(apps, appId))!);
    await tx.update(apps, app);
    return app;
  });
}

async function newApp(deps: AppDeps, asked: AppAsked, appPublicKey: string): Promise<App> {
  const { random, clock } = deps;
  const pair = await random.keyPair();
  const pid = asked.pid ?? `2088${randomDigits(random, 12)}`;
  const app: App = {
    appId: asked.appId ?? `2021${randomDigits(random, 12)}`,
    pid,
    merchantName: asked.merchantName,
    mode: asked.mode,
    appPublicKey,
    platformPrivateKey: pair.privateKey,
    platformPublicKey: pair.publicKey,
    certificates: null,
    authorisation: asked.serviceProvider
      ? {
          appAuthToken: `${clock.now().getUTCFullYear()}BB${randomToken(random, 24).replace(/[-_]/g, "0")}`,
          sellerId: `2088${randomDigits(random, 12)}`,
          authAppId: `2021${randomDigits(random, 12)}`,
        }
      : null,
    feeRateMillionths: asked.feeRateMillionths,
    createdAt: clock.now(),
  };
  return { ...app, certificates: await certificatesFor(deps, app) };
}

async function certificatesFor(deps: AppDeps, app: App): Promise<AppCertificates | null> {
  if (app.mode === "public_key") return null;
  const { random, clock } = deps;
  const now = clock.now();
  const ca = await authorityOf(deps);
  const leaf = (organization: string, unit: string, commonName: string, publicKey: string) =>
    issueLeaf(ca, random, now, { organization, unit, commonName, publicKey });
  const appCert = leaf(app.merchantName, "Alipay", `${app.pid}-${app.appId}`, app.appPublicKey);
  const alipayCert = leaf("Sandbox Financial", "Alipay", `sandbox-${app.pid}`, app.platformPublicKey);
  return {
    appCert,
    appCertSn: alipaySerialOf(appCert),
    alipayCert,
    alipayCertSn: alipaySerialOf(alipayCert),
    rootCert: ca.certificate,
    rootCertSn: alipaySerialOf(ca.certificate),
  };
}

function publicKeyOrRefusal(text: string): string {
  const key = readPublicKey(text);
  if (key) return key;
  const message = "app_public_key must be an RSA public key of at least 2048 bits, as PEM or bare base64.";
  throw new Refused(400, "app_public_key_invalid", message);
}

function sameAppOrRefusal(known: App, asked: AppAsked, appPublicKey: string): App {
  const same =
    known.appPublicKey === appPublicKey &&
    known.mode === asked.mode &&
    (known.authorisation !== null) === asked.serviceProvider &&
    (asked.pid === null || asked.pid === known.pid);
  if (same) return known;
  const message =
    `App ${known.appId} exists with another key, mode or pid. ` +
    `Change its key with POST /alipay/apps/${known.appId}/keys.`;
  throw new Refused(409, "app_exists", message);
}
