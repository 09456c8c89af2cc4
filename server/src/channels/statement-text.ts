import { StatementFault } from "./statement-fault.ts";

/** One that throws at bytes that are no character (`fatal`). */
type Decoder = Pick<InstanceType<typeof TextDecoder>, "decode" | "encoding">;

/**
 * The text of one line. Half a character is a fault of the file, and so is a NUL, which no text of a channel
 * has and no database keeps. @throws StatementFault
 */
export function decodedLine(decoder: Decoder, bytes: Uint8Array, line: number): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new StatementFault(line, `has bytes that are not ${decoder.encoding.toUpperCase()}`);
  }
  if (text.includes("\0")) throw new StatementFault(line, "has a NUL");
  return text;
}

/** A number that names something, as written; empty where a control character shows it damaged. */
export function namingNumber(text: string): string {
  return CONTROL.test(text) ? "" : text;
}

const CONTROL = /\p{Cc}/u;
