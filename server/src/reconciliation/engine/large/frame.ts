/** What stands before and after the lines of a large statement, read strictly. */
import { open } from "node:fs/promises";
import { type AlipayFrame, readAlipayFrame } from "../../../channels/index.ts";

export type LargeFrame = AlipayFrame & { readonly lineEnd: "\r\n" | "\n" };

const FRAME_BYTES = 65_536;
const CARRIAGE_RETURN = 0x0d;

/**
 * The frame of an Alipay statement, and how its lines end. Throws a StatementFault where it is not as it must
 * be.
 */
export async function frameOf(path: string): Promise<LargeFrame> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const bytes = Math.min(FRAME_BYTES, size);
    const head = (await file.read(Buffer.alloc(bytes), 0, bytes, 0)).buffer;
    const tail = (await file.read(Buffer.alloc(bytes), 0, bytes, size - bytes)).buffer;
    const frame = readAlipayFrame(head, tail, size);
    return { ...frame, lineEnd: head[frame.linesFrom - 2] === CARRIAGE_RETURN ? "\r\n" : "\n" };
  } finally {
    await file.close();
  }
}
