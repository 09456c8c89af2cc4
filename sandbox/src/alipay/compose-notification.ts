import { formatBeijing } from "../china/beijing.ts";
import type { SandboxRandom } from "../clock.ts";
import type { Message, Notification } from "../notifications/index.ts";
import type { SandboxStore } from "../store/index.ts";
import { apps } from "./model.ts";
import { withAmountOff } from "./notification-kind.ts";
import { type Params, signedNotification } from "./wire/signing.ts";

const formType = "application/x-www-form-urlencoded; charset=utf-8";

/** One delivery: a form, signed with the app's key of this moment; a forgery as its kind tells. */
export async function composeAlipay(
  deps: { store: SandboxStore; random: SandboxRandom },
  notification: Notification,
  now: Date,
): Promise<Message> {
  const form = await signedForm(deps, notification, now);
  return { headers: { "content-type": formType }, body: new URLSearchParams(form).toString() };
}

async function signedForm(
  deps: { store: SandboxStore; random: SandboxRandom },
  notification: Notification,
  now: Date,
): Promise<Params> {
  const app = await deps.store.get(apps, notification.appId);
  if (!app) throw new Error(`there is no app ${notification.appId}`);
  const params = {
    notify_id: notification.notifyId,
    notify_time: formatBeijing(now),
    ...notification.params,
  };
  switch (notification.forged) {
    case null:
      return signedNotification(params, app.platformPrivateKey);
    case "tampered":
      return withAmountOff(signedNotification(params, app.platformPrivateKey), 1);
    case "foreign_key":
      return signedNotification(params, (await deps.random.keyPair()).privateKey);
    // Alipay does not probe.
    case "probe":
    case "unsigned":
      return { ...params, sign_type: "RSA2" };
  }
}
