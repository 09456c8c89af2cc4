/** EMVCo merchant-presented codes over HTTP: how one looks when it was read, and how one is written. */
import type { FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import { type EmvcoAccount, type EmvcoCode, encodeEmvco } from "../codes/index.ts";
import { type Problem, problem } from "../kernel/errors.ts";
import {
  AmountSchema,
  CurrencySchema,
  type Http,
  type Input,
  problems,
  strictObject,
} from "../kernel/http.ts";
import { isCurrency } from "../kernel/money.ts";
import type { MerchantIdentity } from "../merchants/index.ts";

export type EmvcoDeps = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
};

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const FieldsSchema = Type.Record(Type.String(), Type.String());
const TipKind = Type.Enum(["asked", "fixed", "percentage"]);

/** A code that was read. */
export const EmvcoSchema = Type.Object({
  initiation: Nullable(Type.String()),
  accounts: Type.Array(
    Type.Object({ tag: Type.String(), value: Nullable(Type.String()), fields: Nullable(FieldsSchema) }),
  ),
  category: Type.String(),
  currency: Type.String(),
  amount: Type.Union([Type.Integer(), Type.Null()], { description: "Minor units" }),
  tip: Nullable(
    Type.Object({
      kind: TipKind,
      amount: Type.Optional(Type.Integer({ description: "Minor units" })),
      percent: Type.Optional(Type.String()),
    }),
  ),
  country: Type.String(),
  merchant_name: Type.String(),
  merchant_city: Type.String(),
  postal_code: Nullable(Type.String()),
  additional: Nullable(FieldsSchema),
  language: Nullable(
    Type.Object({ code: Type.String(), name: Type.String(), city: Nullable(Type.String()) }),
  ),
  templates: Type.Array(Type.Object({ tag: Type.String(), fields: FieldsSchema })),
});

export function presentEmvco(code: EmvcoCode): Static<typeof EmvcoSchema> {
  return {
    initiation: code.initiation,
    accounts: code.accounts.map((one) => ({
      tag: one.tag,
      value: "value" in one ? one.value : null,
      fields: "fields" in one ? { ...one.fields } : null,
    })),
    category: code.category,
    currency: code.currency,
    amount: code.amount === null ? null : Number(code.amount),
    tip: presentTip(code.tip),
    country: code.country,
    merchant_name: code.merchantName,
    merchant_city: code.merchantCity,
    postal_code: code.postalCode,
    additional: code.additional === null ? null : { ...code.additional },
    language: code.language === null ? null : { ...code.language },
    templates: code.templates.map(({ tag, fields }) => ({ tag, fields: { ...fields } })),
  };
}

function presentTip(tip: EmvcoCode["tip"]) {
  if (tip?.kind === "fixed") return { kind: tip.kind, amount: Number(tip.amount) };
  return tip;
}

const TEMPLATE_FIELDS_MAX = 30;
const GivenFields = Type.Record(
  Type.String({ pattern: "^[0-9]{2}$" }),
  Type.String({ minLength: 1, maxLength: 95, pattern: "^[^\\u0000-\\u001f\\u007f]+$" }),
  { maxProperties: TEMPLATE_FIELDS_MAX, description: "Values by tags of two digits" },
);
const Ascii = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: "^[\\x20-\\x7e]+$", description });
const AnyScript = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: "^[^\\u0000-\\u001f\\u007f]+$" });

const EmvcoBody = strictObject({
  initiation: Type.Optional(
    Type.Enum(["static", "dynamic"], { description: "static: for many buyers; dynamic: for one payment" }),
  ),
  accounts: Type.Array(
    strictObject({
      tag: Type.String({ pattern: "^(0[2-9]|[1-4][0-9]|5[01])$" }),
      value: Type.Optional(Ascii(99, "Of tags 02 to 25; UnionPay's 15 has 31 characters")),
      fields: Type.Optional(GivenFields),
    }),
    { minItems: 1, maxItems: 50, description: "Whom it pays: 02 to 25 a value, 26 to 51 fields with 00" },
  ),
  category: Type.String({ pattern: "^[0-9]{4}$", description: "The merchant's category (MCC)" }),
  currency: CurrencySchema,
  amount: Type.Optional(AmountSchema),
  tip: Type.Optional(
    strictObject({
      kind: TipKind,
      amount: Type.Optional(AmountSchema),
      percent: Type.Optional(Type.String({ pattern: "^(100|[0-9]{1,2}(\\.[0-9]{1,2})?)$" })),
    }),
  ),
  country: Type.String({ pattern: "^[A-Z]{2}$", description: "ISO 3166-1, two letters" }),
  merchant_name: Ascii(25, "Many readers count bytes, so ASCII; other scripts go into language"),
  merchant_city: Ascii(15, "ASCII"),
  postal_code: Type.Optional(Ascii(10, "ASCII")),
  additional: Type.Optional(GivenFields),
  language: Type.Optional(
    strictObject({
      code: Type.String({ pattern: "^[A-Za-z]{2}$" }),
      name: AnyScript(25),
      city: Type.Optional(AnyScript(15)),
    }),
  ),
  templates: Type.Optional(
    Type.Array(strictObject({ tag: Type.String({ pattern: "^[89][0-9]$" }), fields: GivenFields }), {
      maxItems: 20,
      description: "Fields of others, each with its owner as 00",
    }),
  ),
});
const WrittenSchema = Type.Object({ code: Type.String({ description: "With its checksum" }) });
type EmvcoBody = Static<typeof EmvcoBody>;

