import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { type Receiver, startReceiver } from "./receiver.ts";

const told: string[] = [];
let receiver: Receiver;
let socket: Socket;

before(async () => {
  receiver = await startReceiver((number) => told.push(number));
  socket = connect({ host: "127.0.0.1", port: receiver.port, noDelay: true });
});
after(async () => {
  socket.destroy();
  await receiver.close();
});

function delivery(path: string, type: string, number: string): string {
  const body = JSON.stringify({ type, data: { id: "pay_1", merchant_order_no: number } });
  return `POST ${path} HTTP/1.1\r\nhost: shop\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Writes part by part, and resolves once so many deliveries were acknowledged. */
async function send(acknowledged: number, ...parts: string[]): Promise<void> {
  const answered = Promise.withResolvers<void>();
  let text = "";
  const read = (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split("204 No Content").length > acknowledged) answered.resolve();
  };
  socket.on("data", read);
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await answered.promise;
  socket.off("data", read);
}

test("each success is told by its order number, wherever the network cuts the delivery", async () => {
  const one = delivery("/shops/1", "payment.succeeded", "run-1");
  const two = delivery("/shops/2", "payment.succeeded", "run-2");
  await send(2, one + two.slice(0, 30), two.slice(30));
  assert.deepEqual(told.splice(0), ["run-1", "run-2"]);
});

test("other events are acknowledged and complete nothing", async () => {
  await send(1, delivery("/shops/1", "payment.closed", "run-3"));
  assert.deepEqual(told.splice(0), []);
});

test("a slow endpoint's delivery counts when it is acknowledged, and then it is well again", async () => {
  receiver.behave("/shops/1", { kind: "slow", ms: 400 });
  const slow = delivery("/shops/1", "payment.succeeded", "run-4");
  await send(2, slow, delivery("/shops/2", "payment.succeeded", "run-5"));
  assert.deepEqual(told.splice(0), ["run-5", "run-4"]);
  receiver.behave("/shops/1", { kind: "ok" });
  await send(1, delivery("/shops/1", "payment.succeeded", "run-6"));
  assert.deepEqual(told.splice(0), ["run-6"]);
});

test("a dead endpoint cuts the connection and acknowledges nothing", async () => {
  receiver.behave("/shops/9", { kind: "dead" });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(delivery("/shops/9", "payment.succeeded", "run-7"));
  await closed;
  assert.deepEqual(told, []);
  assert.equal(receiver.received(), 7);
});
