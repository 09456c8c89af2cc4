export { Deliverer, type Message, type NotifyingChannel, type PostMessage } from "./deliverer.ts";
export { type Forgery, type Notification, type NotificationKind, notifications } from "./model.ts";
export { registerNotificationRoutes } from "./routes.ts";
export { type EnqueueDeps, enqueueNotification } from "./service.ts";
