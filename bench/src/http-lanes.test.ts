import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { endOfMessage, openLanes } from "./http-lanes.ts";

type Answer = { status: number; text: string };

const BODY = '{"channel_order_no":"att1"}';
const HEAD = `HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\ncontent-length: ${BODY.length}\r\n\r\n`;
const ANSWER = HEAD + BODY;

const servers: (() => void)[] = [];
after(() => {
  for (const close of servers) close();
});

/** A server that does with each request what it is told to; the lanes to it. */
async function lanesTo(size: number, handle: (socket: Socket, request: string, count: number) => void) {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      count += 1;
      handle(socket, chunk.toString("latin1"), count);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const lanes = openLanes("127.0.0.1", (server.address() as AddressInfo).port, size);
  servers.push(() => {
    lanes.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const send = (request: string) =>
    new Promise<Answer>((resolve) => {
      lanes.send(request, (done: (answer: Answer) => void, status, text) => done({ status, text }), resolve);
    });
  return { send, lanes, sockets };
}

test("an answer is taken once it is whole, wherever the network cuts it", async () => {
  const { send } = await lanesTo(1, (socket, _, count) => {
    socket.write(ANSWER.slice(0, count * 9));
    setTimeout(() => socket.write(ANSWER.slice(count * 9)), 2);
  });
  for (let cut = 9; cut < ANSWER.length; cut += 9) {
    assert.deepEqual(await send("GET /"), { status: 201, text: ANSWER });
  }
});

test("requests beyond the sockets wait and go out in their order", async () => {
  const seen: string[] = [];
  const { send, lanes, sockets } = await lanesTo(2, (socket, request) => {
    seen.push(request);
    setTimeout(() => socket.write(ANSWER), 2);
  });
  const all = ["a", "b", "c", "d", "e"].map(send);
  assert.equal(lanes.queued(), 3);
  assert.deepEqual(
    (await Promise.all(all)).map(({ status }) => status),
    [201, 201, 201, 201, 201],
  );
  assert.deepEqual(seen.slice(2), ["c", "d", "e"]);
  assert.equal(lanes.queued(), 0);
  assert.equal(sockets.size, 2);
});

test("a connection that breaks before its answer is status 0; the next request gets another", async () => {
  const { send, sockets } = await lanesTo(1, (socket, _, count) => {
    if (count === 1) socket.destroy();
    else socket.write(ANSWER);
  });
  assert.deepEqual(await send("first"), { status: 0, text: "" });
  assert.equal((await send("second")).status, 201);
  assert.equal(sockets.size, 2);
});

test("a message ends where its headers say, in either spelling", () => {
  const one = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
  const two = "POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\n0123456789";
  assert.equal(endOfMessage(one + two, 0), one.length);
  assert.equal(endOfMessage(one + two, one.length), one.length + two.length);
  assert.equal(endOfMessage(one.slice(0, -1), 0), -1);
  assert.equal(endOfMessage("GET / HTTP/1.1\r\nhost: x\r\n\r\n", 0), 27);
});
