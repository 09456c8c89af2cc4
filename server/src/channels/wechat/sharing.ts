import { DAY, HOUR, MINUTE, SECOND } from "../../kernel/clock.ts";
import { finish, unsent } from "../exchanges.ts";
import type {
  BindOutcome,
  Call,
  ChannelContext,
  Operation,
  ShareOutcome,
  ShareReceiver,
  ShareReturnOrder,
  Sharing,
  SharingTraits,
} from "../port.ts";
import { callGateway, credentialsOf, type GatewayCall, type WechatDeps } from "./gateway.ts";
import type { ApiRequest } from "./requests.ts";
import { bindOf, finishOf, returnOf, shareOf } from "./sharing-outcomes.ts";
import {
  bindRequest,
  finishRequest,
  returnQueryRequest,
  returnRequest,
  shareQueryRequest,
  shareRequest,
} from "./sharing-requests.ts";

/** 30 % and 30 days: what a merchant has that agreed on nothing else (直连商户; 收付通 180 days). */
export const WECHAT_SHARING: SharingTraits = {
  receiverTypes: ["MERCHANT_ID", "PERSONAL_OPENID", "PERSONAL_SUB_OPENID"],
  typesWithoutReturn: ["PERSONAL_OPENID", "PERSONAL_SUB_OPENID"],
  maxMillionths: 300_000n,
  termDays: 30,
  startAfterMs: MINUTE,
  returnDays: 180,
  sharesMax: 50,
  returnsWithRefund: false,
  returnRefusals: [],
  queryGapsMs: [5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, ...Array<number>(23).fill(HOUR), DAY],
};

const FORMS: Readonly<Record<string, readonly [form: RegExp, detail: string]>> = {
  MERCHANT_ID: [/^\d{8,32}$/, "is the receiver's merchant number (商户号): digits only"],
  PERSONAL_OPENID: [/^[0-9A-Za-z_-]{1,64}$/, "is the person's openid under the merchant's app"],
  PERSONAL_SUB_OPENID: [/^[0-9A-Za-z_-]{1,64}$/, "is the person's openid under sub_appid"],
};

const RELATIONS: ReadonlySet<string> = new Set([
  "SERVICE_PROVIDER",
  "STORE",
  "STAFF",
  "STORE_OWNER",
  "PARTNER",
  "HEADQUARTER",
  "BRAND",
  "DISTRIBUTOR",
  "USER",
  "SUPPLIER",
]);

/** WeChat Pay's profit sharing: wiring, as the connector's own. */
export function createSharing(deps: WechatDeps): Sharing<ChannelContext> {
  const call = async (context: ChannelContext, operation: Operation, request: ApiRequest) => {
    const called: GatewayCall = await callGateway(deps, context, operation, request);
    // Refused before it was looked at, for a clock or a certificate of ours: the share is not over.
    return called.end === "refused" ? { ...called, retryable: true } : called;
  };
  const returned = async (
    context: ChannelContext,
    given: ShareReturnOrder,
    operation: "share_return" | "share_return_query",
    request: ApiRequest,
  ): Promise<Call<ShareOutcome>> =>
    finish(await call(context, operation, request), (answer) =>
      returnOf(answer, given, deps.clock.now(), operation === "share_return_query"),
    );
  return {
    traits: WECHAT_SHARING,
    refuseReceiver,
    bindReceiver: (context, receiver) => bind(deps, context, receiver),
    share: async (context, share) =>
      finish(await call(context, "share", shareRequest(share, credentialsOf(context))), (answer) =>
        shareOf(answer, share, deps.clock.now(), false),
      ),
    queryShare: async (context, share) =>
      finish(await call(context, "share_query", shareQueryRequest(share, credentialsOf(context))), (answer) =>
        shareOf(answer, share, deps.clock.now(), true),
      ),
    returnShare: (context, given) =>
      returned(context, given, "share_return", returnRequest(given, credentialsOf(context))),
    queryReturn: (context, given) =>
      returned(context, given, "share_return_query", returnQueryRequest(given, credentialsOf(context))),
    finish: async (context, order, finishNo) => {
      const request = finishRequest(order, finishNo, credentialsOf(context));
      return finish(await call(context, "share_finish", request), (answer) => finishOf(answer, finishNo));
    },
  };
}

function refuseReceiver({ type, account, name, relation }: ShareReceiver) {
  const [form, detail] = FORMS[type] ?? [];
  if (form === undefined) {
    return { field: "type", detail: `WeChat Pay's receivers are ${Object.keys(FORMS).join(", ")}` };
  }
  if (!form.test(account)) return { field: "account", detail: `account ${detail}` };
  if (type === "MERCHANT_ID" && name === null) {
    return { field: "name", detail: "a merchant's full registered name is needed" };
  }
  if (relation !== null && !RELATIONS.has(relation)) {
    return { field: "relation", detail: `relation is one of ${[...RELATIONS].join(", ")}` };
  }
  return null;
}

/** Encrypted with the key that the request names, which is the one that its answer is signed with. */
async function bind(
  deps: WechatDeps,
  context: ChannelContext,
  receiver: ShareReceiver,
): Promise<Call<BindOutcome>> {
  await deps.certificates.keepFresh(context);
  const { wantedSerial } = credentialsOf(context);
  const key = deps.certificates.keysOf(context).get(wantedSerial) ?? null;
  if (receiver.name !== null && key === null) {
    const reason = "no key of WeChat Pay's is known that still holds; save its present public key";
    return { end: "not_sent", reason, exchange: unsent(deps.clock, "receiver_bind") };
  }
  const request = bindRequest(receiver, credentialsOf(context), key);
  const called = await callGateway(deps, context, "receiver_bind", request, wantedSerial);
  return finish(called.end === "refused" ? { ...called, retryable: true } : called, bindOf);
}
