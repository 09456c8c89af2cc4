import { MINUTE } from "../../kernel/clock.ts";
import { joinExchanges } from "../exchanges.ts";
import type {
  Call,
  CallEnd,
  ChannelContext,
  ChannelDeps,
  ExchangeRecord,
  FundFlowStatement,
  Statement,
} from "../port.ts";
import { StatementFault } from "../statement-fault.ts";
import { unzip, type ZipEntry } from "../zip.ts";
import type { Answer } from "./answer.ts";
import { isStatement, parseStatement } from "./bill.ts";
import { isFundFlow, parseFundFlow } from "./fund-flow.ts";
import { callGateway, credentialsOf } from "./gateway.ts";
import { billRequest } from "./requests.ts";

/** The packed statement of a seller with some million trades a day. */
const ARCHIVE_BYTES_MAX = 128 * 1_024 * 1_024;

/** A day of trades takes longer to send than an answer. */
const DOWNLOAD_TIMEOUT_MIN_MS = MINUTE;

type Downloaded = CallEnd<Buffer> & { readonly exchange: ExchangeRecord };

/** What was sold on a date, downloaded and read. */
export function downloadStatement(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<Statement>> {
  const file = { type: "trade", what: "business", isIt: isStatement, parse: parseStatement } as const;
  return fetchFile(deps, context, channelDate, file);
}

/** What moved on the seller's account on a date, downloaded and read. Alipay tells of one account. */
export function downloadFundFlow(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<FundFlowStatement>> {
  const file = { type: "signcustomer", what: "account", isIt: isFundFlow, parse: parseFundFlow } as const;
  return fetchFile(deps, context, channelDate, file);
}

/** One kind of file: how it is asked for, told from its summary in the same archive, and read. */
type Kind<T> = {
  readonly type: "trade" | "signcustomer";
  readonly what: string;
  readonly isIt: (content: Buffer) => boolean;
  readonly parse: (content: Buffer, original: Buffer) => T;
};

/**
 * Asks where the statement of a date is, takes it from there and reads it. The address is good for half a
 * minute only.
 */
async function fetchFile<T extends { readonly account: string; readonly channelDate: string }>(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
  kind: Kind<T>,
): Promise<Call<T>> {
  const called = await callGateway(deps, context, "statement", billRequest(channelDate, kind.type));
  if (called.end !== "answer") return called;
  const address = addressOf(called.answer);
  if (address.end !== "answered") return { ...address, exchange: called.exchange };
  const downloaded = await download(deps, context, address.value);
  const exchange = joinExchanges(called.exchange, downloaded.exchange);
  if (downloaded.end !== "answered") return { ...downloaded, exchange };
  return { ...(await readArchive(downloaded.value, context, channelDate, kind)), exchange };
}

function addressOf(answer: Answer): CallEnd<string> {
  const { subCode, message, body } = answer;
  if (answer.code === "40004") {
    const missing = subCode !== null && /bill_?not_?exist/i.test(subCode);
    return missing
      ? { end: "refused", code: "no_statement", message, retryable: true }
      : { end: "refused", code: subCode ?? answer.code, message, retryable: false };
  }
  const url = body.bill_download_url;
  return typeof url === "string" && URL.canParse(url)
    ? { end: "answered", value: url }
    : { end: "unknown", reason: "the answer names no address" };
}

async function download(deps: ChannelDeps, context: ChannelContext, url: string): Promise<Downloaded> {
  const startedAt = deps.clock.now();
  const sent = await deps.http.request({
    url,
    method: "GET",
    headers: {},
    body: null,
    timeoutMs: Math.max(context.timeoutMs, DOWNLOAD_TIMEOUT_MIN_MS),
    network: context.network,
    responseBytesMax: ARCHIVE_BYTES_MAX,
  });
  const { origin, pathname } = new URL(url);
  const exchange = (response: string | null): ExchangeRecord => ({
    operation: "statement",
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode: null,
    // The address opens the statement to anybody who has it, so its query stays out.
    request: `GET ${origin}${pathname}`,
    response,
  });
  if (sent.end !== "response") return { ...sent, exchange: exchange(null) };
  const said = `HTTP status ${sent.status}, ${sent.body.length} bytes`;
  if (sent.status !== 200) return { end: "unknown", reason: said, exchange: exchange(said) };
  return { end: "answered", value: sent.body, exchange: exchange(said) };
}

/** A damaged archive may come whole the next time; a statement that contradicts itself will not. */
async function readArchive<T extends { readonly account: string; readonly channelDate: string }>(
  archive: Buffer,
  context: ChannelContext,
  channelDate: string,
  { what, isIt, parse }: Kind<T>,
): Promise<CallEnd<T>> {
  let entries: ZipEntry[];
  try {
    entries = await unzip(archive);
  } catch (error) {
    return { end: "unknown", reason: `the archive cannot be read: ${(error as Error).message}` };
  }
  const files = entries.filter((entry) => isIt(entry.content));
  const [file] = files;
  if (file === undefined || files.length > 1) {
    return invalid(`the archive holds ${files.length} ${what} statements`);
  }
  try {
    const statement = parse(file.content, archive);
    if (statement.channelDate !== channelDate)
      return invalid(`it is the statement of ${statement.channelDate}`);
    if (!statement.account.startsWith(credentialsOf(context).sellerId)) {
      return invalid(`it is the statement of another seller, ${statement.account}`);
    }
    return { end: "answered", value: statement };
  } catch (error) {
    if (error instanceof StatementFault) return invalid(error.message);
    throw error;
  }
}

function invalid(message: string): CallEnd<never> {
  return { end: "refused", code: "statement_invalid", message, retryable: false };
}
