import { promisify } from "node:util";
import { inflate, inflateSync } from "node:zlib";
import { MINUTE } from "../../kernel/clock.ts";
import { unzip, type ZipEntry } from "../../kernel/zip.ts";
import type { Call, CallEnd, ChannelContext, ChannelDeps, Statement, StatementOf } from "../port.ts";
import { withNotes } from "../statement-days.ts";
import { orFault, StatementFault } from "../statement-fault.ts";
import { parseAdjustments } from "./adjustments.ts";
import { type Answer, refused } from "./answer.ts";
import { type Expected, parseDetail } from "./bill.ts";
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
/** What is smaller is unpacked quicker than a thread is asked to. */
const AT_ONCE_BYTES_MAX = 65_536;

/** Asks for the files of a clearing day, which come in the signed answer: the archive with them. */
export async function fetchStatement(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<Buffer>> {
  const request = fileRequest(channelDate, deps.clock.now(), credentialsOf(context));
  const called = await callGateway(deps, context, "statement", request, {
    timeoutMs: Math.max(context.timeoutMs, DOWNLOAD_TIMEOUT_MIN_MS),
    responseBytesMax: ANSWER_BYTES_MAX,
  });
  if (called.end !== "answer") return called;
  return { ...(await archiveOf(called.answer)), exchange: called.exchange };
}

async function archiveOf(answer: Answer): Promise<CallEnd<Buffer>> {
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
  const base64 = fields.fileContent ?? "";
  if (base64 === "") return { end: "unknown", reason: "the answer has no file" };
  try {
    const packed = Buffer.from(base64, "base64");
    const limit = { maxOutputLength: ARCHIVE_BYTES_MAX };
    const isSmall = packed.length < AT_ONCE_BYTES_MAX;
    const archive = isSmall ? inflateSync(packed, limit) : await unpack(packed, limit);
    return { end: "answered", value: archive };
  } catch (error) {
    return { end: "unknown", reason: `the file cannot be unpacked: ${(error as Error).message}` };
  }
}

/** Reads an archive with the files of a clearing day. */
export function readStatement(of: StatementOf, original: Buffer): Promise<Statement | StatementFault> {
  const { channelDate } = of;
  const { mer_id: merId = "" } = of.holder;
  return orFault(async () => {
    const expected = { merId, channelDate };
    const { detail, adjusting, others } = filesOf(await entriesOf(original), expected);
    const trades = inFile("ZM", () => parseDetail(detail, expected));
    const read = adjusting.map((content) => inFile("ZME", () => parseAdjustments(content, expected)));
    const adjustments = read.flatMap(({ lines }) => lines);
    const lines = [...trades, ...adjustments];
    const unread = read.reduce((sum, one) => sum + one.unread, 0);
    const untold = unread === 0 ? "" : `; ${unread} of them tell no amount that is understood`;
    const note = `${adjustments.length} adjustments (ZME) are of no order here${untold}`;
    const notes = withNotes([
      ...(adjustments.length === 0 ? [] : [note]),
      ...(others.length === 0 ? [] : [`the archive has files that are not read: ${others.join(", ")}`]),
    ]);
    return { account: merId, channelDate, lines, original, ...notes };
  });
}

/** A damaged archive may come whole the next time, so that it is no refusal. */
async function entriesOf(archive: Buffer): Promise<ZipEntry[]> {
  try {
    return await unzip(archive);
  } catch (error) {
    const reason = `the archive cannot be read: ${(error as Error).message}`;
    throw new StatementFault(0, reason, { isDamage: true });
  }
}

type Files = {
  readonly detail: Buffer;
  readonly adjusting: readonly Buffer[];
  /** The names of files that are none of the day's and the merchant's. */
  readonly others: readonly string[];
};

/** May lie beside them; what they hold is not known here. */
const UNREAD_KINDS = ["PED", "PEDERR"];

/** The day and the merchant stand in the files' names alone. */
function filesOf(entries: readonly ZipEntry[], { merId, channelDate }: Expected): Files {
  const [, year, month, day] = /^\d\d(\d\d)-(\d\d)-(\d\d)$/.exec(channelDate) ?? [];
  const nameOf = (kind: string) => `INN${year}${month}${day}88${kind}_${merId}`;
  const own = (entry: ZipEntry) => entry.name.split("/").at(-1) ?? "";
  const named = (kind: string) =>
    entries.filter((entry) => own(entry) === nameOf(kind)).map((entry) => entry.content);
  const [detail, ...more] = named("ZM");
  if (detail !== undefined && more.length === 0) {
    const known = new Set(["", ...["ZM", "ZME", ...UNREAD_KINDS].map(nameOf)]);
    const others = entries.filter((entry) => !known.has(own(entry))).map(({ name }) => name);
    return { detail, adjusting: named("ZME"), others };
  }
  const names = entries.map((entry) => entry.name).join(", ");
  const found = detail === undefined ? "no" : "several";
  throw new StatementFault(0, `the archive has ${found} ZM of ${merId} and ${channelDate}: ${names}`);
}

function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StatementFault)) throw error;
    throw new StatementFault(error.line, error.reason, { file });
  }
}
