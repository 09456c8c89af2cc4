import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AlipaySdk, type AlipaySdkConfig } from "alipay-sdk";

/**
 * A merchant for tests: keys of its own, an app at the sandbox, the official SDK, and an ear for
 * notifications.
 */
export type TestMerchant = {
  sdk: AlipaySdk;
  appId: string;
  pid: string;
  privateKey: string;
  provisioned: Record<string, string>;
  notifyUrl: string;
  /** What arrived, oldest first. */
  heard: Record<string, string>[];
  /** What the merchant answers; "success" acknowledges, null is no answer at all. */
  answerWith: (text: string | null) => void;
  /** Waits until `count` notifications have arrived. */
  hear: (count: number) => Promise<Record<string, string>[]>;
  exec: (method: string, bizContent: object, more?: object) => Promise<Record<string, string>>;
  stop: () => Promise<void>;
};

export function newKeys(): { privateKey: string; publicKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

export async function startMerchant(url: string, app: object = {}): Promise<TestMerchant> {
  const { privateKey, publicKey } = newKeys();
  const provisioned = (await postJson(`${url}/alipay/apps`, { app_public_key: publicKey, ...app })).body;
  const sdk = new AlipaySdk(sdkConfig(provisioned, privateKey));
  const heard: Record<string, string>[] = [];
  let answer: string | null = "success";
  const listeners = new Set<() => void>();
  const listen = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    heard.push(Object.fromEntries(new URLSearchParams(await bodyText(request))));
    if (answer !== null) response.end(answer);
    for (const listener of listeners) listener();
    listeners.clear();
  };
  const server = createServer((request, response) => void listen(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const notifyUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`;
  return {
    sdk,
    appId: provisioned.app_id!,
    pid: provisioned.pid!,
    privateKey,
    provisioned,
    notifyUrl,
    heard,
    answerWith: (text) => {
      answer = text;
    },
    hear: async (count) => {
      while (heard.length < count) await new Promise<void>((resolve) => listeners.add(resolve));
      return heard;
    },
    exec: (method, bizContent, more = {}) =>
      sdk.exec(method, { bizContent, ...more }, { validateSign: true }) as never,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function sdkConfig(provisioned: Record<string, string>, privateKey: string): AlipaySdkConfig {
  const common = {
    appId: provisioned.app_id!,
    privateKey,
    keyType: "PKCS8" as const,
    gateway: provisioned.gateway_url!,
    camelcase: false,
  };
  return provisioned.app_cert
    ? {
        ...common,
        appCertContent: provisioned.app_cert,
        alipayPublicCertContent: provisioned.alipay_cert!,
        alipayRootCertContent: provisioned.alipay_root_cert!,
      }
    : { ...common, alipayPublicKey: provisioned.alipay_public_key! };
}

export async function postJson(
  url: string,
  body: object,
  method = "POST",
): Promise<{ status: number; body: Record<string, string> }> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : {} };
}

async function bodyText(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
