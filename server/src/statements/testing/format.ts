import type { StatementFault } from "../../channels/index.ts";
import type { Chance } from "./chance.ts";

/** What a reader says of one line, to be looked for in the text. */
export type Told = {
  /** The number of the text's line, from 1. */
  readonly line: number;
  readonly texts: readonly string[];
  /** In minor units. */
  readonly amounts: readonly bigint[];
};

/** One form of file: how it is written, packed, read, and looked at in another way. */
export type Format = {
  readonly name: string;
  /** A file in its real layout, as text. */
  sample(chance: Chance): string;
  encode(text: string): Buffer;
  decode(content: Buffer): string;
  pack(content: Buffer): Buffer;
  read(original: Buffer): Promise<readonly Told[] | StatementFault>;
  /** How many lines there must be, by a rule of thumb that knows nothing of the reader. */
  count(text: string): number;
  /** The cells of a line. */
  cells(line: string): readonly string[];
  /** How many of the text's units are one minor unit: 100 where it writes minor units, 1 where major. */
  readonly minorPerUnit: number;
  /** What stands around a text is the text's own, and told with it. */
  readonly keepsBlanks?: boolean;
  /** How many lines of text one told line may spread over. */
  readonly spread?: number;
};
