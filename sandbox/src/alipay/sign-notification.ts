import type { SandboxRandom } from "../clock.ts";
import { type Notification, withAmountOff } from "../notifications/index.ts";
import type { SandboxStore } from "../store/index.ts";
import { apps } from "./model.ts";
import { type Params, signedNotification } from "./wire/signing.ts";
import { formatBeijing } from "./wire/time.ts";

/** The form fields of one delivery, signed with the app's key of this moment; a forgery as its kind tells. */
export async function signNotification(
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
    case "unsigned":
      return { ...params, sign_type: "RSA2" };
  }
}
