import type { Operation } from "./call.ts";
import { chargeCode } from "./code.ts";
import { file } from "./file.ts";
import { refund, reverse, voidPayment } from "./follow-up.ts";
import { applyQr, placeForApp } from "./place.ts";
import { query } from "./query.ts";

/** Everything that the gateway carries out for a program. */
export const operations: readonly Operation[] = [
  placeForApp,
  applyQr,
  chargeCode,
  voidPayment,
  refund,
  reverse,
  query,
  file,
];
