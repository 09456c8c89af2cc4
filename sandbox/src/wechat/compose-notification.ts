import { randomToken, type SandboxRandom } from "../clock.ts";
import type { Message, Notification } from "../notifications/index.ts";
import type { SandboxStore } from "../store/index.ts";
import { platformKeyOf } from "./merchants/keys.ts";
import { type Merchant, merchants } from "./model.ts";
import { withAmountOff } from "./notification-kind.ts";
import { seal } from "./wire/aead.ts";
import { probePrefix, signedHeaders } from "./wire/signing.ts";
import { formatRfc3339 } from "./wire/time.ts";

/**
 * One delivery: encrypted and signed anew, with the merchant's keys of this moment; a forgery as its kind
 * tells.
 */
export async function composeWechat(
  deps: { store: SandboxStore; random: SandboxRandom },
  notification: Notification,
  now: Date,
): Promise<Message> {
  const merchant = await deps.store.get(merchants, notification.mchid ?? "");
  if (!merchant) throw new Error(`there is no merchant ${notification.mchid}`);
  const key = platformKeyOf(merchant);
  const body = bodyOf(deps.random, merchant, notification, notification.params);
  const moment = { now, nonce: randomToken(deps.random, 24) };
  const headers: Record<string, string> = {
    "content-type": "application/json",
    accept: "*/*",
    "user-agent": "Mozilla/4.0",
    ...signedHeaders(body, key, moment),
  };
  switch (notification.forged) {
    case null:
      return { headers, body };
    case "tampered": {
      // Even one who knew the APIv3 key could not sign what he changed.
      const changed = withAmountOff(notification.params, 1);
      return { headers, body: bodyOf(deps.random, merchant, notification, changed) };
    }
    case "foreign_key": {
      const { privateKey } = await deps.random.keyPair();
      return { headers: { ...headers, ...signedHeaders(body, { id: key.id, privateKey }, moment) }, body };
    }
    case "unsigned": {
      const { "Wechatpay-Signature": _signature, ...rest } = headers;
      return { headers: rest, body };
    }
    case "probe": {
      const probing = `${probePrefix}${headers["Wechatpay-Signature"]}`;
      return { headers: { ...headers, "Wechatpay-Signature": probing }, body };
    }
  }
}

function bodyOf(
  random: SandboxRandom,
  merchant: Merchant,
  notification: Notification,
  params: Record<string, string>,
): string {
  const { event_type, summary, original_type: type, resource } = params;
  const sealed = seal(resource!, merchant.apiV3Key, randomToken(random, 9), type!);
  return JSON.stringify({
    id: notification.notifyId,
    create_time: formatRfc3339(notification.createdAt),
    resource_type: "encrypt-resource",
    event_type,
    summary,
    resource: { original_type: type, ...sealed },
  });
}
