export { Deliverer, type PostForm } from "./deliverer.ts";
export { type Forgery, type Notification, notifications } from "./model.ts";
export { registerNotificationRoutes } from "./routes.ts";
export { type EnqueueDeps, enqueueNotification, withAmountOff } from "./service.ts";
