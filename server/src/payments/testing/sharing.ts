import assert from "node:assert/strict";
import type { Json, TestPlatform } from "../../../../tools/testing/platform.ts";
import { aNumber, type Hands, handsOn } from "./hands.ts";

/** What a merchant and two operators do about profit sharing on a platform under test. */
export type SharingHands = Hands & {
  /** Carries out a proposal as another operator. */
  approve(approval: Json): Promise<void>;
  /** Sets what an account's contract says of splitting, by two people. */
  contract(channelAccountId: string, wanted?: Record<string, unknown>): Promise<void>;
  /** A receiver that two people approved and its channels know. */
  receiver(accounts: readonly Record<string, unknown>[], label?: string): Promise<Json>;
  /** A merchant as WeChat Pay's receiver. */
  wechatReceiver(account?: string): Promise<Json>;
  /** Creates an order by WeChat whose money is to be split, pays it, and waits for the success. */
  wechatPaid(wanted?: Record<string, unknown>): Promise<Json>;
  share(
    paymentId: string,
    receivers: readonly Record<string, unknown>[],
    wanted?: object,
  ): ReturnType<TestPlatform["api"]>;
  shared(paymentId: string): Promise<Json>;
  untilShared(paymentId: string, done: (seen: Json) => boolean): Promise<Json>;
  /**
   * Lets the platform's time go on while somebody looks: by less than a call may take, and not at every look,
   * so that no call under way is out of time because the machine is busy.
   */
  goingOn(done: (seen: Json) => boolean): (seen: Json) => boolean;
  /** Natural balances of the merchant's accounts of these codes. */
  balances(...codes: readonly string[]): Promise<readonly number[]>;
};

const STEP_GAP_MS = 250;
const STEP_MS = 4_000;

let merchants = 0;

/** @param platform asked for at each use: it is started in `before`. */
export function sharingHandsOn(platform: () => TestPlatform): SharingHands {
  const hands = handsOn(platform);
  let second: string | null = null;
  const sharing: SharingHands = {
    ...hands,
    approve: async ({ id }) => {
      if (second === null) {
        const made = await platform().ops("POST", "/v1/ops/operators", {
          name: "Second of sharing",
          roles: ["admin"],
        });
        assert.equal(made.status, 201, JSON.stringify(made.body));
        second = made.body.token as string;
      }
      const path = `/v1/ops/approvals/${id}/approve`;
      const done = await platform().api("POST", path, undefined, second);
      assert.equal(done.status, 200, JSON.stringify(done.body));
    },
    contract: async (id, wanted = {}) => {
      const path = `/v1/ops/channel_accounts/${id}/sharing`;
      const proposed = await platform().ops("PUT", path, { mode: "channel", ...wanted });
      assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
      await sharing.approve(proposed.body);
    },
    receiver: async (accounts, label = "A supplier") => {
      const proposed = await platform().ops("POST", "/v1/ops/receivers", {
        merchant: platform().demo.merchant_id,
        label,
        name: "示例供应商有限公司",
        accounts,
      });
      assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
      await sharing.approve(proposed.body.approval);
      return hands.eventually(
        async () => {
          const { body } = await platform().api("GET", "/v1/receivers?limit=100");
          return body.data.find((one: Json) => one.id === proposed.body.receiver.id);
        },
        (seen) => seen.accounts.every(({ state }: Json) => state === "bound" || state === "failed"),
      );
    },
    wechatReceiver: (account) => {
      merchants += 1;
      const number = account ?? `190000${String(merchants).padStart(4, "0")}`;
      const channel = platform().demo.wechat_account_id;
      return sharing.receiver([{ channel_account: channel, type: "MERCHANT_ID", account: number }]);
    },
    wechatPaid: (wanted) => hands.paid({ method: "wechat.native", profit_sharing: "later", ...wanted }),
    share: (paymentId, receivers, wanted = {}) =>
      platform().api("POST", `/v1/payments/${paymentId}/shares`, {
        merchant_share_no: aNumber("S"),
        receivers,
        ...wanted,
      }),
    shared: async (paymentId) => (await platform().api("GET", `/v1/payments/${paymentId}/shares`)).body,
    untilShared: (paymentId, done) => hands.eventually(() => sharing.shared(paymentId), done),
    goingOn: (done) => {
      let last = Date.now();
      return (seen) => {
        if (Date.now() - last >= STEP_GAP_MS) {
          last = Date.now();
          platform().clock.advance(STEP_MS);
        }
        return done(seen);
      };
    },
    balances: async (...codes) => {
      const { body } = await platform().api("GET", "/v1/accounts?limit=100");
      return codes.map((code) =>
        body.data
          .filter((account: Json) => account.code === code)
          .reduce((sum: number, account: Json) => sum + account.natural_balance, 0),
      );
    },
  };
  return sharing;
}
