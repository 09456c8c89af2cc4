import type { FastifyRequest } from "fastify";
import type { Clock, Random } from "../kernel/clock.ts";
import type { Database } from "../kernel/database.ts";
import type { Id, IdMaker } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Currency } from "../kernel/money.ts";
import type { Merchant, MerchantIdentity, Place } from "./model.ts";

export type MerchantsDeps = {
  /** The platform schema. */
  readonly platform: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
  /** Opens the merchant's book and its accounts in these currencies; safe to repeat. */
  readonly openMerchantBook: (merchantId: Id, currencies: readonly Currency[]) => Promise<void>;
};

export type Merchants = {
  /** The merchant as it was at most one second ago, or null. */
  get(id: Id): Promise<Merchant | null>;
  /** Whose key a request bears. Throws `unauthenticated`, for every reason alike. */
  authenticate(request: FastifyRequest): Promise<MerchantIdentity>;
  /** Throws `forbidden` when the merchant may take no new payment. */
  requireActive(merchant: Merchant): void;
  /**
   * Finds the store and terminal that a request named, each by id (`str_…`, `trm_…`) or by the merchant's own number.
   * Throws `invalid_request` naming the field `store` or `terminal`.
   */
  place(merchantId: Id, named: { store?: string; terminal?: string }): Promise<Place>;
};

export declare function createMerchants(deps: MerchantsDeps): Merchants;
