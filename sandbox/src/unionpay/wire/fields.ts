import { UnionpayRefusal } from "./resp-codes.ts";
import type { Params } from "./signing.ts";
import { parseCompactTime } from "./time.ts";

const orderIdPattern = /^[A-Za-z0-9]{8,32}$/;
const amountPattern = /^[1-9]\d{0,11}$/;
const urlLengthMax = 256;

/** The fields of a message, read one by one: what is missing ends the call with 13, what is odd with 10. */
export class Fields {
  readonly params: Params;

  constructor(params: Params) {
    this.params = params;
  }

  /** A text, or null when it is absent or empty. */
  text(name: string, max: number): string | null {
    const value = this.params[name];
    if (value === undefined || value === "") return null;
    if (value.length > max) throw new UnionpayRefusal("10", name);
    return value;
  }

  required(name: string, max: number): string {
    const value = this.text(name, max);
    if (value === null) throw new UnionpayRefusal("13", name);
    return value;
  }

  /** A required text of a form. */
  shaped(name: string, pattern: RegExp): string {
    const value = this.required(name, 1_024);
    if (!pattern.test(value)) throw new UnionpayRefusal("10", name);
    return value;
  }

  orderId(name = "orderId"): string {
    return this.shaped(name, orderIdPattern);
  }

  /** A required yyyyMMddHHmmss, as it stands. */
  time(name: string): string {
    const value = this.required(name, 14);
    if (!parseCompactTime(value)) throw new UnionpayRefusal("10", name);
    return value;
  }

  /** Fen. */
  amount(): bigint {
    return BigInt(this.shaped("txnAmt", amountPattern));
  }

  /** An address, or null. */
  url(name: string): string | null {
    const value = this.text(name, urlLengthMax);
    if (value !== null && !/^https?:\/\/\S+$/.test(value)) throw new UnionpayRefusal("10", name);
    return value === null || URL.canParse(value) ? value : null;
  }

  requiredUrl(name: string): string {
    this.required(name, urlLengthMax);
    return this.url(name)!;
  }

  /** One of a few words. */
  oneOf<W extends string>(name: string, words: readonly W[]): W {
    const value = this.required(name, 32);
    const known = words.find((word) => word === value);
    if (known === undefined) throw new UnionpayRefusal("10", name);
    return known;
  }
}
