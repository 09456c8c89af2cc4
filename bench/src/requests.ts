/** The bytes of the generator's requests: what never changes is put together once. */
import type { Merchant } from "./commands.ts";

const AMOUNT = 1_234;
const REFUNDED = 234;
/** `att` and 26 characters: what the platform names its orders by. */
const ORDER_LENGTH = 29;

const CREATE_HEAD = '{"merchant_order_no":"';
const CREATE_TAIL = `","amount":${AMOUNT},"currency":"CNY","subject":"A cup of tea","method":"instant.qr"}`;
const REPORT_HEAD = '{"order":"';
const REPORT_MIDDLE = `","amount":"${AMOUNT}","trade":"t`;
const REPORT_TAIL = '"}';
const REFUND_HEAD = '{"merchant_refund_no":"r';
const REFUND_TAIL = `","amount":${REFUNDED}}`;

/** A merchant's requests up to where they differ. */
export type Shop = {
  readonly create: string;
  readonly report: string;
  readonly bearer: string;
};

export type Requests = {
  shop(merchant: Merchant): Shop;
  create(shop: Shop, number: string): string;
  report(shop: Shop, order: string, number: string): string;
  refund(shop: Shop, payment: string, number: string): string;
  read(shop: Shop, payment: string): string;
  timeline(shop: Shop, payment: string): string;
  list(shop: Shop): string;
  readonly health: string;
};

/** @param numberLength of every order number: bodies that are all as long need no counting. */
export function createRequests(host: string, numberLength: number): Requests {
  const post = (path: string, bearer: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n${bearer}content-type: application/json\r\n` +
    `content-length: ${length}\r\n\r\n`;
  const get = (path: string, bearer: string) => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${bearer}\r\n`;
  const createLength = CREATE_HEAD.length + numberLength + CREATE_TAIL.length;
  const reportLength =
    REPORT_HEAD.length + ORDER_LENGTH + REPORT_MIDDLE.length + numberLength + REPORT_TAIL.length;
  const refundLength = REFUND_HEAD.length + numberLength + REFUND_TAIL.length;
  return {
    shop: ({ key, notifyPath }) => {
      const bearer = `authorization: Bearer ${key}\r\n`;
      return {
        create: post("/v1/payments", bearer, createLength) + CREATE_HEAD,
        report: post(notifyPath, "", reportLength) + REPORT_HEAD,
        bearer,
      };
    },
    create: (shop, number) => shop.create + number + CREATE_TAIL,
    report: (shop, order, number) => {
      if (order.length !== ORDER_LENGTH) throw new Error(`the order number ${order} is of another length`);
      return shop.report + order + REPORT_MIDDLE + number + REPORT_TAIL;
    },
    refund: (shop, payment, number) =>
      post(`/v1/payments/${payment}/refunds`, shop.bearer, refundLength) + REFUND_HEAD + number + REFUND_TAIL,
    read: (shop, payment) => get(`/v1/payments/${payment}`, shop.bearer),
    timeline: (shop, payment) => get(`/v1/payments/${payment}/timeline`, shop.bearer),
    list: (shop) => get("/v1/payments?limit=20", shop.bearer),
    health: get("/health", ""),
  };
}
