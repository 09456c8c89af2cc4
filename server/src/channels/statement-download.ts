import type { Call, Channel, StatementOf } from "./port.ts";
import { StatementFault } from "./statement-fault.ts";

type Downloads = "downloadStatement" | "downloadFundFlow";

/**
 * The channel with its downloads: an original is fetched, and read as a kept or an uploaded one is, so that
 * all three are read alike.
 */
export function withDownloads(channel: Omit<Channel, Downloads>): Channel {
  const { fetchFundFlow, readFundFlow } = channel;
  const of = (credentials: unknown, channelDate: string): StatementOf => ({
    holder: channel.merchantOf(credentials) ?? {},
    channelDate,
  });
  const whole: Omit<Channel, "downloadFundFlow"> = {
    ...channel,
    downloadStatement: async (context, channelDate) =>
      readDownloaded(await channel.fetchStatement(context, channelDate), (original) =>
        channel.readStatement(of(context.credentials, channelDate), original),
      ),
  };
  if (fetchFundFlow === undefined || readFundFlow === undefined) return whole;
  return {
    ...whole,
    downloadFundFlow: async (context, channelDate, accountType) =>
      readDownloaded(await fetchFundFlow(context, channelDate, accountType), (original) =>
        readFundFlow(of(context.credentials, channelDate), original, accountType),
      ),
  };
}

/**
 * A damaged original may come whole the next time; a statement that contradicts itself, or is another's, will
 * not.
 */
async function readDownloaded<T>(
  fetched: Call<Buffer>,
  read: (original: Buffer) => Promise<T | StatementFault>,
): Promise<Call<T>> {
  if (fetched.end !== "answered") return fetched;
  const { exchange } = fetched;
  const value = await read(fetched.value);
  if (!(value instanceof StatementFault)) return { end: "answered", value, exchange };
  const { message } = value;
  if (value.isDamage) return { end: "unknown", reason: message, exchange };
  return { end: "refused", code: "statement_invalid", message, retryable: false, exchange };
}
