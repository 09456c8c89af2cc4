import type { FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import { type Channels, walletOf } from "../channels/index.ts";
import { decodeEmvco } from "../codes/index.ts";
import type { Keyring } from "../kernel/crypto.ts";
import { type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import type { MerchantIdentity } from "../merchants/index.ts";
import { type Payments, readCashierToken } from "../payments/index.ts";
import { readPlateCode } from "./code.ts";
import { EmvcoSchema, presentEmvco } from "./emvco.ts";
import type { Plate } from "./model.ts";

export type RecogniseDeps = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly channels: Pick<Channels, "channel">;
  readonly keyring: Pick<Keyring, "macs">;
  readonly payments: Pick<Payments, "find">;
  readonly byCode: (code: string) => Promise<Plate | null>;
};

const CODE_LENGTH_MAX = 1_024;

const RecognisedSchema = Type.Object({
  kind: Type.Enum(["payment_code", "plate", "payment", "emvco_merchant", "emvco_consumer", "unknown"]),
  detail: Type.String({ description: "What it is, in a sentence for whoever stands at the till" }),
  channel: Type.Optional(Type.String({ description: "Whose wallet shows a payment code" })),
  accepted: Type.Optional(Type.Boolean({ description: "Whether a payment code of this wallet is charged" })),
  plate: Type.Optional(Type.String({ description: "Where the plate is one's own" })),
  payment: Type.Optional(Type.String({ description: "Where the payment is one's own" })),
  emvco: Type.Optional(EmvcoSchema),
  fault: Type.Optional(Type.Object({ tag: Type.String(), offset: Type.Integer(), detail: Type.String() })),
});
type Recognised = Static<typeof RecognisedSchema>;

const RecogniseBody = strictObject({
  code: Type.String({ minLength: 1, maxLength: CODE_LENGTH_MAX, description: "As the scanner gave it" }),
});

/** Adds `POST /v1/codes/recognise`: what a till has scanned. It changes nothing and charges nothing. */
export function recogniseRoutes(http: Http, deps: RecogniseDeps): void {
  http.post<Input<typeof RecogniseBody>>(
    "/v1/codes/recognise",
    {
      schema: {
        operationId: "recogniseCode",
        summary: "Tell what a scanned code is",
        description: "Nothing is charged and nothing is kept. A code of no known kind is `unknown`.",
        tags: ["Merchant"],
        security: [{ merchant: [] }],
        body: RecogniseBody,
        response: { 200: RecognisedSchema, ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const code = request.body.code.trim();
      return (
        emvcoIn(code) ?? paymentCodeIn(deps, code) ?? (await addressIn(deps, merchantId, code)) ?? UNKNOWN
      );
    },
  );
}

const UNKNOWN: Recognised = {
  kind: "unknown",
  detail: "This code is of no kind that is known here. Scan it again, or ask the buyer for another one.",
};

/** Before digits are looked at: a consumer's is base64 that always begins so, a merchant's begins with 00. */
function emvcoIn(code: string): Recognised | null {
  if (code.startsWith("hQVDUFYw")) {
    const detail = "A buyer's EMVCo code. It is not charged here; ask for a payment code of a wallet.";
    return { kind: "emvco_consumer", detail };
  }
  if (!/^0002\d\d/.test(code) || code.length < 30) return null;
  const read = decodeEmvco(code);
  if (read.result === "code") {
    const detail = `A merchant's EMVCo code: it pays ${read.code.merchantName}.`;
    return { kind: "emvco_merchant", detail, emvco: presentEmvco(read.code) };
  }
  const { tag, offset, detail } = read;
  const said = `This looks like a merchant's EMVCo code, and cannot be read: tag ${tag} ${detail}.`;
  return { kind: "unknown", detail: said, fault: { tag, offset, detail } };
}

function paymentCodeIn(deps: RecogniseDeps, code: string): Recognised | null {
  const wallet = walletOf(code);
  if (wallet === null) return null;
  const { channel, displayName } = wallet;
  const scenes = Object.values(deps.channels.channel(channel)?.traits.scenes ?? {});
  const accepted = scenes.some((scene) => scene.kind === "payment_code");
  const detail = accepted
    ? `A payment code of ${displayName}.`
    : `A payment code of ${displayName}, which is not taken here; ask the buyer for another wallet.`;
  return { kind: "payment_code", detail, channel, accepted };
}

/** The address of a plate or of a payment, whichever host it names, or a plate's code as it is printed. */
async function addressIn(deps: RecogniseDeps, merchantId: Id, code: string): Promise<Recognised | null> {
  const path = /^https?:\/\//i.test(code) ? (URL.parse(code)?.pathname ?? "") : `/q/${code}`;
  const token = /^\/q\/o\/([A-Za-z0-9_-]{1,100})$/.exec(path)?.[1];
  const paymentId = token === undefined ? null : readCashierToken(deps.keyring, token);
  if (paymentId !== null) {
    const found = await deps.payments.find(paymentId);
    const isOwn = found?.payment.merchantId === merchantId;
    const own = isOwn ? { payment: formatId("pay", paymentId) } : {};
    return { kind: "payment", detail: "The code of one payment; the buyer's wallet scans it.", ...own };
  }
  const plateCode = readPlateCode(/^\/q\/([^/]{1,40})$/.exec(path)?.[1] ?? "");
  const plate = plateCode === null ? null : await deps.byCode(plateCode);
  if (plate === null) return null;
  const own = plate.merchantId === merchantId ? { plate: formatId("plt", plate.id) } : {};
  return { kind: "plate", detail: `A plate, which is ${plate.state}; the buyer's wallet scans it.`, ...own };
}
