import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { systemClock } from "../kernel/clock.ts";
import { certificate, newPair, pem } from "./alipay/testing.ts";
import { createChannelHttp } from "./http.ts";
import type { ChannelNetwork } from "./port.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A real proxy: it opens tunnels, or does what `mood` says instead. */
async function startProxy() {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = {
    url: "",
    seen,
    sockets,
    mood: "opens" as "opens" | "refuses" | "silent" | "hangs_up",
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, socket: Socket) => {
    seen.push(request.url ?? "");
    sockets.add(socket);
    socket.on("error", () => {});
    if (proxy.mood === "silent") return;
    if (proxy.mood === "hangs_up") return void socket.destroy();
    if (proxy.mood === "refuses") return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const [host = "", port] = (request.url ?? "").split(":");
    const upstream = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on("error", () => socket.destroy());
  });
  proxy.url = await listening(server, "http", "127.0.0.1");
  return proxy;
}

async function listening(server: Server, scheme: string, host: string): Promise<string> {
  server.listen(0, host);
  await once(server, "listening");
  return `${scheme}://${host}:${(server.address() as AddressInfo).port}`;
}

const pair = newPair();
const subject = [["CN", "localhost"]] as const;
const own = {
  key: pem(pair.privateKey, "pkcs8"),
  cert: certificate({
    subject,
    issuer: subject,
    publicKey: pair.publicKey,
    signer: pair.privateKey,
    serial: 41n,
  }),
};

