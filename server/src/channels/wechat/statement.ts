import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gunzipSync } from "node:zlib";
import { MINUTE } from "../../kernel/clock.ts";
import { unzip } from "../../kernel/zip.ts";
import { joinExchanges, unsent } from "../exchanges.ts";
import { withdrawalsOf } from "../fund-payouts.ts";
import type {
  Call,
  CallEnd,
  ChannelContext,
  ChannelDeps,
  ExchangeRecord,
  FundFlowStatement,
  Statement,
  StatementOf,
} from "../port.ts";
import type { ToldMoney } from "../port-payouts.ts";
import { orFault, StatementFault } from "../statement-fault.ts";
import { type Answer, refused } from "./answer.ts";
import { type BillFile, parseStatement } from "./bill.ts";
import { FUND_ACCOUNT_TYPES, type FundAccountType, parseFundFlow } from "./fund-flow.ts";
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
/** What is smaller is unpacked quicker than a thread is asked to. */
const AT_ONCE_BYTES_MAX = 65_536;

type Downloaded = CallEnd<Buffer> & { readonly exchange: ExchangeRecord };
type Place = { readonly url: string; readonly sha1: string };

/** The trade bill of a date, packed. */
export function fetchStatement(
  deps: WechatDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<Buffer>> {
  return fetchBill(deps, context, billRequest(channelDate, credentialsOf(context)));
}

/** The fund bill of a date and an account, packed. It is the caller's own, a provider's too. */
export async function fetchFundFlow(
  deps: WechatDeps,
  context: ChannelContext,
  channelDate: string,
  accountType = "BASIC",
): Promise<Call<Buffer>> {
  const type = fundAccountTypeOf(accountType);
  if (type !== null) return fetchBill(deps, context, fundFlowRequest(channelDate, type));
  const message = `WeChat Pay has the accounts ${FUND_ACCOUNT_TYPES.join(", ")}, not ${accountType}.`;
  const exchange = unsent(deps.clock, "statement");
  return { end: "refused", code: "no_such_account", message, retryable: false, exchange };
}

/** Reads a day's trade bill, packed or not, or a ZIP with its two halves. */
export function readStatement(of: StatementOf, original: Buffer): Promise<Statement | StatementFault> {
  const { mchid = "", sub_mchid: subMchid = null } = of.holder;
  const { channelDate } = of;
  return orFault(async () =>
    parseStatement(await billsIn(original), original, { mchid, subMchid, channelDate }),
  );
}

/** The same of a fund bill. */
export function readFundFlow(
  of: StatementOf,
  original: Buffer,
  accountType = "BASIC",
): Promise<FundFlowStatement | StatementFault> {
  const { mchid: account = "" } = of.holder;
  return orFault(async () => {
    const type = fundAccountTypeOf(accountType);
    if (type === null) throw new StatementFault(0, `there is no account ${accountType}`);
    const content = await unpacked(original);
    return parseFundFlow(content, original, { account, accountType: type, channelDate: of.channelDate });
  });
}

/** What a fund bill of the main account tells of withdrawals. */
export function readPayouts(of: StatementOf, original: Buffer): Promise<ToldMoney | StatementFault> {
  return orFault(async () => {
    const funds = await readFundFlow(of, original);
    return funds instanceof StatementFault ? funds : withdrawalsOf(funds);
  });
}

function fundAccountTypeOf(text: string): FundAccountType | null {
  return FUND_ACCOUNT_TYPES.find((each) => each === text) ?? null;
}

/** gzip's and a ZIP's first bytes, with which no text begins. */
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZIP = Buffer.from("PK");

/** The trade bills in what came: one, or what a ZIP holds. */
async function billsIn(original: Buffer): Promise<BillFile[]> {
  if (!original.subarray(0, ZIP.length).equals(ZIP)) {
    return [{ name: null, content: await unpacked(original) }];
  }
  const entries = await unzip(original).catch((error: Error) => {
    throw new StatementFault(0, `the archive cannot be read: ${error.message}`, { isDamage: true });
  });
  const bills: BillFile[] = [];
  for (const { name, content } of entries) bills.push({ name, content: await unpacked(content) });
  return bills;
}

async function unpacked(original: Buffer): Promise<Buffer> {
  if (!original.subarray(0, GZIP.length).equals(GZIP)) return original;
  try {
    const limit = { maxOutputLength: UNPACKED_BYTES_MAX };
    const isSmall = original.length < AT_ONCE_BYTES_MAX;
    return isSmall ? gunzipSync(original, limit) : await unpack(original, limit);
  } catch (error) {
    const reason = `the file cannot be unpacked: ${(error as Error).message}`;
    throw new StatementFault(0, reason, { isDamage: true });
  }
}

/**
 * Asks where a bill is, takes it from there, and checks it against the hash that the signed answer named. The
 * address is good for a short time only.
 */
async function fetchBill(
  deps: WechatDeps,
  context: ChannelContext,
  request: ApiRequest,
): Promise<Call<Buffer>> {
  const called = await callGateway(deps, context, "statement", request);
  if (called.end !== "answer") return called;
  const place = placeOf(called.answer);
  if (place.end !== "answered") return { ...place, exchange: called.exchange };
  const downloaded = await download(deps, context, place.value.url);
  const exchange = joinExchanges(called.exchange, downloaded.exchange);
  if (downloaded.end !== "answered") return { ...downloaded, exchange };
  return { ...(await vouchedFor(downloaded.value, place.value.sha1)), exchange };
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

/** The file is not signed: its hash in the signed answer vouches for it. */
async function vouchedFor(packed: Buffer, sha1: string): Promise<CallEnd<Buffer>> {
  const content = await orFault(() => unpacked(packed));
  if (content instanceof StatementFault) return { end: "unknown", reason: content.message };
  const hash = createHash("sha1").update(content).digest("hex");
  if (hash !== sha1) return { end: "unknown", reason: "the file is not the one whose hash was named" };
  return { end: "answered", value: packed };
}
