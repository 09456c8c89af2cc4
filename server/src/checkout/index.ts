/** The cashier: a page that takes a buyer from an amount to a payment, by its token alone. */
export { type CheckoutAuth, type CheckoutRoom, type CheckoutRoomDeps, createCheckoutRoom } from "./room.ts";
