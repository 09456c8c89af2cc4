import { randomDigits } from "../../clock.ts";
import { transact, type UnionpayDeps, type Work } from "../context.ts";
import { insertOrder, newOrder } from "../place.ts";
import { answer } from "../wire/message.ts";
import { compactTime } from "../wire/time.ts";
import { type Call, type Operation, ownOutTradeNo } from "./call.ts";

const qrPrefix = "https://qr.95516.com/00010000/";

/** 01/07: a code for the buyer to scan. */
export const applyQr: Operation = {
  name: "purchase.qr",
  path: "back",
  txnType: "01",
  txnSubType: "07",
  bizTypes: ["000000"],
  outTradeNoOf: ownOutTradeNo,
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const order = newOrder(unit, call, "qr");
      const qrCode = `${qrPrefix}62${randomDigits(deps.random, 30)}`;
      await insertOrder(unit, { ...order, qrCode });
      return answer("00", { qrCode });
    }),
};

/** 01/01 at the app's path: a tn that the app hands to the wallet. */
export const placeForApp: Operation = {
  name: "purchase.app",
  path: "app",
  txnType: "01",
  txnSubType: "01",
  bizTypes: ["000201"],
  outTradeNoOf: ownOutTradeNo,
  carryOut: (deps: UnionpayDeps, call: Call) =>
    transact(deps, async (unit: Work) => {
      const tn = `${compactTime(unit.now)}${randomDigits(deps.random, 7)}`;
      await insertOrder(unit, { ...newOrder(unit, call, "app"), tn });
      return answer("00", { tn });
    }),
};
