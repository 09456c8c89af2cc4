import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { createChannelHttp } from "./http.ts";

const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/**
 * A raw TCP server: what it does with the bytes of a request is the test. Records every request head it saw.
 */
async function serve(onRequest: (socket: Socket, index: number) => void) {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (data) => {
      const text = data.toString("latin1");
      if (!/^(GET|POST) /.test(text)) return;
      heads.push(text);
      onRequest(socket, heads.length - 1);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    heads,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const LIMITS = { connectionsPerOriginMax: 4, poolsMax: 2, connectTimeoutMs: 5_000 };

describe("HTTP to channels", () => {
  const http = createChannelHttp({ clock: systemClock }, LIMITS);
  const servers: Awaited<ReturnType<typeof serve>>[] = [];
  after(async () => {
    await http.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  async function started(onRequest: (socket: Socket, index: number) => void) {
    const server = await serve(onRequest);
    servers.push(server);
    return server;
  }
  function post(port: number, overrides: Partial<Parameters<typeof http.request>[0]> = {}) {
    return http.request({
      url: `http://127.0.0.1:${port}/gateway.do?a=1`,
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "hello",
      timeoutMs: 2_000,
      responseBytesMax: 1_000,
      ...overrides,
    });
  }

  it("gives a whole answer, of any status, with its headers", async () => {
    const server = await started((socket) =>
      socket.write("HTTP/1.1 502 Bad Gateway\r\nTrace_Id: t1\r\ncontent-length: 3\r\n\r\nbad"),
    );
    const result = await post(server.port);
    assert.equal(result.end, "response");
    assert.equal(result.status, 502);
    assert.equal(result.headers.trace_id, "t1");
    assert.equal(result.body.toString(), "bad");
    assert.match(server.heads[0] ?? "", /^POST \/gateway\.do\?a=1 HTTP\/1\.1\r\n/);
    assert.match(server.heads[0] ?? "", /hello$/);
  });

  it("is not fooled by an informational answer before the real one", async () => {
    const server = await started((socket) => socket.write(`HTTP/1.1 103 Early Hints\r\n\r\n${ANSWER}`));
    assert.equal((await post(server.port)).end, "response");
  });

  it("follows no redirect", async () => {
    const server = await started((socket) =>
      socket.write("HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"),
    );
    const result = await post(server.port);
    assert.equal(result.end === "response" && result.status, 302);
    assert.equal(server.heads.length, 1);
  });

  describe("ends not_sent when no byte of the request left:", () => {
    it("connection refused", async () => {
      const server = await serve(() => {});
      await server.close();
      const result = await post(server.port);
      assert.equal(result.end, "not_sent");
      assert.match(result.reason, /ECONNREFUSED/);
    });

    it("a name that does not resolve", async () => {
      const result = await post(0, { url: "http://channel.invalid/gateway.do", timeoutMs: 20_000 });
      assert.equal(result.end, "not_sent");
    });

    it("a connection that is never completed: here a TLS handshake nobody answers", async () => {
      const server = await started(() => {});
      const result = await post(server.port, { url: `https://127.0.0.1:${server.port}/`, timeoutMs: 100 });
      assert.equal(result.end, "not_sent");
      assert.match(result.reason, /no connection within 100 ms/);
    });

    it("a TLS handshake that fails", async () => {
      const server = await serve(() => {});
      servers.push(server);
      const request = post(server.port, { url: `https://127.0.0.1:${server.port}/` });
      while (server.sockets.size === 0) await new Promise((resolve) => setImmediate(resolve));
      for (const socket of server.sockets) socket.end("this is not TLS\r\n");
      assert.equal((await request).end, "not_sent");
    });

    it("a turn that never came: all connections are busy, and it is not sent later either", async () => {
      const one = createChannelHttp({ clock: systemClock }, { ...LIMITS, connectionsPerOriginMax: 1 });
      let release = () => {};
      const server = await started((socket) => {
        release = () => socket.write(ANSWER);
      });
      const url = `http://127.0.0.1:${server.port}/`;
      const common = { method: "POST" as const, headers: {}, responseBytesMax: 1_000, url };
      const first = one.request({ ...common, body: "first", timeoutMs: 5_000 });
      while (server.heads.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const second = await one.request({ ...common, body: "second", timeoutMs: 50 });
      assert.equal(second.end, "not_sent");
      release();
      assert.equal((await first).end, "response");
      const third = one.request({ ...common, body: "third", timeoutMs: 5_000 });
      while (server.heads.length === 1) await new Promise((resolve) => setImmediate(resolve));
      release();
      assert.equal((await third).end, "response");
      assert.deepEqual(
        server.heads.map((head) => head.split("\r\n\r\n")[1]),
        ["first", "third"],
      );
      await one.close();
    });

    it("an address that is none, and a closed client", async () => {
      assert.equal((await post(0, { url: "gateway.do" })).end, "not_sent");
      const other = createChannelHttp({ clock: systemClock }, LIMITS);
      await other.close();
      const result = await other.request({
        url: "http://127.0.0.1:9/",
        method: "GET",
        headers: {},
        body: null,
        timeoutMs: 100,
        responseBytesMax: 10,
      });
      assert.deepEqual(result, { end: "not_sent", reason: "the process is stopping" });
    });
  });

  describe("ends unknown, sent exactly once, when the answer is not whole:", () => {
    const cases: Record<string, (socket: Socket) => void> = {
      "reset before any answer": (socket) => socket.resetAndDestroy(),
      "closed before any answer": (socket) => socket.end(),
      "reset in the middle of the headers": (socket) =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-le", () => socket.resetAndDestroy()),
      "reset after the headers": (socket) =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", () => socket.resetAndDestroy()),
      "a body shorter than announced": (socket) =>
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"),
      "a chunked body without its end": (socket) =>
        socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
      "an answer that is not HTTP": (socket) => socket.end("banana\r\n\r\n"),
    };
    for (const [title, behave] of Object.entries(cases)) {
      it(title, async () => {
        const server = await started(behave);
        const result = await post(server.port);
        assert.equal(result.end, "unknown");
        assert.equal(server.heads.length, 1);
      });
    }

    it("time-out after sending", async () => {
      const server = await started(() => {});
      const result = await post(server.port, { timeoutMs: 100 });
      assert.equal(result.end, "unknown");
      assert.match(result.reason, /no complete answer within 100 ms/);
    });

    it("time-out in the middle of the body", async () => {
      const server = await started((socket) =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"),
      );
      assert.equal((await post(server.port, { timeoutMs: 100 })).end, "unknown");
    });

    it("an answer over the size limit", async () => {
      const server = await started((socket) =>
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n${"x".repeat(2000)}`),
      );
      const result = await post(server.port);
      assert.equal(result.end, "unknown");
      assert.match(result.reason, /larger than 1000 bytes/);
    });

    it("a keep-alive connection that the peer closes exactly when the second request arrives", async () => {
      const server = await started((socket, index) => {
        if (index === 0) socket.write(ANSWER);
        else socket.resetAndDestroy();
      });
      assert.equal((await post(server.port)).end, "response");
      assert.equal((await post(server.port)).end, "unknown");
      assert.equal(server.heads.length, 2);
    });
  });

  it("opens a new connection when the peer closed the idle one", async () => {
    let closing: Promise<unknown> = Promise.resolve();
    const server = await started((socket, index) => {
      if (index === 0) closing = once(socket, "close");
      socket.write(ANSWER);
      if (index === 0) socket.end();
    });
    assert.equal((await post(server.port)).end, "response");
    await closing;
    assert.equal((await post(server.port)).end, "response");
  });

  it("keeps the connection, and closes the pool of the origin unused for longest", async () => {
    const opened = await Promise.all([0, 1, 2].map(() => started((socket) => socket.write(ANSWER))));
    const [first, second, third] = opened;
    assert.ok(first && second && third);
    for (const server of [first, first, first, first, second, first]) await post(server.port);
    // Two and not one: a connection rests for a turn of the event loop after each answer.
    const kept = first.sockets.size;
    assert.ok(kept <= 2, `${kept} connections for six requests in a row`);
    const secondSocket = [...second.sockets][0];
    assert.ok(secondSocket);
    const closing = once(secondSocket, "close");
    await post(third.port);
    await closing;
    assert.equal(first.sockets.size, kept);
  });

  it("lets what is under way end when it is closed", async () => {
    const other = createChannelHttp({ clock: systemClock }, LIMITS);
    let answer = () => {};
    const server = await started((socket) => {
      answer = () => socket.write(ANSWER);
    });
    const pending = other.request({
      url: `http://127.0.0.1:${server.port}/`,
      method: "GET",
      headers: {},
      body: null,
      timeoutMs: 5_000,
      responseBytesMax: 10,
    });
    while (server.heads.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const closing = other.close();
    answer();
    assert.equal((await pending).end, "response");
    await closing;
  });
});