describe("HTTP to channels, each account over connections of its own", () => {
  const http = createChannelHttp({ clock: systemClock });
  const closing: (() => unknown)[] = [() => http.close()];
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  /** Answers who is asked for, over plain HTTP and over TLS. */
  let plain = "";
  let secure = "";
  let asked: string[] = [];
  before(async () => {
    setDefaultCACertificates([...getCACertificates("default"), own.cert]);
    proxy = await startProxy();
    const hello = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end("hello");
    });
    const whispered = createSecureServer(
      { ...own, requestCert: true, rejectUnauthorized: false },
      (request, response) =>
        void response.end((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "nobody"),
    );
    plain = await listening(hello, "http", "127.0.0.1");
    secure = await listening(whispered, "https", "localhost");
    closing.push(
      proxy.close,
      () => whispered.close(),
      () => hello.close(),
    );
    closing.push(
      () => whispered.closeAllConnections(),
      () => hello.closeAllConnections(),
    );
  });
  after(async () => {
    for (const close of closing) await close();
  });

  const network = (more: Partial<ChannelNetwork> = {}): ChannelNetwork => ({
    owner: "one",
    proxyUrl: null,
    connectionsMax: 4,
    connectTimeoutMs: 5_000,
    ...more,
  });
  const post = (url: string, wire: ChannelNetwork, more: object = {}) =>
    http.request({
      url: `${url}/pay`,
      method: "POST",
      headers: {},
      body: "money",
      timeoutMs: 5_000,
      responseBytesMax: 1_000,
      network: wire,
      ...more,
    });
  const through = (more: Partial<ChannelNetwork> = {}) =>
    network({ owner: "far", proxyUrl: proxy.url, ...more });

  it("goes through the account's proxy, by a tunnel, plain and with TLS to the channel itself", async () => {
    proxy.seen.length = 0;
    const answers = [await post(plain, through()), await post(secure, through())];
    assert.deepEqual(
      answers.map((answer) => answer.end === "response" && answer.body.toString()),
      ["hello", "nobody"],
    );
    assert.deepEqual(proxy.seen, [new URL(plain).host, new URL(secure).host]);
    const direct = await post(plain, network());
    assert.equal(direct.end, "response");
    assert.equal(proxy.seen.length, 2, "another account went through the proxy");
  });

  it("shows a client certificate to the channel, not to the proxy", async () => {
    const answer = await post(secure, through({ owner: "shown" }), { clientCertificate: own });
    assert.equal(answer.end === "response" && answer.body.toString(), "localhost");
  });

  const notSent: readonly (readonly [title: string, mood: typeof proxy.mood, says: RegExp])[] = [
    ["refuses the tunnel", "refuses", /answered 403 to CONNECT/],
    ["hangs up", "hangs_up", /could not be asked/],
    ["says nothing", "silent", /no tunnel within 100 ms/],
  ];
  for (const [title, mood, says] of notSent) {
    it(`ends not_sent when the proxy ${title}, and the channel has heard nothing`, async () => {
      asked = [];
      proxy.mood = mood;
      const wire = through({ owner: mood, connectTimeoutMs: 100 });
      const answer = await post(plain, wire);
      proxy.mood = "opens";
      assert.ok(answer.end === "not_sent", answer.end);
      assert.match(answer.reason, says);
      assert.deepEqual(asked, []);
      // The next one finds the proxy well again.
      assert.equal((await post(plain, wire)).end, "response");
    });
  }

  it("ends not_sent when there is no proxy, and when the proxy can't reach the channel", async () => {
    const gone = await startProxy();
    await gone.close();
    const [nobody, nowhere] = [
      await post(plain, through({ owner: "gone", proxyUrl: gone.url })),
      await post("http://127.0.0.1:1", through({ owner: "nowhere" })),
    ];
    assert.ok(nobody.end === "not_sent" && nowhere.end === "not_sent");
    assert.match(nobody.reason, /ECONNREFUSED/);
  });

  it("ends not_sent when TLS to the channel fails inside the tunnel", async () => {
    const answer = await post(plain.replace("http:", "https:"), through({ owner: "not TLS" }));
    assert.equal(answer.end, "not_sent");
  });

  it("ends unknown when the tunnel breaks after the request", async () => {
    let heard = () => {};
    const hearing = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const mute = createServer(() => heard());
    const url = await listening(mute, "http", "127.0.0.1");
    const answer = post(url, through({ owner: "breaks" }));
    await hearing;
    for (const socket of proxy.sockets) socket.destroy();
    assert.equal((await answer).end, "unknown");
    mute.closeAllConnections();
    mute.close();
  });

  it("leaves one account alone while another waits for answers on all its connections", async () => {
    const events: string[] = [];
    const held: (() => void)[] = [];
    const server = createServer((request, response) => {
      const who = request.headers.who as string;
      events.push(`heard ${who}`);
      if (who === "fast") response.end("ok");
      else held.push(() => response.end("late"));
    });
    const url = await listening(server, "http", "127.0.0.1");
    const call = (who: string, owner: string) =>
      post(url, network({ owner, connectionsMax: 2 }), { headers: { who } }).then((answer) => {
        events.push(`${who} ${answer.end}`);
        return answer;
      });
    const slow = [1, 2, 3].map((index) => call(`slow-${index}`, "slow account"));
    while (held.length < 2) await turn();
    await call("fast", "fast account");
    assert.deepEqual(events.slice(2), ["heard fast", "fast response"]);
    // The third slow one has had no connection: the account has two.
    assert.deepEqual(events.slice(0, 2).sort(), ["heard slow-1", "heard slow-2"]);
    for (let index = 0; index < 3; index += 1) {
      while (held.length <= index) await turn();
      held[index]?.();
    }
    await Promise.all(slow);
    server.closeAllConnections();
    server.close();
  });

  it("takes up changed settings with the next request, and lets what is under way end", async () => {
    let answer: (() => void) | null = null;
    const server = createServer((request, response) => {
      if (request.headers.who === "first") answer = () => response.end("late");
      else response.end("ok");
    });
    const url = await listening(server, "http", "127.0.0.1");
    const first = post(url, network({ connectionsMax: 1 }), { headers: { who: "first" } });
    let settled = false;
    void first.then(() => {
      settled = true;
    });
    while (answer === null) await turn();
    const second = await post(url, network({ connectionsMax: 2 }), { headers: { who: "second" } });
    assert.equal(second.end, "response");
    assert.equal(settled, false);
    (answer as () => void)();
    assert.equal((await first).end, "response");
    server.closeAllConnections();
    server.close();
  });
});
