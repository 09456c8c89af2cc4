/** The operators' API, as far as the story needs it. */
import type { TimelineItem } from "@tributary/sdk";
import { callerOf, Refused } from "./calls.ts";

export type Merchant = {
  readonly id: string;
  readonly name: string;
  readonly fee_rate_millionths: number;
};

export type ChannelAccount = {
  readonly id: string;
  readonly label: string;
  readonly gateway_url: string;
  readonly cost_rate_millionths: number;
};

export type BookAccount = {
  readonly id: string;
  readonly code: string;
  readonly currency: string;
  readonly channel_account_id: string | null;
  readonly balance: number;
  readonly entries_count: number;
};

export type BookEntry = {
  readonly seq: number;
  readonly source_id: string;
  readonly subject_id: string | null;
  readonly amount: number;
  readonly posted_at: string;
  readonly channel_date: string | null;
};

export type StatementLine = {
  readonly line: number;
  readonly kind: "payment" | "refund";
  readonly channel_trade_no: string;
  readonly channel_order_no: string;
  readonly channel_refund_no: string | null;
  readonly amount: number;
  readonly settle_amount: number;
  readonly fee: number;
};

export type Statement = {
  readonly channel_date: string;
  readonly account: string;
  readonly lines: readonly StatementLine[];
};

export type TrialBalance = {
  readonly rows: readonly {
    readonly code: string;
    readonly class: string;
    readonly currency: string;
    readonly debit: number;
    readonly credit: number;
  }[];
  readonly totals: readonly {
    readonly currency: string;
    readonly memorandum: boolean;
    readonly debit: number;
    readonly credit: number;
    readonly balanced: boolean;
  }[];
};

export type RefusedNotification = {
  readonly reason: string;
  readonly request: string;
  readonly received_at: string;
};

export type Office = ReturnType<typeof createOffice>;

const PAGE = 100;

export function createOffice(baseUrl: string, token: string) {
  const call = callerOf(`${baseUrl}/v1/ops`, token);
  const get = <Answer>(path: string) => call<Answer>("GET", path);
  const pages = <Item>(path: string) => walk<Item>(get, path);
  return {
    merchant: (id: string) => get<Merchant>(`/merchants/${id}`),
    channelAccount: (id: string) => get<ChannelAccount>(`/channel_accounts/${id}`),
    /** Every account of a merchant's book. */
    accounts: (merchantId: string) => collect(pages<BookAccount>(`/accounts?merchant_id=${merchantId}`)),
    /** The entries of an account, newest first. */
    entries: (accountId: string) => pages<BookEntry>(`/accounts/${accountId}/entries`),
    timeline: async (paymentId: string) =>
      (await get<{ data: readonly TimelineItem[] }>(`/payments/${paymentId}/timeline`)).data,
    refusedNotifications: async () =>
      (await get<{ data: readonly RefusedNotification[] }>("/stray_notifications?kind=refused&limit=20"))
        .data,
    /** The day's statement, downloaded from the channel now; null when it has published none. */
    statement: (accountId: string, date: string) =>
      get<Statement>(`/channel_accounts/${accountId}/statements/${date}`).catch((error: unknown) => {
        if (error instanceof Refused && error.status === 404) return null;
        throw error;
      }),
    trialBalance: () => get<TrialBalance>("/trial_balance"),
  };
}

async function* walk<Item>(
  get: <Answer>(path: string) => Promise<Answer>,
  path: string,
): AsyncGenerator<Item> {
  const first = `${path}${path.includes("?") ? "&" : "?"}limit=${PAGE}`;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const place: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { data: Item[]; next_cursor: string | null } = await get(first + place);
    yield* page.data;
    cursor = page.next_cursor;
  }
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