/** Adds `POST /v1/codes/emvco`: the text of an EMVCo code. It keeps nothing and charges nothing. */
export function emvcoRoutes(http: Http, deps: EmvcoDeps): void {
  http.post<Input<typeof EmvcoBody>>(
    "/v1/codes/emvco",
    {
      schema: {
        operationId: "writeEmvcoCode",
        summary: "Write an EMVCo merchant-presented code",
        description:
          "The text to draw as a QR code, for an account that a network has given the merchant. Nothing is " +
          "kept; `POST /v1/codes/recognise` reads it.",
        tags: ["Merchant"],
        security: [{ merchant: [] }],
        body: EmvcoBody,
        response: { 200: WrittenSchema, ...problems(400, 401, 422) },
      },
    },
    async (request) => {
      await deps.authenticateMerchant(request);
      const code = codeOf(request.body);
      const written = encodeEmvco(code);
      if (written.result === "text") return { code: written.text };
      throw refusal(fieldOf(written.tag, code), written.detail);
    },
  );
}

function codeOf(body: EmvcoBody): EmvcoCode {
  const { currency, language } = body;
  if (!isCurrency(currency)) {
    throw problem("currency_not_supported", { field: "currency", detail: "it is not known here" });
  }
  return {
    initiation: body.initiation ?? null,
    accounts: body.accounts.map(accountOf),
    category: body.category,
    currency,
    amount: body.amount === undefined ? null : BigInt(body.amount),
    tip: tipOf(body.tip),
    country: body.country,
    merchantName: body.merchant_name,
    merchantCity: body.merchant_city,
    postalCode: body.postal_code ?? null,
    additional: body.additional ?? null,
    language: language === undefined ? null : { ...language, city: language.city ?? null },
    templates: body.templates ?? [],
  };
}

/** The first tag whose value is a template. */
const TEMPLATES_FROM = "26";

function accountOf({ tag, value, fields }: EmvcoBody["accounts"][number], index: number): EmvcoAccount {
  const at = `accounts.${index}`;
  if (tag >= TEMPLATES_FROM) {
    if (value !== undefined) throw refusal(`${at}.value`, `tag ${tag} is a template: give it fields instead`);
    if (fields === undefined) throw refusal(`${at}.fields`, `tag ${tag} is a template: give it fields`);
    return { tag, fields };
  }
  if (fields !== undefined)
    throw refusal(`${at}.fields`, `tag ${tag} is a plain value: give it value instead`);
  if (value === undefined) throw refusal(`${at}.value`, `tag ${tag} is a plain value: give it value`);
  return { tag, value };
}

function tipOf(tip: EmvcoBody["tip"]): EmvcoCode["tip"] {
  if (tip === undefined) return null;
  const { kind, amount, percent } = tip;
  if (amount !== undefined && kind !== "fixed") throw refusal("tip.amount", "is of a fixed tip alone");
  if (percent !== undefined && kind !== "percentage")
    throw refusal("tip.percent", "is of a percentage alone");
  if (kind === "asked") return { kind };
  if (kind === "fixed") {
    if (amount === undefined) throw refusal("tip.amount", "a fixed tip has an amount");
    return { kind, amount: BigInt(amount) };
  }
  if (percent === undefined) throw refusal("tip.percent", "a percentage says how many");
  return { kind, percent };
}

function refusal(field: string, detail: string): Problem {
  return problem("invalid_request", { field, detail });
}

const FIELDS: Readonly<Record<string, string>> = {
  "01": "initiation",
  "52": "category",
  "53": "currency",
  "54": "amount",
  "55": "tip",
  "56": "tip.amount",
  "57": "tip.percent",
  "58": "country",
  "59": "merchant_name",
  "60": "merchant_city",
  "61": "postal_code",
  "62": "additional",
  "64": "language",
  "64.00": "language.code",
  "64.01": "language.name",
  "64.02": "language.city",
};

/** The field of the request whose tag is refused: `62.07` is `additional.07`. */
function fieldOf(tag: string, { accounts, templates }: EmvcoCode): string {
  const known = FIELDS[tag];
  if (known !== undefined) return known;
  const [object = "", inside] = tag.split(".");
  const more = inside === undefined ? "" : `.${inside}`;
  const named = FIELDS[object];
  if (named !== undefined) return named + more;
  const isOf = (one: { readonly tag: string }) => one.tag === object;
  const account = accounts.findLastIndex(isOf);
  if (account >= 0) return `accounts.${account}${inside === undefined ? "" : `.fields${more}`}`;
  return `templates.${templates.findLastIndex(isOf)}${inside === undefined ? "" : `.fields${more}`}`;
}
