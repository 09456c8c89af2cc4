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
  readonly revision: number;
  readonly gateway_url: string;
  readonly cost_rate_millionths: number;
  readonly cost_returned_on_refund: boolean;
};

/** A dispute as operators see it, as far as a bill needs it. */
export type Disputed = {
  readonly id: string;
  readonly payment: string;
  readonly attempt: string;
  readonly amount: number;
};

export type Plate = {
  readonly id: string;
  readonly state: string;
  readonly version: number;
  readonly url: string;
};

/** An account's orders of one kind, as routing sees them. */
export type Line = {
  readonly channel_account: string;
  readonly scene: string;
  readonly circuit: string;
  readonly times_opened: number;
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
  readonly kind: "payment" | "refund" | "dispute";
  readonly channel_trade_no: string;
  readonly channel_order_no: string;
  readonly channel_refund_no: string | null;
  readonly amount: number;
  readonly settle_amount: number;
  readonly fee: number;
  readonly currency: string;
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
  const post = <Answer>(path: string, body?: object) => call<Answer>("POST", path, body);
  const pages = <Item>(path: string) => walk<Item>(get, path);
  return {
    merchant: (id: string) => get<Merchant>(`/merchants/${id}`),
    channelAccount: (id: string) => get<ChannelAccount>(`/channel_accounts/${id}`),
    channelAccounts: (merchantId: string, channel: string) =>
      collect(pages<ChannelAccount>(`/channel_accounts?merchant_id=${merchantId}&channel=${channel}`)),
    openChannelAccount: (contract: object) => post<ChannelAccount>("/channel_accounts", contract),
    setActive: (accountId: string, active: boolean) =>
      post<ChannelAccount>(`/channel_accounts/${accountId}/${active ? "enable" : "disable"}`),
    /** Leads an account's calls elsewhere, whatever was changed in its contract meanwhile. */
    moveGateway: async (accountId: string, gatewayUrl: string) => {
      const { revision } = await get<ChannelAccount>(`/channel_accounts/${accountId}`);
      return call<ChannelAccount>("PATCH", `/channel_accounts/${accountId}`, {
        revision,
        gateway_url: gatewayUrl,
      });
    },
    /** How an account's orders of one kind fare, as the process that answers sees it. */
    line: async (accountId: string, scene: string) => {
      const { data } = await get<{ data: readonly Line[] }>("/routing/health");
      return data.find((line) => line.channel_account === accountId && line.scene === scene) ?? null;
    },
    disputes: (merchantId: string) => collect(pages<Disputed>(`/disputes?merchant=${merchantId}`)),
    /** Blank plates of a new batch. */
    printPlates: async (label: string, count: number) => {
      const { id } = await post<{ id: string }>("/plate_batches", { label, count });
      return collect(pages<Plate>(`/plates?batch=${id}`));
    },
    changePlate: (plate: Plate, step: "bind" | "activate" | "disable", terms: object = {}) =>
      post<Plate>(`/plates/${plate.id}/${step}`, { version: plate.version, ...terms }),
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
