import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { MINUTE } from "../../kernel/clock.ts";
import { joinExchanges, unsent } from "../exchanges.ts";
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
import { type Answer, refused } from "./answer.ts";
import { parseStatement } from "./bill.ts";
import { FUND_ACCOUNT_TYPES, parseFundFlow } from "./fund-flow.ts";
import { callGateway, credentialsOf, signedRequest, type WechatDeps } from "./gateway.ts";
import { textOr } from "./outcomes.ts";
import { type ApiRequest, billRequest, fundFlowRequest } from "./requests.ts";

/** The packed statement of a merchant with some million trades a day. */
const PACKED_BYTES_MAX = 128 * 1_024 * 1_024;

/** About a million lines; a bomb ends here. */
const UNPACKED_BYTES_MAX = 256 * 1_024 * 1_024;

/** A day of trades takes longer to send than an answer. */
const DOWNLOAD_TIMEOUT_MIN_MS = MINUTE;

const unpack = promisify(gunzip);

type Downloaded = CallEnd<Buffer> & { readonly exchange: ExchangeRecord };
type Place = { readonly url: string; readonly sha1: string };

/** The trade bill of a date, downloaded and read. */
export function downloadStatement(
  deps: WechatDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<Statement>> {
  const credentials = credentialsOf(context);
  const { mchid, subMchid } = credentials;
  return fetchBill(deps, context, billRequest(channelDate, credentials), (content, packed) =>
    parseStatement(content, packed, { mchid, subMchid, channelDate }),
  );
}

/** The fund bill of a date and an account, downloaded and read. It is the caller's own, a provider's too. */
export async function downloadFundFlow(
  deps: WechatDeps,
  context: ChannelContext,
  channelDate: string,
  accountType = "BASIC",
): Promise<Call<FundFlowStatement>> {
  const type = FUND_ACCOUNT_TYPES.find((each) => each === accountType);
  if (type === undefined) {
    const message = `WeChat Pay has the accounts ${FUND_ACCOUNT_TYPES.join(", ")}, not ${accountType}.`;
    return { ...invalid("no_such_account", message), exchange: unsent(deps.clock, "statement") };
  }
  const { mchid } = credentialsOf(context);
  return fetchBill(deps, context, fundFlowRequest(channelDate, type), (content, packed) =>
    parseFundFlow(content, packed, { account: mchid, accountType: type, channelDate }),
  );
}

/**
 * Asks where a bill is, takes it from there, checks it against the hash that the signed answer named, and
 * reads it. The address is good for a short time only.
 */
async function fetchBill<T>(
  deps: WechatDeps,
  context: ChannelContext,
  request: ApiRequest,
  read: (content: Buffer, packed: Buffer) => T,
): Promise<Call<T>> {
  const called = await callGateway(deps, context, "statement", request);
  if (called.end !== "answer") return called;
  const place = placeOf(called.answer);
  if (place.end !== "answered") return { ...place, exchange: called.exchange };
  const downloaded = await download(deps, context, place.value.url);
  const exchange = joinExchanges(called.exchange, downloaded.exchange);
  if (downloaded.end !== "answered") return { ...downloaded, exchange };
  return { ...(await readFile(downloaded.value, place.value.sha1, read)), exchange };
}

function placeOf(answer: Answer): CallEnd<Place> {
  if (answer.code !== null) return notThere(refused(answer));
  const { hash_type: hashType, hash_value: hashValue, download_url: downloadUrl } = answer.body;
  const [url, sha1] = [textOr(downloadUrl, ""), textOr(hashValue, "")];
  if (!URL.canParse(url)) return { end: "unknown", reason: "the answer names no address" };
  if (hashType !== "SHA1" || !/^[0-9a-fA-F]{40}$/.test(sha1)) {
    return { end: "unknown", reason: "the answer names no SHA-1 of the statement" };
  }
  return { end: "answered", value: { url, sha1: sha1.toLowerCase() } };
}

/** A day without any, or one that is being made: both may come later. */
function notThere(
  end: Extract<CallEnd<never>, { end: "refused" }>,
): Extract<CallEnd<never>, { end: "refused" }> {
  const { code, message } = end;
  if (code === "NO_STATEMENT_EXIST")
    return { end: "refused", code: "no_statement", message, retryable: true };
  return { end: "refused", code, message, retryable: code === "STATEMENT_CREATING" };
}

async function download(deps: ChannelDeps, context: ChannelContext, url: string): Promise<Downloaded> {
  const startedAt = deps.clock.now();
  const sent = await deps.http.request({
    ...signedRequest(deps, context, url, { method: "GET", body: null }),
    timeoutMs: Math.max(context.timeoutMs, DOWNLOAD_TIMEOUT_MIN_MS),
    network: context.network,
    responseBytesMax: PACKED_BYTES_MAX,
  });
  const { origin, pathname } = new URL(url);
  const exchange = (response: string | null): ExchangeRecord => ({
    operation: "statement",
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode: null,
    // The address has a token that opens the statement, so its query stays out.
    request: `GET ${origin}${pathname}`,
    response,
  });
  if (sent.end !== "response") return { ...sent, exchange: exchange(null) };
  const said = `HTTP status ${sent.status}, ${sent.body.length} bytes`;
  if (sent.status !== 200) return { end: "unknown", reason: said, exchange: exchange(said) };
  return { end: "answered", value: sent.body, exchange: exchange(said) };
}

/**
 * The file is not signed: its hash in the signed answer vouches for it. A damaged one may come whole the next
 * time; a statement that contradicts itself will not.
 */
async function readFile<T>(
  packed: Buffer,
  sha1: string,
  read: (content: Buffer, packed: Buffer) => T,
): Promise<CallEnd<T>> {
  let content: Buffer;
  try {
    content = await unpack(packed, { maxOutputLength: UNPACKED_BYTES_MAX });
  } catch (error) {
    return { end: "unknown", reason: `the file cannot be unpacked: ${(error as Error).message}` };
  }
  const hash = createHash("sha1").update(content).digest("hex");
  if (hash !== sha1) return { end: "unknown", reason: "the file is not the one whose hash was named" };
  try {
    return { end: "answered", value: read(content, packed) };
  } catch (error) {
    if (error instanceof StatementFault) return invalid("statement_invalid", error.message);
    throw error;
  }
}

function invalid(code: string, message: string): Extract<CallEnd<never>, { end: "refused" }> {
  return { end: "refused", code, message, retryable: false };
}
