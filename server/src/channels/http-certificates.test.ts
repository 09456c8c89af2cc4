import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { systemClock } from "../kernel/clock.ts";
import { certificate, newPair, type Pair, pem } from "./alipay/testing.ts";
import { createChannelHttp } from "./http.ts";
import type { ClientCertificate } from "./port.ts";

function selfSigned(pair: Pair, commonName: string, serial: bigint): ClientCertificate {
  const subject = [["CN", commonName]] as const;
  const parts = { subject, issuer: subject, publicKey: pair.publicKey, signer: pair.privateKey, serial };
  return { key: pem(pair.privateKey, "pkcs8"), cert: certificate(parts) };
}

const own = selfSigned(newPair(), "localhost", 1n);
const one = selfSigned(newPair(), "merchant-1", 2n);
const other = selfSigned(newPair(), "merchant-2", 3n);

describe("HTTP to channels with a client certificate", () => {
  const http = createChannelHttp({ clock: systemClock });
  // Answers with the name in the certificate that it was shown.
  const server = createServer(
    { ...own, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      response.end((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "nobody");
    },
  );
  before(async () => {
    setDefaultCACertificates([...getCACertificates("default"), own.cert]);
    server.listen(0, "localhost");
    await once(server, "listening");
  });
  after(async () => {
    await http.close();
    server.closeAllConnections();
    server.close();
  });

  async function whoCalls(clientCertificate?: ClientCertificate): Promise<string> {
    const { port } = server.address() as AddressInfo;
    const answer = await http.request({
      url: `https://localhost:${port}/secapi`,
      method: "POST",
      headers: {},
      body: "x",
      timeoutMs: 5_000,
      responseBytesMax: 1_000,
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
    });
    assert.ok(answer.end === "response", JSON.stringify(answer));
    return answer.body.toString();
  }

  it("shows it to the server, and never one merchant's for another's request", async () => {
    assert.equal(await whoCalls(one), "merchant-1");
    assert.equal(await whoCalls(other), "merchant-2");
    assert.equal(await whoCalls(), "nobody");
    assert.equal(await whoCalls(one), "merchant-1");
  });
});
