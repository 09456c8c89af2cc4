import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { MINUTE } from "../../kernel/clock.ts";
import type { Call, CallEnd, ChannelContext, ChannelDeps, Statement } from "../port.ts";
import { StatementFault } from "../statement-fault.ts";
import { unzip, type ZipEntry } from "../zip.ts";
import { type Answer, refused } from "./answer.ts";
import { countAdjustments, type Expected, parseDetail } from "./bill.ts";
import { meaningOf } from "./codes.ts";
import { callGateway, credentialsOf } from "./gateway.ts";
import { unknown } from "./outcomes.ts";
import { fileRequest } from "./requests.ts";

/** The packed statement of a merchant with some million trades a day. */
const ARCHIVE_BYTES_MAX = 128 * 1_024 * 1_024;

/** It comes in base64, within the answer. */
const ANSWER_BYTES_MAX = 2 * ARCHIVE_BYTES_MAX;

/** A day of trades takes longer to send than an answer. */
const DOWNLOAD_TIMEOUT_MIN_MS = MINUTE;

const unpack = promisify(inflate);

type Read = CallEnd<Statement> & { readonly adjustments?: number };

/** Asks for the files of a clearing day, which come in the signed answer, and reads them. */
export async function downloadStatement(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<Statement>> {
  const { merId, ...ids } = credentialsOf(context);
  const request = fileRequest(channelDate, deps.clock.now(), { merId, ...ids });
  const called = await callGateway(deps, context, "statement", request, {
    timeoutMs: Math.max(context.timeoutMs, DOWNLOAD_TIMEOUT_MIN_MS),
    responseBytesMax: ANSWER_BYTES_MAX,
  });
  if (called.end !== "answer") return called;
  const { adjustments = 0, ...end } = await readFile(called.answer, { merId, channelDate });
  if (adjustments === 0) return { ...end, exchange: called.exchange };
  // They move money too, and are a person's to look at.
  const note = `${adjustments} adjustments (ZME) stand in the file, and are not a part of its lines`;
  return { ...end, exchange: { ...called.exchange, response: `${called.exchange.response}\n${note}` } };
}

async function readFile(answer: Answer, expected: Expected): Promise<Read> {
  const { code, message, fields } = answer;
  switch (meaningOf(code)) {
    case "success":
      break;
    case "no_file":
      return { end: "refused", code: "no_statement", message, retryable: true };
    case "refused":
      return refused(answer);
    default:
      return unknown(answer);
  }
  const archive = await archiveOf(fields.fileContent ?? "");
  if (typeof archive === "string") return { end: "unknown", reason: archive };
  let entries: ZipEntry[];
  try {
    entries = await unzip(archive);
  } catch (error) {
    return { end: "unknown", reason: `the archive cannot be read: ${(error as Error).message}` };
  }
  return readEntries(entries, archive, expected);
}

/** A damaged archive may come whole the next time, so that it is no refusal. */
async function archiveOf(base64: string): Promise<Buffer | string> {
  if (base64 === "") return "the answer has no file";
  try {
    return await unpack(Buffer.from(base64, "base64"), { maxOutputLength: ARCHIVE_BYTES_MAX });
  } catch (error) {
    return `the file cannot be unpacked: ${(error as Error).message}`;
  }
}

/** A statement that contradicts itself, or is another's, will be the same the next time. */
function readEntries(entries: readonly ZipEntry[], original: Buffer, expected: Expected): Read {
  const { merId, channelDate } = expected;
  const [, year, month, day] = /^\d\d(\d\d)-(\d\d)-(\d\d)$/.exec(channelDate) ?? [];
  const named = (kind: string) => {
    const name = `INN${year}${month}${day}88${kind}_${merId}`;
    return entries.filter((entry) => entry.name.split("/").at(-1) === name);
  };
  const [detail, ...more] = named("ZM");
  if (detail === undefined || more.length > 0) {
    const names = entries.map((entry) => entry.name).join(", ");
    return invalid(`the archive has ${more.length === 0 ? "no" : "several"} ZM of ${merId}: ${names}`);
  }
  let file = "ZM";
  try {
    const lines = parseDetail(detail.content, expected);
    file = "ZME";
    const adjustments = named("ZME").reduce((sum, entry) => sum + countAdjustments(entry.content), 0);
    return { end: "answered", value: { account: merId, channelDate, lines, original }, adjustments };
  } catch (error) {
    if (!(error instanceof StatementFault)) throw error;
    return invalid(`${file}, ${error.message}`);
  }
}

function invalid(message: string): CallEnd<never> {
  return { end: "refused", code: "statement_invalid", message, retryable: false };
}
