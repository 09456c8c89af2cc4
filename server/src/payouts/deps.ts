import type { FastifyRequest } from "fastify";
import type { ChannelHttp, Channels } from "../channels/index.ts";
import type { Fees } from "../fees/index.ts";
import type { Keyring } from "../kernel/crypto.ts";
import type { Cell } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Platform } from "../kernel/revision.ts";
import type { MerchantIdentity, Merchants } from "../merchants/index.ts";
import type { Actor, Operators, Permission } from "../operators/index.ts";
import type { Receivers } from "../sharing/index.ts";
import type { CommissionStatements, PayoutStatements } from "../statements/index.ts";
import type { Webhooks } from "../webhooks/index.ts";
import type { SettlementToPay } from "./model.ts";
import type { BankStatements } from "./statement/readings.ts";

/** What the room is built from. */
export type PayoutsDeps = {
  readonly cell: Cell;
  /** The platform schema, where bank accounts and connections live. */
  readonly platform: Platform;
  readonly keyring: Keyring;
  readonly merchants: Pick<Merchants, "get" | "many" | "legalNames" | "requireActive">;
  readonly operators: Pick<Operators, "propose" | "audit" | "auditAlone" | "firstTime">;
  readonly fees: Pick<Fees, "sharesOf">;
  readonly receivers: Pick<Receivers, "one" | "nameOf">;
  readonly webhooks: Pick<Webhooks, "endpointsOf" | "record" | "deliver">;
  readonly channels: Pick<Channels, "account">;
  /** HTTP to banks: it tells precisely whether a message was sent. */
  readonly http: ChannelHttp;
  readonly log: Log;
  /** Where banks' statements are received. */
  readonly bankStatements: BankStatements;
  /** What channels' statements tell of their payouts. */
  readonly payoutStatements: PayoutStatements;
  /** What channels' statements tell of our commission. */
  readonly commissionStatements: CommissionStatements;
  /** Of business dates. */
  readonly timeZone: string;
  /** Settlements that are to be paid by themselves; none where nothing settles yet. */
  readonly settlementsToPay: (date: string) => Promise<readonly SettlementToPay[]>;
  /** Told when their payouts have succeeded, some of them more than once. */
  readonly settlementsPaid: (ids: readonly Id[]) => Promise<unknown>;
};

export type PayoutsAuth = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};
