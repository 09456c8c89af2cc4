import type { Buyer } from "./model.ts";

/** The sandbox's one pretend buyer; nobody real. */
export const sandboxBuyer: Buyer = {
  userId: "2088000000000002",
  openId: "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5",
  logonId: "san***@sandbox.example",
  nameOnBill: "*三(138****0000)",
};
