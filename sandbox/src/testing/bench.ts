import { type SandboxOptions, startSandbox } from "../index.ts";
import { postJson, startMerchant, type TestMerchant } from "./merchant.ts";

type Json = Record<string, unknown>;

/** A sandbox with one merchant, and short words for what tests do with them. */
export type Bench = {
  url: string;
  merchant: TestMerchant;
  post: (path: string, body?: object) => Promise<{ status: number; body: Json }>;
  get: (path: string) => Promise<Json>;
  /** Arms a fault. */
  arm: (kind: string, more?: object) => Promise<string>;
  /** Places a code, and answers its text. */
  precreate: (outTradeNo: string, amount?: string, more?: object) => Promise<string>;
  /** A trade that a buyer has paid by scanning. */
  paid: (outTradeNo: string, amount?: string) => Promise<Record<string, string>>;
  query: (outTradeNo: string) => Promise<Record<string, string>>;
  stopSandbox: () => Promise<void>;
  stop: () => Promise<void>;
};

export async function startBench(options: Partial<SandboxOptions> & { app?: object } = {}): Promise<Bench> {
  const { app, ...rest } = options;
  const sandbox = await startSandbox({
    port: 0,
    host: "127.0.0.1",
    store: { kind: "memory" },
    log: (line) => console.error(line),
    ...rest,
  });
  const merchant = await startMerchant(sandbox.url, app);
  const post = (path: string, body: object = {}): Promise<{ status: number; body: Json }> =>
    postJson(`${sandbox.url}${path}`, body);
  const precreate = async (outTradeNo: string, amount = "12.34", more: object = {}): Promise<string> => {
    const order = { out_trade_no: outTradeNo, total_amount: amount, subject: "Tea", ...more };
    const made = await merchant.exec("alipay.trade.precreate", order, { notifyUrl: merchant.notifyUrl });
    return made.qr_code!;
  };
  const query = (outTradeNo: string): Promise<Record<string, string>> =>
    merchant.exec("alipay.trade.query", { out_trade_no: outTradeNo });
  return {
    url: sandbox.url,
    merchant,
    post,
    get: async (path) => (await (await fetch(`${sandbox.url}${path}`)).json()) as Json,
    arm: async (kind, more = {}) => (await post("/faults", { kind, ...more })).body.id as string,
    precreate,
    paid: async (outTradeNo, amount) => {
      await post("/wallet/pay", { code: await precreate(outTradeNo, amount) });
      return query(outTradeNo);
    },
    query,
    stopSandbox: () => sandbox.stop(),
    stop: async () => {
      await merchant.stop();
      await sandbox.stop();
    },
  };
}
