import assert from "node:assert/strict";
import type { Json, TestPlatform } from "../../../tools/testing/platform.ts";

export const WECHAT_AGENT =
  "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 MicroMessenger/8.0.49";
export const ALIPAY_AGENT =
  "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 AlipayClient/10.6.0";
export const BROWSER_AGENT =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1";

/** A page or redirect as a phone's browser gets it; redirects are not followed. */
export type Opened = { readonly status: number; readonly location: string; readonly text: string };

export function phone(platform: TestPlatform, agent: string, language = "en") {
  const headers = { "user-agent": agent, "accept-language": language };
  const at = (path: string) => new URL(path, platform.baseUrl);
  const opened = async (answer: Response): Promise<Opened> => ({
    status: answer.status,
    location: answer.headers.get("location") ?? "",
    text: await answer.text(),
  });
  return {
    open: async (path: string) => opened(await fetch(at(path), { headers, redirect: "manual" })),
    send: async (path: string, fields: Record<string, string>) =>
      opened(
        await fetch(at(path), {
          method: "POST",
          headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams(fields).toString(),
          redirect: "manual",
        }),
      ),
  };
}

/** The value of a form's hidden field. */
export function fieldIn(text: string, name: string): string {
  const found = new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1];
  assert.ok(found !== undefined, `no field ${name} in ${text}`);
  return found;
}

/** Where a page leads by itself. */
export function refreshIn(text: string): string {
  const found = /http-equiv="refresh" content="\d+;url=([^"]*)"/.exec(text)?.[1];
  assert.ok(found !== undefined, `the page leads nowhere: ${text}`);
  return found;
}

export async function ok(answer: Promise<{ status: number; body: Json }>): Promise<Json> {
  const { status, body } = await answer;
  assert.ok(status < 300, `${status} ${JSON.stringify(body)}`);
  return body;
}

/** Blanks of a new batch. */
export async function blanks(platform: TestPlatform, count: number): Promise<Json[]> {
  const batch = await ok(platform.ops("POST", "/v1/ops/plate_batches", { label: "Spring", count }));
  return (await ok(platform.ops("GET", `/v1/ops/plates?batch=${batch.id}&limit=100`))).data;
}

/** A plate of the demo merchant that takes payments. */
export async function activePlate(
  platform: TestPlatform,
  terms: Record<string, unknown> = {},
): Promise<Json> {
  const [blank] = await blanks(platform, 1);
  const bound = await ok(
    platform.ops("POST", `/v1/ops/plates/${blank.id}/bind`, {
      version: 1,
      merchant_id: platform.demo.merchant_id,
      currency: "CNY",
      amount: 1880,
      subject: "Noodles",
      ...terms,
    }),
  );
  return ok(platform.ops("POST", `/v1/ops/plates/${bound.id}/activate`, { version: bound.version }));
}

export function pathOf(plate: Json): string {
  return new URL(plate.url).pathname;
}
