import { type Static, Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { CurrencySchema, strictObject } from "../../kernel/http.ts";
import { CURRENCIES } from "../../kernel/money.ts";
import { readImage } from "./image.ts";
import type { CashierSettings, Logo, MethodRule, WantedSettings } from "./model.ts";

const METHODS_MAX = 50;
const LOGO_BYTES_MAX = 32 * 1024;
/** A browser makes a picture of every pixel; a few kilobytes can name thousands of millions. */
const LOGO_PIXELS_MAX = 2_048;

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const MethodName = Type.String({ minLength: 1, maxLength: 40, description: "Such as alipay.qr" });
const Amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "Minor units" });

const RuleSchema = strictObject({
  method: MethodName,
  amount_min: Type.Optional(Nullable(Amount)),
  amount_max: Type.Optional(Nullable(Amount)),
  currencies: Type.Optional(
    Nullable(Type.Array(CurrencySchema, { minItems: 1, maxItems: CURRENCIES.length, uniqueItems: true })),
  ),
  devices: Type.Optional(
    Nullable(Type.Array(Type.Enum(["phone", "desktop"]), { minItems: 1, maxItems: 2, uniqueItems: true })),
  ),
});

const Look = {
  display_name: Nullable(
    Type.String({ minLength: 1, maxLength: 120, pattern: "\\S", description: "Null: the merchant's name" }),
  ),
  colour: Nullable(
    Type.String({
      pattern: "^#[0-9A-Fa-f]{6}$",
      description: "Of the main button; the page finds a readable text colour. Null: the usual one",
    }),
  ),
};

export const SettingsBody = strictObject({
  version: Type.Integer({ minimum: 0, description: "The version that the change is based on; 0: the first" }),
  ...Look,
  logo: Type.Optional(
    Nullable(
      strictObject(
        { data: Type.String({ maxLength: 45_000, description: "Base64 of a PNG, JPEG or WebP of ≤ 32 kB" }) },
        { description: "Absent: as it is; null: none" },
      ),
    ),
  ),
  methods: Type.Array(RuleSchema, { maxItems: METHODS_MAX, description: "In this order, then the others" }),
  hidden: Type.Array(MethodName, { maxItems: METHODS_MAX, uniqueItems: true }),
});

export const SettingsSchema = Type.Object(
  {
    version: Type.Integer({ description: "Send it back with a change; 0: nothing was ever set" }),
    display_name: Nullable(Type.String()),
    colour: Nullable(Type.String()),
    logo_version: Nullable(Type.Integer({ description: "The version that brought the present logo" })),
    methods: Type.Array(
      Type.Object({
        method: Type.String(),
        amount_min: Nullable(Type.Integer()),
        amount_max: Nullable(Type.Integer()),
        currencies: Nullable(Type.Array(Type.String())),
        devices: Nullable(Type.Array(Type.String())),
      }),
    ),
    hidden: Type.Array(Type.String()),
  },
  { description: "How a merchant's cashier looks, and which ways to pay it offers" },
);

export function presentSettings(settings: CashierSettings) {
  return {
    version: settings.version,
    display_name: settings.displayName,
    colour: settings.colour,
    logo_version: settings.logoVersion,
    methods: settings.methods.map((rule) => ({
      method: rule.method,
      amount_min: rule.amountMin === null ? null : Number(rule.amountMin),
      amount_max: rule.amountMax === null ? null : Number(rule.amountMax),
      currencies: rule.currencies === null ? null : [...rule.currencies],
      devices: rule.devices === null ? null : [...rule.devices],
    })),
    hidden: [...settings.hidden],
  };
}

type Body = Static<typeof SettingsBody>;

/**
 * What a body asks for. Throws `invalid_request`, naming the field.
 * @param offerable every method that a cashier page can offer, of any channel.
 */
export function readSettings(body: Body, offerable: ReadonlySet<string>): WantedSettings {
  const methods = body.methods.map((rule, at) => readRule(rule, `methods.${at}`));
  const names = methods.map((rule) => rule.method);
  names.forEach((name, at) => {
    if (names.indexOf(name) < at) throw refuse(`methods.${at}.method`, `${name} stands twice in the list`);
  });
  const known = (name: string, field: string) => {
    if (offerable.has(name)) return;
    const all = [...offerable].sort().join(", ");
    throw refuse(field, `${name} is no method that a cashier page can offer; these are: ${all}`);
  };
  for (const [at, name] of names.entries()) known(name, `methods.${at}.method`);
  for (const [at, name] of body.hidden.entries()) known(name, `hidden.${at}`);
  return {
    displayName: body.display_name?.trim() ?? null,
    colour: body.colour?.toLowerCase() ?? null,
    logo: body.logo === undefined || body.logo === null ? body.logo : readLogo(body.logo.data),
    methods,
    hidden: body.hidden,
  };
}

function readRule(rule: Body["methods"][number], field: string): MethodRule {
  const { amount_min: min = null, amount_max: max = null, currencies = null, devices = null } = rule;
  if (min !== null && max !== null && min > max) {
    throw refuse(`${field}.amount_max`, "amount_max is at least amount_min");
  }
  for (const [at, currency] of (currencies ?? []).entries()) {
    if (!CURRENCIES.includes(currency)) {
      throw refuse(`${field}.currencies.${at}`, `${currency} is not a currency known here`);
    }
  }
  return {
    method: rule.method,
    amountMin: min === null ? null : BigInt(min),
    amountMax: max === null ? null : BigInt(max),
    currencies,
    devices,
  };
}

function readLogo(data: string): Logo {
  const bytes = Buffer.from(data, "base64");
  if (bytes.toString("base64") !== data) throw refuse("logo.data", "it is not base64");
  if (bytes.length > LOGO_BYTES_MAX) throw refuse("logo.data", `a logo has at most ${LOGO_BYTES_MAX} bytes`);
  const image = readImage(bytes);
  if (image === null) throw refuse("logo.data", "a logo is a PNG, JPEG or WebP picture");
  const { type, width, height } = image;
  if (width < 1 || height < 1 || width > LOGO_PIXELS_MAX || height > LOGO_PIXELS_MAX) {
    throw refuse("logo.data", `a logo has at most ${LOGO_PIXELS_MAX} pixels on each side`);
  }
  return { type, bytes };
}

function refuse(field: string, detail: string) {
  return problem("invalid_request", { field, detail });
}
