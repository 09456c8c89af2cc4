import { MINUTE } from "../../kernel/clock.ts";
import { unzip } from "../../kernel/zip.ts";
import { joinExchanges } from "../exchanges.ts";
import { withdrawalsOf } from "../fund-payouts.ts";
import type {
  Call,
  CallEnd,
  ChannelContext,
  ChannelDeps,
  ExchangeRecord,
  FundFlowStatement,
  StatementOf,
} from "../port.ts";
import type { ToldMoney } from "../port-payouts.ts";
import { orFault, StatementFault } from "../statement-fault.ts";
import type { Answer } from "./answer.ts";
import { checkWhose } from "./bill-file.ts";
import { isFundFlow, parseFundFlow } from "./fund-flow.ts";
import { callGateway } from "./gateway.ts";
import { damageOf } from "./large.ts";
import { billRequest } from "./requests.ts";

/** The packed statement of a seller with some million trades a day. */
const ARCHIVE_BYTES_MAX = 128 * 1_024 * 1_024;

/** A day of trades takes longer to send than an answer. */
const DOWNLOAD_TIMEOUT_MIN_MS = MINUTE;

type Downloaded = CallEnd<Buffer> & { readonly exchange: ExchangeRecord };

/** The archive with what was sold on a date. */
export function fetchStatement(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<Buffer>> {
  return fetchFile(deps, context, channelDate, "trade");
}

/** The archive with what moved on the seller's account on a date. Alipay tells of one account. */
export function fetchFundFlow(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<Buffer>> {
  return fetchFile(deps, context, channelDate, "signcustomer");
}

/** Reads an archive with what moved on the account, or the file that was taken out of it. */
export function readFundFlow(of: StatementOf, original: Buffer): Promise<FundFlowStatement | StatementFault> {
  return orFault(async () => {
    const contents = isFundFlow(original) ? [original] : await contentsOf(original);
    const files = contents.filter(isFundFlow);
    const [file] = files;
    if (file === undefined || files.length > 1) {
      throw new StatementFault(0, `the archive holds ${files.length} account statements`);
    }
    const statement = parseFundFlow(file, original);
    checkWhose(statement, of);
    return statement;
  });
}

/** What an account statement tells of withdrawals. A transfer (转账) may be to anybody, and is none. */
export function readPayouts(of: StatementOf, original: Buffer): Promise<ToldMoney | StatementFault> {
  return orFault(async () => {
    const funds = await readFundFlow(of, original);
    return funds instanceof StatementFault ? funds : withdrawalsOf(funds);
  });
}

/**
 * Asks where the statement of a date is and takes it from there. The address is good for half a minute only.
 */
async function fetchFile(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
  type: "trade" | "signcustomer",
): Promise<Call<Buffer>> {
  const called = await callGateway(deps, context, "statement", billRequest(channelDate, type));
  if (called.end !== "answer") return called;
  const address = addressOf(called.answer);
  if (address.end !== "answered") return { ...address, exchange: called.exchange };
  const downloaded = await download(deps, context, address.value);
  return { ...downloaded, exchange: joinExchanges(called.exchange, downloaded.exchange) };
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

/** A damaged archive may come whole the next time. */
async function contentsOf(archive: Buffer): Promise<Buffer[]> {
  try {
    return (await unzip(archive)).map((entry) => entry.content);
  } catch (error) {
    throw damageOf(error);
  }
}
