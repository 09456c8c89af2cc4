import type { Order } from "../alipay/model.ts";

/** An order of 12.34 yuan that nobody has opened, placed at half past nine in Beijing. */
export function anOrder(more: Partial<Order> = {}): Order {
  return {
    id: "2088000000000001/T1",
    token: "token",
    appId: "2021000000000001",
    authAppId: "2021000000000001",
    sellerId: "2088000000000001",
    merchantName: "Sandbox Shop",
    outTradeNo: "T1",
    scene: "qr",
    total: 12_34n,
    subject: "Tea",
    body: null,
    passbackParams: null,
    storeId: null,
    terminalId: null,
    operatorId: null,
    notifyUrl: "http://127.0.0.1:1/notify",
    returnUrl: null,
    quitUrl: null,
    feeRateMillionths: 6_000n,
    placedAt: at("09:30:00"),
    expiresAt: at("12:30:00"),
    qrCode: "https://qr.alipay.com/bax1",
    qrExpiresAt: at("11:30:00"),
    abandonedAt: null,
    trade: null,
    refunds: [],
    ...more,
  };
}

/** An instant of 20 November 2026 in Beijing; a day after it for "+1 09:30:00". */
export function at(time: string): Date {
  const [days, clock] = time.startsWith("+") ? time.slice(1).split(" ") : ["0", time];
  return new Date(Date.parse(`2026-11-20T${clock}+08:00`) + Number(days) * 24 * 3_600_000);
}
