import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, problems } from "../../kernel/http.ts";
import type { Platform } from "../../kernel/revision.ts";
import type { MerchantIdentity } from "../../merchants/index.ts";
import { IdParams, type Operators, opsSchema, readId } from "../../operators/index.ts";
import type { Plate } from "../model.ts";
import * as store from "../store.ts";
import { drawCode, svgOf } from "./drawing.ts";
import { pngOf } from "./png.ts";
import { sheetOf } from "./sheet.ts";

export type PrintDeps = {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly operators: Pick<Operators, "authenticate">;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly urlOf: (plate: Pick<Plate, "code">) => string;
};

const FORMATS = {
  svg: { name: "Svg", type: "image/svg+xml", draw: (url: string) => svgOf(drawCode(url)) },
  png: { name: "Png", type: "image/png", draw: (url: string) => pngOf(drawCode(url)) },
} as const;

const file = (contentType: string, description: string) => ({
  description,
  content: { [contentType]: { schema: { type: "string", format: "binary" } } },
});

/** Adds the pictures of a plate and the sheet of a batch. */
export function printRoutes(http: Http, deps: PrintDeps): void {
  for (const [extension, { name, type, draw }] of Object.entries(FORMATS)) {
    const found = async (request: FastifyRequest) => {
      const id = readId("plt", (request.params as { id: string }).id);
      const plate = await store.findPlate(deps.platform.db, id);
      if (plate === null) throw problem("not_found");
      return plate;
    };
    const send = (reply: FastifyReply, plate: Plate) =>
      reply.header("content-type", type).send(draw(deps.urlOf(plate)));
    http.get<Input<never, typeof IdParams>>(
      `/v1/ops/plates/:id.${extension}`,
      {
        schema: opsSchema({
          operationId: `opsGetPlate${name}`,
          summary: `A plate's code as a ${extension.toUpperCase()} picture`,
          params: IdParams,
          response: { 200: file(type, "The code alone, with its light frame"), ...problems(401, 403, 404) },
        }),
      },
      async (request, reply) => {
        await deps.operators.authenticate(request, "plates.read");
        return send(reply, await found(request));
      },
    );
    http.get<Input<never, typeof IdParams>>(
      `/v1/plates/:id.${extension}`,
      {
        schema: {
          operationId: `getPlate${name}`,
          summary: `One of one's own plates as a ${extension.toUpperCase()} picture`,
          tags: ["Merchant"],
          security: [{ merchant: [] }],
          params: IdParams,
          response: { 200: file(type, "The code alone, with its light frame"), ...problems(401, 404) },
        },
      },
      async (request, reply) => {
        const { merchantId } = await deps.authenticateMerchant(request);
        const plate = await found(request);
        if (plate.merchantId !== merchantId) throw problem("not_found");
        return send(reply, plate);
      },
    );
  }
  sheet(http, deps);
}

function sheet(http: Http, deps: PrintDeps): void {
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/plate_batches/:id/sheet.pdf",
    {
      schema: opsSchema({
        operationId: "opsGetPlateBatchSheet",
        summary: "A batch for the printer: A4, twelve plates a page, with number and code",
        params: IdParams,
        response: { 200: file("application/pdf", "The sheet"), ...problems(401, 403, 404) },
      }),
    },
    async (request, reply) => {
      await deps.operators.authenticate(request, "plates.read");
      const batch = await store.findBatch(deps.platform.db, readId("plb", request.params.id));
      if (batch === null) throw problem("not_found");
      const plates = await store.platesInBatch(deps.platform.db, batch.id);
      return reply
        .header("content-type", "application/pdf")
        .send(await sheetOf(deps.clock, batch, plates, deps.urlOf));
    },
  );
}
