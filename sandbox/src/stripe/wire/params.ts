import type { Tree, Value } from "./form.ts";
import { invalid } from "./refusals.ts";

const textMax = 5_000;
const metadataKeysMax = 50;
const metadataKeyMax = 40;
const metadataValueMax = 500;

/** A call's parameters, read one by one; `done` refuses what nobody asked for, as Stripe does. */
export class Params {
  readonly #tree: Tree;
  readonly #prefix: string;
  readonly #read = new Set<string>();
  readonly #inner: Params[] = [];

  constructor(tree: Tree, prefix = "") {
    this.#tree = tree;
    this.#prefix = prefix;
  }

  /** The full name of a parameter, as errors tell it. */
  named(name: string): string {
    return this.#prefix === "" ? name : `${this.#prefix}[${name}]`;
  }

  /** Null when it is absent, or empty (which is how a caller unsets it). */
  text(name: string, max = textMax): string | null {
    const value = this.#take(name);
    if (value === undefined || value === "") return null;
    if (typeof value === "string" && value.length <= max) return value;
    throw invalid(this.named(name), `Invalid string: ${this.named(name)} takes at most ${max} characters.`);
  }

  required(name: string, max = textMax): string {
    const value = this.text(name, max);
    if (value !== null) return value;
    const param = this.named(name);
    throw invalid(param, `Missing required param: ${param}.`, "parameter_missing");
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.text(name);
    if (value === null) return null;
    const found = allowed.find((one) => one === value);
    if (found !== undefined) return found;
    throw invalid(this.named(name), `Invalid ${this.named(name)}: must be one of ${allowed.join(", ")}`);
  }

  integer(name: string, min: bigint, max: bigint): bigint | null {
    const value = this.text(name, 32);
    if (value === null) return null;
    const param = this.named(name);
    if (!/^-?\d{1,18}$/.test(value))
      throw invalid(param, `Invalid integer: ${value}`, "parameter_invalid_integer");
    const number = BigInt(value);
    if (number >= min && number <= max) return number;
    throw invalid(
      param,
      `Invalid integer: ${param} must be from ${min} to ${max}.`,
      "parameter_invalid_integer",
    );
  }

  requiredInteger(name: string, min: bigint, max: bigint): bigint {
    this.required(name, 32);
    return this.integer(name, min, max)!;
  }

  boolean(name: string): boolean | null {
    const value = this.oneOf(name, ["true", "false"]);
    return value === null ? null : value === "true";
  }

  /** Parameters inside this one; none when it is absent. */
  object(name: string): Params | null {
    const value = this.#take(name);
    if (value === undefined || value === "") return null;
    if (typeof value === "string") throw invalid(this.named(name), "Invalid object");
    const inner = new Params(value, this.named(name));
    this.#inner.push(inner);
    return inner;
  }

  /** A list of objects. */
  objects(name: string): Params[] {
    const list = this.object(name);
    return list === null ? [] : [...list.#tree.keys()].map((key) => list.object(key)!);
  }

  /** A list of texts. */
  texts(name: string): string[] {
    const list = this.object(name);
    return list === null ? [] : [...list.#tree.keys()].flatMap((key) => list.text(key) ?? []);
  }

  /** Names and values of the merchant's own; an empty value unsets a name. */
  metadata(name = "metadata"): Record<string, string> {
    const given = this.object(name);
    const told: [string, string][] = [];
    if (given === null) return {};
    for (const key of given.#tree.keys()) {
      const value = given.text(key, metadataValueMax);
      if (key.length > metadataKeyMax)
        throw invalid(given.named(key), "Metadata keys have at most 40 characters");
      if (value !== null) told.push([key, value]);
    }
    if (told.length > metadataKeysMax) throw invalid(this.named(name), "Metadata has at most 50 keys");
    return Object.fromEntries(told);
  }

  /** Refuses parameters that nobody has read. */
  done(): void {
    for (const key of this.#tree.keys()) {
      if (this.#read.has(key)) continue;
      const param = this.named(key);
      throw invalid(param, `Received unknown parameter: ${param}`, "parameter_unknown");
    }
    for (const inner of this.#inner) inner.done();
  }

  #take(name: string): Value | undefined {
    this.#read.add(name);
    return this.#tree.get(name);
  }
}
