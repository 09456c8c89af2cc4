import { invalid, WechatRefusal } from "./refusals.ts";

/** An object of a request, read field by field; what is malformed ends the call with PARAM_ERROR. */
export class Fields {
  readonly #fields: Record<string, unknown>;
  readonly #path: string;

  constructor(fields: Record<string, unknown>, path = "") {
    this.#fields = fields;
    this.#path = path;
  }

  /** A text of 1 to `max` characters, or null when it is absent; `null` itself is refused, as WeChat does. */
  text(name: string, max: number, pattern?: RegExp): string | null {
    const value = this.#fields[name];
    if (value === undefined) return null;
    if (typeof value !== "string") throw this.invalid(name, "应为字符串");
    if (value.length === 0 || value.length > max) throw this.invalid(name, `长度应为1到${max}`);
    if (pattern && !pattern.test(value)) throw this.invalid(name, "格式不符");
    return value;
  }

  required(name: string, max: number, pattern?: RegExp): string {
    const value = this.text(name, max, pattern);
    if (value === null) throw this.invalid(name, "必填");
    return value;
  }

  /** Fen of a required amount. */
  fen(name: string): bigint {
    const value = this.#fields[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw this.invalid(name, "应为整数");
    if (value < 1 || value > fenMax) throw this.invalid(name, "超出取值范围");
    return BigInt(value);
  }

  /** A nested object; without fields when it is absent. */
  object(name: string): Fields {
    const value = this.#fields[name];
    if (value === undefined) return new Fields({}, `${this.#path}/${name}`);
    if (!isObject(value)) throw this.invalid(name, "应为对象");
    return new Fields(value, `${this.#path}/${name}`);
  }

  /** A yes or no; no where it is absent. */
  flag(name: string): boolean {
    const value = this.#fields[name];
    if (value === undefined) return false;
    if (typeof value !== "boolean") throw this.invalid(name, "应为布尔值");
    return value;
  }

  /** One object of a list. */
  item(name: string, index: number): Fields {
    const list = this.#fields[name];
    const value: unknown = Array.isArray(list) ? list[index] : undefined;
    if (!isObject(value)) throw this.invalid(`${name}/${index}`, "应为对象");
    return new Fields(value, `${this.#path}/${name}/${index}`);
  }

  invalid(name: string, issue: string): WechatRefusal {
    return invalid(`${this.#path}/${name}`, issue);
  }
}

const fenMax = 10_000_000_000;

/** A request's body as an object; an empty one is an object without fields. */
export function parseBody(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (isObject(value)) return value;
  } catch {
    // Refused below, as any other body that is no object.
  }
  throw new WechatRefusal("PARAM_ERROR", "请求体不是合法的JSON对象");
}

/** The same value in one spelling, whatever order its fields came in. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    isObject(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
