const gbk = new TextDecoder("gbk");

/** The text whose bytes of GBK were widened as if they were Latin-1. */
export function narrowed(text: string): string {
  return /^[\u0020-\u007e]*$/.test(text) ? text : gbk.decode(Buffer.from(text, "latin1"));
}
