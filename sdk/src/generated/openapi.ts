// Made by tools/openapi-types/generate.ts from the platform's own /openapi.json. Never edited.

export interface paths {
    readonly "/v1/accounts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List your accounts
         * @description What the platform owes you: merchant_pending is not settled yet (待结算), merchant_available may be paid out, merchant_reserve is kept back; merchant_receivable is what you owe.
         */
        readonly get: operations["listAccounts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/accounts/{id}/balance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Show the balance of an account, now or at any past moment */
        readonly get: operations["getAccountBalance"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/accounts/{id}/entries": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List the entries of an account, newest first, each with the balance before and after it */
        readonly get: operations["listAccountEntries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/bank_accounts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Your bank accounts */
        readonly get: operations["listBankAccounts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/bills/{date}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show the bill of a closed date, with its lines page by page
         * @description Payments, refunds and fees of the date. It is there once the date is closed; it never changes.
         */
        readonly get: operations["getBill"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/bills/{date}.csv": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Fetch the bill of a closed date as a CSV file */
        readonly get: operations["getBillFile"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/cashier": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Show how your cashier looks and what it offers */
        readonly get: operations["getCashier"];
        /** Replace how your cashier looks and what it offers */
        readonly put: operations["setCashier"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/codes/emvco": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Write an EMVCo merchant-presented code
         * @description The text to draw as a QR code, for an account that a network has given the merchant. Nothing is kept; `POST /v1/codes/recognise` reads it.
         */
        readonly post: operations["writeEmvcoCode"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/codes/recognise": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Tell what a scanned code is
         * @description Nothing is charged and nothing is kept. A code of no known kind is `unknown`.
         */
        readonly post: operations["recogniseCode"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/deliveries": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Deliveries, those of the newest events first */
        readonly get: operations["listDeliveries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/deliveries/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One delivery with every try that failed */
        readonly get: operations["getDelivery"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/deliveries/{id}/resend": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Sends a delivery again, whatever its state, through a new round of the schedule */
        readonly post: operations["resendDelivery"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/disputes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List disputes
         * @description Payers' claims through channels, newest first.
         */
        readonly get: operations["listDisputes"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/disputes/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get a dispute */
        readonly get: operations["getDispute"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Events, the newest first */
        readonly get: operations["listEvents"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/events/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One event */
        readonly get: operations["getEvent"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/merchant": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Show the merchant that the key belongs to */
        readonly get: operations["getMerchant"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List payments
         * @description Newest first.
         */
        readonly get: operations["listPayments"];
        readonly put?: never;
        /**
         * Create a payment
         * @description Without a method the buyer chooses at `cashier_url`; with one, `next_action` says what the buyer's device does next. The same request again returns the same payment as it now is.
         */
        readonly post: operations["createPayment"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a payment
         * @description Asking for an open payment counts as watching it: its channel is asked more often for a while.
         */
        readonly get: operations["getPayment"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments/{id}/attempts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Try another way to pay
         * @description Ends the live attempt first. When that was paid meanwhile, the answer shows the payment succeeded. The same request again, under the same Idempotency-Key or with the same payment code, returns the payment as it now is and ends nothing.
         */
        readonly post: operations["createAttempt"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments/{id}/close": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Close a payment
         * @description Ends the order at the channel. When the buyer was quicker the answer shows the payment succeeded; when the channel has not answered, `closing` is true and the payment ends by itself.
         */
        readonly post: operations["closePayment"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments/{id}/refunds": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Refund a payment, or a part of it
         * @description Without an amount all that is left is refunded. `accepted` means the channel took it; `succeeded` that it arrived. The same request again returns the same refund as it now is.
         */
        readonly post: operations["createRefund"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments/{id}/shares": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** How a payment's money is split */
        readonly get: operations["getPaymentShares"];
        readonly put?: never;
        /**
         * Split a payment's money among receivers
         * @description The payment was created with profit_sharing and has succeeded. The same request again returns the same shares as they now are.
         */
        readonly post: operations["createShares"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments/{id}/shares/finish": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Let go of what was not split
         * @description No share is made of the payment afterwards. Repeating it changes nothing.
         */
        readonly post: operations["finishShares"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments/{id}/timeline": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A payment's story
         * @description Every request, answer, notification, query, decision, posting and delivery, oldest first.
         */
        readonly get: operations["getPaymentTimeline"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payouts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List payouts
         * @description Newest first.
         */
        readonly get: operations["listPayouts"];
        readonly put?: never;
        /**
         * Pay out available money to your verified bank account
         * @description The amount and the payout's fee are put aside at once; two people of the platform then send it. `succeeded` means that the bank's statement shows it. The same request again returns the same payout as it now is.
         */
        readonly post: operations["createPayout"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payouts/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get a payout */
        readonly get: operations["getPayout"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/plates": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List one's own plates, newest first */
        readonly get: operations["listPlates"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/plates/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get one of one's own plates */
        readonly get: operations["getPlate"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/plates/{id}.png": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One of one's own plates as a PNG picture */
        readonly get: operations["getPlatePng"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/plates/{id}.svg": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One of one's own plates as a SVG picture */
        readonly get: operations["getPlateSvg"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/receivers": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List the receivers of profit sharing */
        readonly get: operations["listReceivers"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/receivers/{id}/payouts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List what was paid to a receiver of yours
         * @description Of the money that lies with the platform; newest first.
         */
        readonly get: operations["listReceiverPayouts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/refunds": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List refunds
         * @description Newest first, automatic ones included.
         */
        readonly get: operations["listRefunds"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/refunds/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get a refund */
        readonly get: operations["getRefund"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/settlements": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List your settlements, newest first */
        readonly get: operations["listSettlements"];
        readonly put?: never;
        /**
         * Settle today what came in today (T+0)
         * @description Each request settles the journals booked since the last one; own money in the reserve stands for it until the channel pays. Without T+0 in the settlement policy it is refused.
         */
        readonly post: operations["settleToday"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/settlements/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Show one settlement */
        readonly get: operations["getSettlement"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/settlements/{id}/items": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List what a settlement is made of
         * @description The amounts of its items sum to the amount of the settlement.
         */
        readonly get: operations["listSettlementItems"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/shares": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List shares
         * @description Newest first.
         */
        readonly get: operations["listShares"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/shares/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get a share */
        readonly get: operations["getShare"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/statements/{period}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show your accounts from opening to closing balance over a month or some days
         * @description Closed dates only; each figure is the ledger's. `format` csv, xlsx or pdf gives a file, whose amounts are decimals of the major unit.
         */
        readonly get: operations["getStatement"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/stores": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List one's own stores, newest first */
        readonly get: operations["listStores"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/terminals": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List one's own terminals, newest first */
        readonly get: operations["listTerminals"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhook_endpoints": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** All endpoints, the oldest first */
        readonly get: operations["listWebhookEndpoints"];
        readonly put?: never;
        /** Adds an endpoint, at most 16 in all */
        readonly post: operations["createWebhookEndpoint"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhook_endpoints/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One endpoint, and how it fares */
        readonly get: operations["getWebhookEndpoint"];
        readonly put?: never;
        readonly post?: never;
        /** Disables an endpoint; its deliveries stay readable */
        readonly delete: operations["disableWebhookEndpoint"];
        readonly options?: never;
        readonly head?: never;
        /** Changes an endpoint; enabled again, it hears of events from now on */
        readonly patch: operations["updateWebhookEndpoint"];
        readonly trace?: never;
    };
    readonly "/v1/webhook_endpoints/{id}/rotate_secret": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Makes a new secret; both sign while they overlap */
        readonly post: operations["rotateWebhookSecret"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhook_endpoints/{id}/test": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Sends a ping; read the delivery for what came of it */
        readonly post: operations["testWebhookEndpoint"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly Account: {
            /** @description The balance now: debit +, credit −, in the currency's minor unit */
            readonly balance: number;
            readonly channel_account_id: string | null;
            /** @description asset, liability, equity, income, expense, memorandum or position */
            readonly class: string;
            /** @description What it holds, such as merchant_pending (待结算) */
            readonly code: string;
            readonly currency: string;
            readonly entries_count: number;
            readonly floor: number | null;
            /** @description Kept for a purpose: not to be drawn */
            readonly held: number;
            /** @description acc_… */
            readonly id: string;
            readonly last_posted_at: string | null;
            /** @description The balance now: positive where the account has grown on its natural side */
            readonly natural_balance: number;
            /** @enum {unknown} */
            readonly natural_side: "debit" | "credit";
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly opened_at: string;
        };
        readonly Balance: {
            readonly account_id: string;
            readonly at: string | null;
            /** @description The balance after the last entry posted up to that moment: debit +, credit −, in the currency's minor unit */
            readonly balance: number;
            readonly code: string;
            readonly currency: string;
            /** @description The same: positive where the account has grown on its natural side */
            readonly natural_balance: number;
            /** @description That entry's place in the account; 0: none yet */
            readonly seq: number;
        };
        /** Delivery */
        readonly Delivery: {
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            /** @description When it first arrived */
            readonly delivered_at: string | null;
            /** @description evt_…, also the webhook-id of every try */
            readonly event: string;
            readonly event_type: string;
            readonly id: string;
            /** @description Why the last try did not count */
            readonly last_error: string | null;
            readonly last_try: {
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                readonly at: string;
                readonly duration_ms: number;
                readonly status: number | null;
            } | null;
            readonly next_try_at: string | null;
            readonly payment: string | null;
            /** @enum {unknown} */
            readonly state: "scheduled" | "delivered" | "dead";
            /** @description Requests made so far */
            readonly tries: number;
            readonly webhook_endpoint: string;
        };
        /** DeliveryDetail */
        readonly DeliveryDetail: {
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            /** @description When it first arrived */
            readonly delivered_at: string | null;
            /** @description evt_…, also the webhook-id of every try */
            readonly event: string;
            readonly event_type: string;
            readonly failed_tries: readonly {
                /** @description The beginning of the answer's body */
                readonly answer: string | null;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                readonly at: string;
                readonly duration_ms: number;
                readonly error: string;
                readonly number: number;
                readonly status: number | null;
            }[];
            readonly id: string;
            /** @description Why the last try did not count */
            readonly last_error: string | null;
            readonly last_try: {
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                readonly at: string;
                readonly duration_ms: number;
                readonly status: number | null;
            } | null;
            readonly next_try_at: string | null;
            readonly payment: string | null;
            /** @enum {unknown} */
            readonly state: "scheduled" | "delivered" | "dead";
            /** @description Requests made so far */
            readonly tries: number;
            readonly webhook_endpoint: string;
        };
        /** @description A payer's claim through the channel against one payment */
        readonly Dispute: {
            /** @description What the payer claims; held back until it is decided */
            readonly amount: number;
            /** @description What came back of the amount once it was won */
            readonly amount_returned: number;
            readonly attempt: string;
            /** @description The channel's number of the claim */
            readonly channel_dispute_no: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            /** @description ISO 4217, capital letters */
            readonly currency: string;
            /** @description What the channel charges for the claim when it opens */
            readonly fee: number;
            /** @description What came back of the fee, where the contract gives it back */
            readonly fee_returned: number;
            readonly finished_at: string | null;
            readonly id: string;
            readonly payment: string;
            /** @description The channel's own word */
            readonly reason: string;
            readonly respond_by: string | null;
            /** @enum {unknown} */
            readonly state: "opened" | "won" | "lost";
            readonly state_final: boolean;
        };
        readonly Entry: {
            /**
             * Format: date
             * @description The platform's business date
             */
            readonly accounting_date: string;
            /** @description The change: debit +, credit −, in the currency's minor unit */
            readonly amount: number;
            /** @description The balance after: debit +, credit −, in the currency's minor unit */
            readonly balance_after: number;
            /** @description The balance before: debit +, credit −, in the currency's minor unit */
            readonly balance_before: number;
            readonly channel_date: string | null;
            readonly currency: string;
            /** @description jnl_… */
            readonly journal_id: string;
            /** @description What was booked, such as payment_success */
            readonly kind: string;
            /** @description The change: positive where the account has grown on its natural side */
            readonly natural_amount: number;
            /** @description The balance after: positive where the account has grown on its natural side */
            readonly natural_balance_after: number;
            /** @description The balance before: positive where the account has grown on its natural side */
            readonly natural_balance_before: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly posted_at: string;
            /** @description The entry's place in its account, from 1 without a gap */
            readonly seq: number;
            /** @enum {unknown} */
            readonly side: "debit" | "credit";
            /** @description What caused it, such as a refund */
            readonly source_id: string;
            readonly subject_id: string | null;
        };
        /**
         * Event
         * @description `payment.succeeded`: The buyer's money was taken. Hand over the goods.
         *
         *     `payment.closed`: The payment ended without money: it expired or was cancelled.
         *
         *     `payment.failed`: The payment was refused for good.
         *
         *     `payment.reversed_by_channel`: The channel took back a payment that had succeeded.
         *
         *     `refund.accepted`: The channel took the refund; the money is on its way back.
         *
         *     `refund.succeeded`: The refund arrived at the buyer.
         *
         *     `refund.failed`: The refund was refused; the money is yours again.
         *
         *     `refund.returned`: An accepted refund came back; the money is yours again.
         *
         *     `dispute.opened`: A payer claims the money back through the channel; it is held back. Bring evidence.
         *
         *     `dispute.won`: The claim was decided for you; `amount_returned` and `fee_returned` are yours again.
         *
         *     `dispute.lost`: The claim was decided for the payer; the money is gone.
         *
         *     `settlement.approved`: A settlement is decided: its `available` part may be paid out.
         *
         *     `settlement.paid`: A settlement's money was paid out to you.
         *
         *     `payout.succeeded`: The bank's statement shows the payout.
         *
         *     `payout.rejected`: The payout was refused; the amount is available again.
         *
         *     `payout.returned`: The bank sent the payout back later; the amount is available again.
         *
         *     `receiver_payout.succeeded`: The bank's statement shows what was paid to a receiver of yours.
         *
         *     `receiver_payout.returned`: The bank sent back what was paid to a receiver of yours; it is owed again.
         *
         *     `share.succeeded`: A receiver has got its share of a payment.
         *
         *     `share.failed`: A receiver's share was refused; the money is yours again.
         *
         *     `share.returned`: A receiver gave back a share, or a part of it, for a refund.
         *
         *     `ping`: Sent by an endpoint's test, whatever it subscribes to.
         */
        readonly Event: {
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            /** @description The resource as it was then */
            readonly data: {
                readonly [key: string]: unknown;
            };
            readonly id: string;
            /** @description What it happened to: pay_…, rfd_… */
            readonly subject: string;
            /** @enum {unknown} */
            readonly type: "payment.succeeded" | "payment.closed" | "payment.failed" | "payment.reversed_by_channel" | "refund.accepted" | "refund.succeeded" | "refund.failed" | "refund.returned" | "dispute.opened" | "dispute.won" | "dispute.lost" | "settlement.approved" | "settlement.paid" | "payout.succeeded" | "payout.rejected" | "payout.returned" | "receiver_payout.succeeded" | "receiver_payout.returned" | "share.succeeded" | "share.failed" | "share.returned" | "ping";
        };
        /** @description What a merchant asked for, and what came of it */
        readonly Payment: {
            /** @description Minor units */
            readonly amount: number;
            /** @description Minor units */
            readonly amount_refunded: number;
            readonly attempts: readonly {
                readonly amount_paid: number | null;
                readonly amount_settled: number | null;
                readonly buyer: string | null;
                readonly channel: string;
                readonly channel_account: string;
                /** @description Our number at the channel */
                readonly channel_order_no: string;
                readonly channel_trade_no: string | null;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                readonly created_at: string;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                readonly expires_at: string;
                readonly failure_code: string | null;
                readonly failure_message: string | null;
                readonly fee: number | null;
                readonly finished_at: string | null;
                readonly id: string;
                readonly method: string;
                readonly paid_at: string | null;
                /** @enum {unknown} */
                readonly state: "created" | "pending" | "unknown" | "abandoned" | "reversing" | "succeeded" | "failed" | "closed" | "reversed" | "reversed_by_channel";
                readonly surplus: string | null;
            }[];
            /** @description The buyer's page for this payment */
            readonly cashier_url: string;
            readonly closed_reason: ("expired" | "cancelled") | null;
            /** @description The order is being ended at the channel */
            readonly closing: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            /** @description ISO 4217, capital letters */
            readonly currency: string;
            readonly disputes: readonly components["schemas"]["Dispute"][];
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly expires_at: string;
            readonly finished_at: string | null;
            readonly id: string;
            readonly live_attempt: string | null;
            readonly merchant_order_no: string;
            readonly metadata: {
                readonly [key: string]: string;
            };
            readonly method: string | null;
            readonly next_action: ({
                readonly qr_code: string;
                /** @enum {string} */
                readonly type: "qr_code";
            } | {
                /** @description Fields to send there by POST, as a browser's form; absent: a plain address */
                readonly form?: {
                    readonly [key: string]: string;
                };
                /** @enum {string} */
                readonly type: "redirect";
                readonly url: string;
            } | {
                readonly params: {
                    readonly [key: string]: string;
                };
                /** @enum {string} */
                readonly type: "jsapi_params";
            } | {
                readonly params: string;
                /** @enum {string} */
                readonly type: "app_params";
            } | {
                /** @enum {string} */
                readonly type: "none";
            }) | null;
            /** @enum {unknown} */
            readonly refund_status: "none" | "partial" | "full";
            readonly refunds_automatic: readonly components["schemas"]["Refund"][];
            readonly return_url: string | null;
            /** @description The channel took the money back after the success */
            readonly reversed_by_channel: boolean;
            /** @description Put it into a QR code: whichever wallet scans it opens this payment */
            readonly scan_url: string;
            /** @enum {unknown} */
            readonly status: "created" | "processing" | "succeeded" | "closed" | "failed";
            /** @description Whether the status can still change */
            readonly status_final: boolean;
            readonly store: string | null;
            readonly subject: string;
            readonly success_attempt: string | null;
            readonly terminal: string | null;
        };
        /** Payout */
        readonly Payout: {
            /** @description What arrives, in minor units */
            readonly amount: number;
            readonly bank_account: {
                readonly bank_code: string;
                readonly holder_name: string;
                readonly id: string;
                /** @description Its last digits */
                readonly number: string;
            };
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            /** @description ISO 4217, capital letters */
            readonly currency: string;
            readonly failure: {
                readonly code: string | null;
                readonly message: string | null;
            } | null;
            /** @description Taken on top of the amount */
            readonly fee: number;
            readonly id: string;
            /** @description The payee's number of it */
            readonly merchant_payout_no: string;
            readonly rejected_at: string | null;
            readonly remark: string | null;
            readonly returned_at: string | null;
            readonly sent_at: string | null;
            readonly settlement: string | null;
            /** @enum {unknown} */
            readonly status: "created" | "approved" | "sent" | "unknown" | "succeeded" | "returned" | "rejected";
            /** @description False also for succeeded: a bank may still return it */
            readonly status_final: boolean;
            readonly succeeded_at: string | null;
        };
        /** @description Money back for one attempt of a payment */
        readonly Refund: {
            readonly accepted_at: string | null;
            /** @description Minor units */
            readonly amount: number;
            /** @description What leaves your balance */
            readonly amount_settled: number;
            readonly arrived_at: string | null;
            readonly attempt: string;
            /** @description Made by the platform to give surplus money back */
            readonly automatic: boolean;
            readonly channel_refund_no: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            /** @description ISO 4217, capital letters */
            readonly currency: string;
            readonly failure_code: string | null;
            readonly failure_message: string | null;
            /** @description Minor units */
            readonly fee_returned: number;
            readonly finished_at: string | null;
            readonly id: string;
            readonly merchant_refund_no: string | null;
            readonly payment: string;
            readonly reason: string | null;
            /** @enum {unknown} */
            readonly state: "created" | "accepted" | "succeeded" | "returned" | "failed" | "unknown";
            readonly state_final: boolean;
        };
        /** Settlement */
        readonly Settlement: {
            /** @description Sum of its items: recovered + reserved + available */
            readonly amount: number;
            readonly approved_at: string | null;
            /** @description May be paid out */
            readonly available: number;
            readonly currency: string;
            /** @description The closed date after which it was made, yyyy-mm-dd */
            readonly date: string;
            readonly id: string;
            readonly items: number;
            /** @enum {unknown} */
            readonly kind: "regular" | "supplementary" | "same_day";
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly made_at: string;
            readonly paid_at: string | null;
            /** @enum {unknown} */
            readonly payout: "automatic" | "on_request";
            /** @description Set off against what you owed */
            readonly recovered: number;
            /** @description Kept back for the reserve's term */
            readonly reserved: number;
            /** @enum {unknown} */
            readonly state: "open" | "held" | "approved" | "paid";
        };
        readonly TimelineItem: {
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly at: string;
            readonly detail: {
                readonly [key: string]: unknown;
            };
            readonly id: string | null;
            /** @enum {unknown} */
            readonly kind: "payment" | "attempt" | "exchange" | "journal" | "refund" | "dispute" | "share" | "event" | "delivery";
            readonly what: string;
        };
        /** WebhookEndpoint */
        readonly WebhookEndpoint: {
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            readonly description: string;
            readonly events: readonly string[];
            /** @description Null while deliveries arrive */
            readonly health: {
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                readonly failing_since: string;
                /** @description In a row; tries side by side count once */
                readonly failures: number;
                readonly last_error: string;
                readonly last_status: number | null;
                readonly paused_until: string | null;
            } | null;
            readonly id: string;
            /** @description Until when two secrets sign, after a rotation */
            readonly previous_secret_expires_at: string | null;
            readonly require_body_success: boolean;
            /** @enum {unknown} */
            readonly status: "enabled" | "disabled";
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly updated_at: string;
            readonly url: string;
        };
        /** WebhookEndpointWithSecret */
        readonly WebhookEndpointWithSecret: {
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly created_at: string;
            readonly description: string;
            readonly events: readonly string[];
            /** @description Null while deliveries arrive */
            readonly health: {
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                readonly failing_since: string;
                /** @description In a row; tries side by side count once */
                readonly failures: number;
                readonly last_error: string;
                readonly last_status: number | null;
                readonly paused_until: string | null;
            } | null;
            readonly id: string;
            /** @description Until when two secrets sign, after a rotation */
            readonly previous_secret_expires_at: string | null;
            readonly require_body_success: boolean;
            /** @description whsec_…; shown this once */
            readonly secret: string;
            /** @enum {unknown} */
            readonly status: "enabled" | "disabled";
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            readonly updated_at: string;
            readonly url: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly listAccounts: {
        readonly parameters: {
            readonly query?: {
                /** @description ISO 4217, capital letters */
                readonly currency?: string;
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Account"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly getAccountBalance: {
        readonly parameters: {
            readonly query?: {
                /** @description RFC 3339; now when left out. What is being committed at that very moment may still come before it */
                readonly at?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Balance"];
                };
            };
        };
    };
    readonly listAccountEntries: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Entry"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly listBankAccounts: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            readonly bank_code: string;
                            readonly bank_name: string | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            /** @description ISO 4217, capital letters */
                            readonly currency: string;
                            readonly holder_name: string;
                            readonly id: string;
                            /** @description Its last digits */
                            readonly number: string;
                            /** @enum {unknown} */
                            readonly state: "unverified" | "verified" | "disabled";
                            /** @description Payouts go to it from then on; to the account before until then */
                            readonly usable_from: string | null;
                            readonly verified_at: string | null;
                        }[];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly getBill: {
        readonly parameters: {
            readonly query?: {
                /** @description Needed where several currencies moved */
                readonly currency?: string;
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path: {
                /** @description yyyy-mm-dd */
                readonly date: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly currency: string;
                        readonly data: readonly {
                            /** @description Without the fee; what lowers your money is negative */
                            readonly amount: number;
                            /** @description Charged: negative; returned: positive */
                            readonly fee: number;
                            readonly journal: string;
                            readonly kind: string;
                            readonly merchant_order_no: string | null;
                            readonly merchant_refund_no: string | null;
                            readonly net: number;
                            readonly payment: string | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly posted_at: string;
                        }[];
                        readonly date: string;
                        readonly fees: number;
                        readonly lines: number;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        readonly made_at: string;
                        readonly next_cursor: string | null;
                        readonly others: number;
                        readonly payments: number;
                        readonly payments_amount: number;
                        readonly refunds: number;
                        readonly refunds_amount: number;
                        /** @description Of the CSV file, byte for byte, in hex */
                        readonly sha256: string;
                        /** @description What the date did to your money, payouts apart */
                        readonly total: number;
                    };
                };
            };
        };
    };
    readonly getBillFile: {
        readonly parameters: {
            readonly query?: {
                /** @description Needed where several currencies moved */
                readonly currency?: string;
            };
            readonly header?: never;
            readonly path: {
                /** @description yyyy-mm-dd */
                readonly date: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The file */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/csv": string;
                };
            };
        };
    };
    readonly getCashier: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description How a merchant's cashier looks, and which ways to pay it offers */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly colour: string | null;
                        readonly display_name: string | null;
                        readonly hidden: readonly string[];
                        readonly logo_version: number | null;
                        readonly methods: readonly {
                            readonly amount_max: number | null;
                            readonly amount_min: number | null;
                            readonly currencies: readonly string[] | null;
                            readonly devices: readonly string[] | null;
                            readonly method: string;
                        }[];
                        /** @description Send it back with a change; 0: nothing was ever set */
                        readonly version: number;
                    };
                };
            };
        };
    };
    readonly setCashier: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly colour: string | null;
                    readonly display_name: string | null;
                    readonly hidden: readonly string[];
                    readonly logo?: {
                        /** @description Base64 of a PNG, JPEG or WebP of ≤ 32 kB */
                        readonly data: string;
                    } | null;
                    /** @description In this order, then the others */
                    readonly methods: readonly {
                        readonly amount_max?: number | null;
                        readonly amount_min?: number | null;
                        readonly currencies?: readonly string[] | null;
                        readonly devices?: readonly ("phone" | "desktop")[] | null;
                        /** @description Such as alipay.qr */
                        readonly method: string;
                    }[];
                    /** @description The version that the change is based on; 0: the first */
                    readonly version: number;
                };
            };
        };
        readonly responses: {
            /** @description How a merchant's cashier looks, and which ways to pay it offers */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly colour: string | null;
                        readonly display_name: string | null;
                        readonly hidden: readonly string[];
                        readonly logo_version: number | null;
                        readonly methods: readonly {
                            readonly amount_max: number | null;
                            readonly amount_min: number | null;
                            readonly currencies: readonly string[] | null;
                            readonly devices: readonly string[] | null;
                            readonly method: string;
                        }[];
                        /** @description Send it back with a change; 0: nothing was ever set */
                        readonly version: number;
                    };
                };
            };
        };
    };
    readonly writeEmvcoCode: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description Whom it pays: 02 to 25 a value, 26 to 51 fields with 00 */
                    readonly accounts: readonly {
                        /** @description Values by tags of two digits */
                        readonly fields?: {
                            readonly [key: string]: string;
                        };
                        readonly tag: string;
                        /** @description Of tags 02 to 25; UnionPay's 15 has 31 characters */
                        readonly value?: string;
                    }[];
                    /** @description Values by tags of two digits */
                    readonly additional?: {
                        readonly [key: string]: string;
                    };
                    /** @description In the currency's minor unit (分 for CNY): 1234 is 12.34 */
                    readonly amount?: number;
                    /** @description The merchant's category (MCC) */
                    readonly category: string;
                    /** @description ISO 3166-1, two letters */
                    readonly country: string;
                    /** @description ISO 4217, capital letters */
                    readonly currency: string;
                    /**
                     * @description static: for many buyers; dynamic: for one payment
                     * @enum {unknown}
                     */
                    readonly initiation?: "static" | "dynamic";
                    readonly language?: {
                        readonly city?: string;
                        readonly code: string;
                        readonly name: string;
                    };
                    /** @description ASCII */
                    readonly merchant_city: string;
                    /** @description Many readers count bytes, so ASCII; other scripts go into language */
                    readonly merchant_name: string;
                    /** @description ASCII */
                    readonly postal_code?: string;
                    /** @description Fields of others, each with its owner as 00 */
                    readonly templates?: readonly {
                        /** @description Values by tags of two digits */
                        readonly fields: {
                            readonly [key: string]: string;
                        };
                        readonly tag: string;
                    }[];
                    readonly tip?: {
                        /** @description In the currency's minor unit (分 for CNY): 1234 is 12.34 */
                        readonly amount?: number;
                        /** @enum {unknown} */
                        readonly kind: "asked" | "fixed" | "percentage";
                        readonly percent?: string;
                    };
                };
            };
        };
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description With its checksum */
                        readonly code: string;
                    };
                };
            };
        };
    };
    readonly recogniseCode: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description As the scanner gave it */
                    readonly code: string;
                };
            };
        };
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description Whether a payment code of this wallet is charged */
                        readonly accepted?: boolean;
                        /** @description Whose wallet shows a payment code */
                        readonly channel?: string;
                        /** @description What it is, in a sentence for whoever stands at the till */
                        readonly detail: string;
                        readonly emvco?: {
                            readonly accounts: readonly {
                                readonly fields: {
                                    readonly [key: string]: string;
                                } | null;
                                readonly tag: string;
                                readonly value: string | null;
                            }[];
                            readonly additional: {
                                readonly [key: string]: string;
                            } | null;
                            /** @description Minor units */
                            readonly amount: number | null;
                            readonly category: string;
                            readonly country: string;
                            readonly currency: string;
                            readonly initiation: string | null;
                            readonly language: {
                                readonly city: string | null;
                                readonly code: string;
                                readonly name: string;
                            } | null;
                            readonly merchant_city: string;
                            readonly merchant_name: string;
                            readonly postal_code: string | null;
                            readonly templates: readonly {
                                readonly fields: {
                                    readonly [key: string]: string;
                                };
                                readonly tag: string;
                            }[];
                            readonly tip: {
                                /** @description Minor units */
                                readonly amount?: number;
                                /** @enum {unknown} */
                                readonly kind: "asked" | "fixed" | "percentage";
                                readonly percent?: string;
                            } | null;
                        };
                        readonly fault?: {
                            readonly detail: string;
                            readonly offset: number;
                            readonly tag: string;
                        };
                        /** @enum {unknown} */
                        readonly kind: "payment_code" | "plate" | "payment" | "emvco_merchant" | "emvco_consumer" | "unknown";
                        /** @description Where the payment is one's own */
                        readonly payment?: string;
                        /** @description Where the plate is one's own */
                        readonly plate?: string;
                    };
                };
            };
        };
    };
    readonly listDeliveries: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description evt_… */
                readonly event?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                /** @description pay_… */
                readonly payment?: string;
                readonly state?: "scheduled" | "delivered" | "dead";
                /** @description whe_… */
                readonly webhook_endpoint?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Delivery"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly getDelivery: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
        };
    };
    readonly resendDelivery: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
        };
    };
    readonly listDisputes: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                /** @description A payment's id */
                readonly payment?: string;
                readonly state?: "opened" | "won" | "lost";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Dispute"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly getDispute: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A payer's claim through the channel against one payment */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Dispute"];
                };
            };
        };
    };
    readonly listEvents: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                /** @description pay_… or rfd_… */
                readonly subject?: string;
                readonly type?: "payment.succeeded" | "payment.closed" | "payment.failed" | "payment.reversed_by_channel" | "refund.accepted" | "refund.succeeded" | "refund.failed" | "refund.returned" | "dispute.opened" | "dispute.won" | "dispute.lost" | "settlement.approved" | "settlement.paid" | "payout.succeeded" | "payout.rejected" | "payout.returned" | "receiver_payout.succeeded" | "receiver_payout.returned" | "share.succeeded" | "share.failed" | "share.returned" | "ping";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Event"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly getEvent: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /**
             * @description `payment.succeeded`: The buyer's money was taken. Hand over the goods.
             *
             *     `payment.closed`: The payment ended without money: it expired or was cancelled.
             *
             *     `payment.failed`: The payment was refused for good.
             *
             *     `payment.reversed_by_channel`: The channel took back a payment that had succeeded.
             *
             *     `refund.accepted`: The channel took the refund; the money is on its way back.
             *
             *     `refund.succeeded`: The refund arrived at the buyer.
             *
             *     `refund.failed`: The refund was refused; the money is yours again.
             *
             *     `refund.returned`: An accepted refund came back; the money is yours again.
             *
             *     `dispute.opened`: A payer claims the money back through the channel; it is held back. Bring evidence.
             *
             *     `dispute.won`: The claim was decided for you; `amount_returned` and `fee_returned` are yours again.
             *
             *     `dispute.lost`: The claim was decided for the payer; the money is gone.
             *
             *     `settlement.approved`: A settlement is decided: its `available` part may be paid out.
             *
             *     `settlement.paid`: A settlement's money was paid out to you.
             *
             *     `payout.succeeded`: The bank's statement shows the payout.
             *
             *     `payout.rejected`: The payout was refused; the amount is available again.
             *
             *     `payout.returned`: The bank sent the payout back later; the amount is available again.
             *
             *     `receiver_payout.succeeded`: The bank's statement shows what was paid to a receiver of yours.
             *
             *     `receiver_payout.returned`: The bank sent back what was paid to a receiver of yours; it is owed again.
             *
             *     `share.succeeded`: A receiver has got its share of a payment.
             *
             *     `share.failed`: A receiver's share was refused; the money is yours again.
             *
             *     `share.returned`: A receiver gave back a share, or a part of it, for a refund.
             *
             *     `ping`: Sent by an endpoint's test, whatever it subscribes to.
             */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Event"];
                };
            };
        };
    };
    readonly getMerchant: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        readonly created_at: string;
                        readonly currencies: readonly {
                            /** @description Minor units */
                            readonly credit_line: number;
                            /** @description ISO 4217, capital letters */
                            readonly currency: string;
                        }[];
                        /** @description 6000 is 0.6 % */
                        readonly fee_rate_millionths: number;
                        readonly id: string;
                        readonly legal_name: string;
                        readonly name: string;
                        /** @description Send it back with a change */
                        readonly revision: number;
                        /** @description opening, active or suspended */
                        readonly status: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        readonly updated_at: string;
                    };
                };
            };
        };
    };
    readonly listPayments: {
        readonly parameters: {
            readonly query?: {
                /** @description RFC 3339, UTC */
                readonly created_from?: string;
                /** @description RFC 3339, UTC */
                readonly created_to?: string;
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                readonly method?: string;
                /** @description Any number that somebody can quote: ours, yours, the channel's, a refund's */
                readonly number?: string;
                readonly status?: "created" | "processing" | "succeeded" | "closed" | "failed";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Payment"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly createPayment: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description In the currency's minor unit (分 for CNY): 1234 is 12.34 */
                    readonly amount: number;
                    /** @description The buyer at the channel (open id, user id), where the method needs one */
                    readonly buyer?: string;
                    /** @description The address (IPv4 or IPv6) of the buyer's device, where the method needs one; with a payment code, the till's */
                    readonly buyer_ip?: string;
                    /** @description ISO 4217, capital letters */
                    readonly currency: string;
                    /** @description Seconds until the payment closes by itself; 7200 by default */
                    readonly expires_in?: number;
                    /** @description Your own number, unique for you: letters, digits and _ . : - up to 64 */
                    readonly merchant_order_no: string;
                    /** @description Your own keys and values, returned unchanged */
                    readonly metadata?: {
                        readonly [key: string]: string;
                    };
                    readonly method?: string;
                    /** @description The digits of the buyer's payment code, just scanned; used once and never stored */
                    readonly payment_code?: string;
                    /** @description The money stays frozen at the channel for receivers: `later`, to be split by POST /v1/payments/{id}/shares, or who gets what as soon as the channel allows it */
                    readonly profit_sharing?: "later" | {
                        /** @description What is left is yours at once when all shares are done; the default */
                        readonly finish?: boolean;
                        readonly receivers: readonly ({
                            /** @description In the currency's minor unit (分 for CNY): 1234 is 12.34 */
                            readonly amount: number;
                            /** @description A receiver's id, rcv_… */
                            readonly receiver: string;
                        } | {
                            /** @description A receiver's id, rcv_… */
                            readonly receiver: string;
                            /** @description Of what settles, less what was refunded: 50000 is 5 % */
                            readonly share_millionths: number;
                        })[];
                    };
                    /** @description Where the buyer goes after paying */
                    readonly return_url?: string;
                    /** @description A store's id, or your number for it */
                    readonly store?: string;
                    /** @description What the buyer reads in the wallet and on the bill */
                    readonly subject: string;
                    /** @description A terminal's id, or its serial */
                    readonly terminal?: string;
                };
            };
        };
        readonly responses: {
            /** @description What a merchant asked for, and what came of it */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description What a merchant asked for, and what came of it */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payment"];
                };
            };
        };
    };
    readonly getPayment: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description What a merchant asked for, and what came of it */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payment"];
                };
            };
        };
    };
    readonly createAttempt: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly buyer?: string;
                    /** @description The address (IPv4 or IPv6) of the buyer's device, where the method needs one; with a payment code, the till's */
                    readonly buyer_ip?: string;
                    readonly method?: string;
                    /** @description The digits of the buyer's payment code, just scanned; used once and never stored */
                    readonly payment_code?: string;
                };
            };
        };
        readonly responses: {
            /** @description What a merchant asked for, and what came of it */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description What a merchant asked for, and what came of it */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payment"];
                };
            };
        };
    };
    readonly closePayment: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description What a merchant asked for, and what came of it */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payment"];
                };
            };
        };
    };
    readonly createRefund: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description In the currency's minor unit (分 for CNY): 1234 is 12.34 */
                    readonly amount?: number;
                    /** @description Your own number, unique for you: letters, digits and _ . : - up to 64 */
                    readonly merchant_refund_no: string;
                    /** @description Shown to the buyer where the channel does so */
                    readonly reason?: string;
                };
            };
        };
        readonly responses: {
            /** @description Money back for one attempt of a payment */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Refund"];
                };
            };
            /** @description Money back for one attempt of a payment */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Refund"];
                };
            };
        };
    };
    readonly getPaymentShares: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            readonly amount: number;
                            readonly amount_returned: number;
                            readonly channel_own_no: string | null;
                            /** @description Our number of it at the channel */
                            readonly channel_share_no: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly currency: string;
                            readonly description: string;
                            readonly failure_code: string | null;
                            readonly failure_message: string | null;
                            readonly finished_at: string | null;
                            readonly id: string;
                            readonly merchant_share_no: string | null;
                            readonly payment: string;
                            readonly receiver: string;
                            /** @enum {unknown} */
                            readonly state: "created" | "unknown" | "processing" | "succeeded" | "failed";
                        }[];
                        readonly failure_code: string | null;
                        readonly failure_message: string | null;
                        readonly finished_at: string | null;
                        /** @description Shares that came with the payment are still to be made */
                        readonly is_planned: boolean;
                        /** @description `channel`: it splits; `books`: we do */
                        readonly mode: string;
                        /** @description open, finishing or finished */
                        readonly state: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        readonly term_ends_at: string;
                    };
                };
            };
        };
    };
    readonly createShares: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description Shown to the receivers where the channel does so */
                    readonly description?: string;
                    /** @description What is left is yours once these shares are done; no by default */
                    readonly finish?: boolean;
                    /** @description Your own number, unique for you: letters, digits and _ . : - up to 64 */
                    readonly merchant_share_no: string;
                    readonly receivers: readonly ({
                        /** @description In the currency's minor unit (分 for CNY): 1234 is 12.34 */
                        readonly amount: number;
                        /** @description A receiver's id, rcv_… */
                        readonly receiver: string;
                    } | {
                        /** @description A receiver's id, rcv_… */
                        readonly receiver: string;
                        /** @description Of what settles, less what was refunded: 50000 is 5 % */
                        readonly share_millionths: number;
                    })[];
                };
            };
        };
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            readonly amount: number;
                            readonly amount_returned: number;
                            readonly channel_own_no: string | null;
                            /** @description Our number of it at the channel */
                            readonly channel_share_no: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly currency: string;
                            readonly description: string;
                            readonly failure_code: string | null;
                            readonly failure_message: string | null;
                            readonly finished_at: string | null;
                            readonly id: string;
                            readonly merchant_share_no: string | null;
                            readonly payment: string;
                            readonly receiver: string;
                            /** @enum {unknown} */
                            readonly state: "created" | "unknown" | "processing" | "succeeded" | "failed";
                        }[];
                    };
                };
            };
            /** @description Default Response */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            readonly amount: number;
                            readonly amount_returned: number;
                            readonly channel_own_no: string | null;
                            /** @description Our number of it at the channel */
                            readonly channel_share_no: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly currency: string;
                            readonly description: string;
                            readonly failure_code: string | null;
                            readonly failure_message: string | null;
                            readonly finished_at: string | null;
                            readonly id: string;
                            readonly merchant_share_no: string | null;
                            readonly payment: string;
                            readonly receiver: string;
                            /** @enum {unknown} */
                            readonly state: "created" | "unknown" | "processing" | "succeeded" | "failed";
                        }[];
                    };
                };
            };
        };
    };
    readonly finishShares: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            readonly amount: number;
                            readonly amount_returned: number;
                            readonly channel_own_no: string | null;
                            /** @description Our number of it at the channel */
                            readonly channel_share_no: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly currency: string;
                            readonly description: string;
                            readonly failure_code: string | null;
                            readonly failure_message: string | null;
                            readonly finished_at: string | null;
                            readonly id: string;
                            readonly merchant_share_no: string | null;
                            readonly payment: string;
                            readonly receiver: string;
                            /** @enum {unknown} */
                            readonly state: "created" | "unknown" | "processing" | "succeeded" | "failed";
                        }[];
                        readonly failure_code: string | null;
                        readonly failure_message: string | null;
                        readonly finished_at: string | null;
                        /** @description Shares that came with the payment are still to be made */
                        readonly is_planned: boolean;
                        /** @description `channel`: it splits; `books`: we do */
                        readonly mode: string;
                        /** @description open, finishing or finished */
                        readonly state: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        readonly term_ends_at: string;
                    };
                };
            };
        };
    };
    readonly getPaymentTimeline: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["TimelineItem"][];
                    };
                };
            };
        };
    };
    readonly listPayouts: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                readonly status?: "created" | "approved" | "sent" | "unknown" | "succeeded" | "returned" | "rejected";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Payout"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly createPayout: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description In the currency's minor unit (分 for CNY): 1234 is 12.34 */
                    readonly amount: number;
                    /** @description ISO 4217, capital letters */
                    readonly currency: string;
                    /** @description The merchant's own number; numbers beginning with stl_ are the settlements' */
                    readonly merchant_payout_no: string;
                    /** @description Shown on the account's statement: letters, digits, spaces and / - ? : ( ) . , ' + */
                    readonly remark?: string;
                };
            };
        };
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payout"];
                };
            };
            /** @description Default Response */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payout"];
                };
            };
        };
    };
    readonly getPayout: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payout"];
                };
            };
        };
    };
    readonly listPlates: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                readonly state?: "blank" | "bound" | "opening" | "active" | "disabled";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            /** @description Minor units; null: the buyer enters it, or the plate is blank */
                            readonly amount: number | null;
                            readonly batch: string;
                            /** @description As printed: four groups of four */
                            readonly code: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly currency: string | null;
                            readonly id: string;
                            readonly merchant_id: string | null;
                            /** @description Within its batch, printed beside the code */
                            readonly number: number;
                            /** @enum {unknown} */
                            readonly state: "blank" | "bound" | "opening" | "active" | "disabled";
                            readonly store: string | null;
                            readonly subject: string | null;
                            readonly terminal: string | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly updated_at: string;
                            /** @description What its QR code holds */
                            readonly url: string;
                            /** @description Send it back with a change */
                            readonly version: number;
                        }[];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly getPlate: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A printed code */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description Minor units; null: the buyer enters it, or the plate is blank */
                        readonly amount: number | null;
                        readonly batch: string;
                        /** @description As printed: four groups of four */
                        readonly code: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        readonly created_at: string;
                        readonly currency: string | null;
                        readonly id: string;
                        readonly merchant_id: string | null;
                        /** @description Within its batch, printed beside the code */
                        readonly number: number;
                        /** @enum {unknown} */
                        readonly state: "blank" | "bound" | "opening" | "active" | "disabled";
                        readonly store: string | null;
                        readonly subject: string | null;
                        readonly terminal: string | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        readonly updated_at: string;
                        /** @description What its QR code holds */
                        readonly url: string;
                        /** @description Send it back with a change */
                        readonly version: number;
                    };
                };
            };
        };
    };
    readonly getPlatePng: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The code alone, with its light frame */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "image/png": string;
                };
            };
        };
    };
    readonly getPlateSvg: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The code alone, with its light frame */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "image/svg+xml": string;
                };
            };
        };
    };
    readonly listReceivers: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                readonly state?: "proposed" | "active" | "rejected" | "disabled";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            readonly accounts: readonly {
                                /** @description Its ends alone */
                                readonly account: string;
                                readonly channel: string;
                                readonly channel_account: string;
                                readonly failure_code: string | null;
                                readonly failure_message: string | null;
                                /** @enum {unknown} */
                                readonly state: "proposed" | "created" | "bound" | "failed";
                                readonly type: string;
                            }[];
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly decided_at: string | null;
                            readonly id: string;
                            readonly label: string;
                            readonly merchant: string;
                            /** @enum {unknown} */
                            readonly state: "proposed" | "active" | "rejected" | "disabled";
                        }[];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly listReceiverPayouts: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Payout"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly listRefunds: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                /** @description A payment's id */
                readonly payment?: string;
                readonly state?: "created" | "accepted" | "succeeded" | "returned" | "failed" | "unknown";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Refund"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly getRefund: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Money back for one attempt of a payment */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Refund"];
                };
            };
        };
    };
    readonly listSettlements: {
        readonly parameters: {
            readonly query?: {
                /** @description ISO 4217, capital letters */
                readonly currency?: string;
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["Settlement"][];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly settleToday: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description ISO 4217, capital letters */
                    readonly currency: string;
                };
            };
        };
        readonly responses: {
            /** @description Default Response */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Settlement"];
                };
            };
        };
    };
    readonly getSettlement: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Settlement"];
                };
            };
        };
    };
    readonly listSettlementItems: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            /** @description In minor units */
                            readonly amount: number;
                            readonly channel_date: string | null;
                            /** @description The accounting date, yyyy-mm-dd */
                            readonly date: string;
                            readonly journal: string;
                            /** @description payment_success, refund_created, refund_accepted, … */
                            readonly kind: string;
                            readonly payment: string | null;
                        }[];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly listShares: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
                readonly payment?: string;
                readonly receiver?: string;
                readonly state?: "created" | "unknown" | "processing" | "succeeded" | "failed";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            readonly amount: number;
                            readonly amount_returned: number;
                            readonly channel_own_no: string | null;
                            /** @description Our number of it at the channel */
                            readonly channel_share_no: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly currency: string;
                            readonly description: string;
                            readonly failure_code: string | null;
                            readonly failure_message: string | null;
                            readonly finished_at: string | null;
                            readonly id: string;
                            readonly merchant_share_no: string | null;
                            readonly payment: string;
                            readonly receiver: string;
                            /** @enum {unknown} */
                            readonly state: "created" | "unknown" | "processing" | "succeeded" | "failed";
                        }[];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly getShare: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly amount: number;
                        readonly amount_returned: number;
                        readonly channel_own_no: string | null;
                        /** @description Our number of it at the channel */
                        readonly channel_share_no: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        readonly created_at: string;
                        readonly currency: string;
                        readonly description: string;
                        readonly failure_code: string | null;
                        readonly failure_message: string | null;
                        readonly finished_at: string | null;
                        readonly id: string;
                        readonly merchant_share_no: string | null;
                        readonly payment: string;
                        readonly receiver: string;
                        /** @enum {unknown} */
                        readonly state: "created" | "unknown" | "processing" | "succeeded" | "failed";
                    };
                };
            };
        };
    };
    readonly getStatement: {
        readonly parameters: {
            readonly query?: {
                /** @description ISO 4217, capital letters */
                readonly currency?: string;
                readonly format?: "json" | "csv" | "xlsx" | "pdf";
            };
            readonly header?: never;
            readonly path: {
                /** @description 2026-11, or 2026-11-01_2026-11-15: at most 366 days */
                readonly period: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly accounts: readonly {
                            /** @description In minor units */
                            readonly added: number;
                            /** @description In minor units */
                            readonly closing: number;
                            readonly code: string;
                            readonly days: readonly {
                                /** @description In minor units */
                                readonly added: number;
                                /** @description In minor units */
                                readonly closing: number;
                                readonly date: string;
                                /** @description In minor units */
                                readonly opening: number;
                                /** @description In minor units */
                                readonly taken: number;
                            }[];
                            /** @description In minor units */
                            readonly opening: number;
                            /** @description In minor units */
                            readonly taken: number;
                        }[];
                        readonly currency: string;
                        readonly from: string;
                        readonly merchant: string;
                        /** @description The last closed date where the period is not over */
                        readonly to: string;
                    };
                };
            };
        };
    };
    readonly listStores: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly id: string;
                            readonly name: string;
                            readonly place: string | null;
                            /** @description The merchant's own number */
                            readonly store_no: string;
                        }[];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly listTerminals: {
        readonly parameters: {
            readonly query?: {
                /** @description next_cursor of the previous page */
                readonly cursor?: string;
                /** @description Rows per page, 1 to 100; 20 by default */
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly {
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readonly created_at: string;
                            readonly id: string;
                            readonly place: string | null;
                            readonly serial: string;
                            readonly store: string;
                            readonly type: string;
                        }[];
                        readonly next_cursor: string | null;
                    };
                };
            };
        };
    };
    readonly listWebhookEndpoints: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data: readonly components["schemas"]["WebhookEndpoint"][];
                    };
                };
            };
        };
    };
    readonly createWebhookEndpoint: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly description?: string;
                    /** @description Which events: `["*"]` for all, or some of `payment.succeeded`, `payment.closed`, `payment.failed`, `payment.reversed_by_channel`, `refund.accepted`, `refund.succeeded`, `refund.failed`, `refund.returned`, `dispute.opened`, `dispute.won`, `dispute.lost`, `settlement.approved`, `settlement.paid`, `payout.succeeded`, `payout.rejected`, `payout.returned`, `receiver_payout.succeeded`, `receiver_payout.returned`, `share.succeeded`, `share.failed`, `share.returned` */
                    readonly events?: readonly ("*" | "payment.succeeded" | "payment.closed" | "payment.failed" | "payment.reversed_by_channel" | "refund.accepted" | "refund.succeeded" | "refund.failed" | "refund.returned" | "dispute.opened" | "dispute.won" | "dispute.lost" | "settlement.approved" | "settlement.paid" | "payout.succeeded" | "payout.rejected" | "payout.returned" | "receiver_payout.succeeded" | "receiver_payout.returned" | "share.succeeded" | "share.failed" | "share.returned")[];
                    /** @description Whether a 2xx counts only when its body is the word success. False by default */
                    readonly require_body_success?: boolean;
                    /** @description Where events are POSTed: https, on a public host. Redirects are not followed */
                    readonly url: string;
                };
            };
        };
        readonly responses: {
            /** @description Default Response */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WebhookEndpointWithSecret"];
                };
            };
        };
    };
    readonly getWebhookEndpoint: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
        };
    };
    readonly disableWebhookEndpoint: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
        };
    };
    readonly updateWebhookEndpoint: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly description?: string;
                    /** @description Which events: `["*"]` for all, or some of `payment.succeeded`, `payment.closed`, `payment.failed`, `payment.reversed_by_channel`, `refund.accepted`, `refund.succeeded`, `refund.failed`, `refund.returned`, `dispute.opened`, `dispute.won`, `dispute.lost`, `settlement.approved`, `settlement.paid`, `payout.succeeded`, `payout.rejected`, `payout.returned`, `receiver_payout.succeeded`, `receiver_payout.returned`, `share.succeeded`, `share.failed`, `share.returned` */
                    readonly events?: readonly ("*" | "payment.succeeded" | "payment.closed" | "payment.failed" | "payment.reversed_by_channel" | "refund.accepted" | "refund.succeeded" | "refund.failed" | "refund.returned" | "dispute.opened" | "dispute.won" | "dispute.lost" | "settlement.approved" | "settlement.paid" | "payout.succeeded" | "payout.rejected" | "payout.returned" | "receiver_payout.succeeded" | "receiver_payout.returned" | "share.succeeded" | "share.failed" | "share.returned")[];
                    /** @description Whether a 2xx counts only when its body is the word success. False by default */
                    readonly require_body_success?: boolean;
                    /** @enum {unknown} */
                    readonly status?: "enabled" | "disabled";
                    /** @description Where events are POSTed: https, on a public host. Redirects are not followed */
                    readonly url?: string;
                };
            };
        };
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
        };
    };
    readonly rotateWebhookSecret: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description How long the present secret still signs too; 86400 by default */
                    readonly overlap_seconds?: number;
                } | null;
            };
        };
        readonly responses: {
            /** @description Default Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WebhookEndpointWithSecret"];
                };
            };
        };
    };
    readonly testWebhookEndpoint: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Default Response */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Delivery"];
                };
            };
        };
    };
}
