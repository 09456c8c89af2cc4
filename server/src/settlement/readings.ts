/** What settlement asks of the rooms that explain statements and see money arrive. */
import type { Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";

/** One channel account and one channel date. */
export type Scope = { readonly channelAccountId: Id; readonly channelDate: string };

/** Of one of its currencies: a channel pays out each by itself. */
export type FundsScope = Scope & { readonly currency: string };

/** A difference that is not explained yet. */
export type UnendedBreak = {
  readonly id: Id;
  readonly merchantId: Id;
  readonly paymentId: Id | null;
  /** False while the next channel date may still explain it. */
  readonly isOpen: boolean;
};

export type Readings = {
  /** Of these scopes those that have an applied generation of their reconciliation. */
  reconciled(scopes: readonly Scope[]): Promise<readonly Scope[]>;
  /** Every break of these merchants that is neither resolved nor voided. */
  unendedBreaks(merchantIds: readonly Id[]): Promise<readonly UnendedBreak[]>;
  /** Of attempts that a channel took back after success those where it was decided who bears all of it. */
  decidedReversals(attemptIds: readonly Id[]): Promise<readonly Id[]>;
  /** Payments of these merchants whose money is still to be split among receivers. */
  splitting(merchantIds: readonly Id[]): Promise<readonly Id[]>;
  /** Of these scopes those whose money the channel has paid out and the bank has shown. */
  fundsReceived(scopes: readonly FundsScope[]): Promise<readonly FundsScope[]>;
  /**
   * The platform's own money that banks have shown in the reserve, of a currency, in minor units; what is
   * reserved of it is not taken off. Nobody else hears of it until the transaction ends.
   */
  ownMoneyInReserve(tx: Tx, currency: string): Promise<bigint>;
};
