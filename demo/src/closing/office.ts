/** The operators' API of closed days, breaks and statements, as far as the story needs it. */
import { callerOf } from "../calls.ts";

export type Break = {
  readonly id: string;
  readonly kind: string;
  readonly channel_date: string;
  readonly state: string;
  readonly currency: string;
  readonly settle_difference: number;
  readonly fee_difference: number;
  readonly suspense: number;
  readonly payment: string | null;
  readonly resolution: string | null;
  readonly explanation: string | null;
};

export type Evidence = Break & {
  readonly theirs: {
    readonly kind: string;
    readonly channel_trade_no: string;
    readonly subject: string;
  } | null;
  readonly ours: {
    readonly journal_kind: string;
    readonly channel_date: string;
    readonly channel_order_no: string;
  } | null;
  readonly contract: { readonly label: string } | null;
  readonly events: readonly { readonly kind: string }[];
};

export type CloseRun = {
  readonly state: string;
  readonly steps: readonly {
    readonly title: string;
    readonly state: string;
    readonly detail: string | null;
  }[];
};

export type DayReport = {
  readonly chain: readonly {
    readonly currency: string;
    readonly channel_bill: number;
    readonly differences: number;
    readonly ledger_movement: number;
    readonly ties: boolean;
  }[];
  readonly settled: readonly {
    readonly currency: string;
    readonly settlements: number;
    readonly amount: number;
  }[];
  readonly invariants: readonly { readonly name: string; readonly violations: number }[];
  readonly missing_statements: readonly string[];
};

export type Payout = {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
};

export type Closing = ReturnType<typeof createClosing>;

/** @param token of the operator who proposes; `approver` is another one's */
export function createClosing(baseUrl: string, token: string, approver: string) {
  const call = callerOf(`${baseUrl}/v1/ops`, token);
  const second = callerOf(`${baseUrl}/v1/ops`, approver);
  return {
    closeOf: async (date: string): Promise<CloseRun | null> => {
      const { data } = await call<{ data: { accounting_date: string; close: string | null }[] }>(
        "GET",
        "/days",
      );
      const day = data.find(({ accounting_date }) => accounting_date === date);
      return day?.close == null ? null : call<CloseRun>("GET", `/days/${date}`);
    },
    /** Has a close that waits look again. */
    hasten: (date: string) => call("POST", `/days/${date}/close`, {}),
    report: async (date: string) => (await call<{ report: DayReport }>("GET", `/days/${date}/report`)).report,
    breaks: async () => (await call<{ data: Break[] }>("GET", "/breaks?state=all&limit=100")).data,
    evidence: (id: string) => call<Evidence>("GET", `/breaks/${id}`),
    /** When the next statement is asked for; null: none is waited for. */
    nextFetch: async () => {
      const { data } = await call<{ data: { due_at: string }[] }>(
        "GET",
        "/statement_fetches?state=waiting&limit=100",
      );
      return data.length === 0 ? null : Math.min(...data.map(({ due_at }) => Date.parse(due_at)));
    },
    fetchStatement: (account: string, date: string) =>
      call<{ version: number }>("POST", `/channel_accounts/${account}/statements/${date}/fetch`),
    claim: (id: string, claim: object) => call("POST", `/breaks/${id}/claim`, claim),
    /** Anything that one proposes and another has to approve; the answer to the proposal. */
    agreed: async <Answer>(method: string, path: string, body: unknown): Promise<Answer> => {
      const proposed = await call<{ id: string; approval?: { id: string } }>(method, path, body);
      await second("POST", `/approvals/${proposed.approval?.id ?? proposed.id}/approve`, {});
      return proposed as Answer;
    },
    merchant: (id: string) => call<{ legal_name: string }>("GET", `/merchants/${id}`),
    openMerchant: (merchant: object) => call<{ id: string }>("POST", "/merchants", merchant),
    /** What a merchant has that is not settled yet. */
    pendingOf: async (merchant: string, currency: string) => {
      const { data } = await call<{ data: { natural_balance: number }[] }>(
        "GET",
        `/accounts?merchant_id=${merchant}&code=merchant_pending&currency=${currency}`,
      );
      return data[0]?.natural_balance;
    },
    enterBankAccount: (merchant: string, account: object) =>
      call<{ id: string }>("POST", `/merchants/${merchant}/bank_accounts`, account),
    channelPayouts: async () =>
      (await call<{ data: { amount: number; received: boolean }[] }>("GET", "/channel_payouts")).data,
    payouts: async () => (await call<{ data: Payout[] }>("GET", "/payouts?limit=100")).data,
    /** One proposes how a break ends, another approves. */
    resolve: async (id: string, wish: { resolution: string; merchant?: string }, reason: string) => {
      const proposed = await call<{ id: string }>("POST", `/breaks/${id}/propose`, { ...wish, reason });
      await second("POST", `/approvals/${proposed.id}/approve`, {});
    },
  };
}

/** A second operator of the platform; the token. */
export async function hireSecond(baseUrl: string, token: string): Promise<string> {
  const call = callerOf(`${baseUrl}/v1/ops`, token);
  const hired = await call<{ token: string }>("POST", "/operators", { name: "Finance", roles: ["finance"] });
  return hired.token;
}
