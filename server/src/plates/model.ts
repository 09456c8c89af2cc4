/**
 * Printed codes.
 *
 * - Plate (码牌): a code that is printed once and keeps its address for ever. What it stands for is
 *   configuration.
 * - Blank (空码): printed before anybody knows whose it will be.
 * - Batch: blanks that were made, and are printed, together.
 * - Bound → opening → active: it belongs to a merchant; the merchant's numbers are being opened at the
 *   channels; it takes payments.
 * - Disabled: for good. A plate that was lost must not come to life again; a blank takes its place.
 * - Version: grows with every change. Each is kept with who made it.
 */
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";

export const PLATE_STATES = ["blank", "bound", "opening", "active", "disabled"] as const;
export type PlateState = (typeof PLATE_STATES)[number];

/** What a plate stands for; all null while it is blank. */
export type PlateTerms = {
  readonly merchantId: Id | null;
  readonly storeId: Id | null;
  readonly terminalId: Id | null;
  readonly currency: Currency | null;
  /** Minor units; null: the buyer enters it. */
  readonly amount: bigint | null;
  /** What the buyer reads in the wallet and on the bill. */
  readonly subject: string | null;
};

export type Plate = PlateTerms & {
  readonly id: Id;
  readonly code: string;
  readonly batchId: Id;
  /** Within its batch, from 1: printed beside the code. */
  readonly number: number;
  readonly state: PlateState;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** A plate that takes payments, or will. */
export type BoundPlate = Plate & {
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly subject: string;
};

export type PlateBatch = {
  readonly id: Id;
  readonly label: string;
  readonly count: number;
  readonly createdBy: Id;
  readonly createdAt: Date;
};

export const BATCH_COUNT_MAX = 1_000;

export const PLATE_ACTIONS = [
  "made",
  "bound",
  "opening",
  "activated",
  "changed",
  "moved",
  "disabled",
] as const;
export type PlateAction = (typeof PLATE_ACTIONS)[number];

/** A plate as it was from one version on, and who made it so. */
export type PlateVersion = PlateTerms & {
  readonly plateId: Id;
  readonly version: number;
  readonly action: PlateAction;
  readonly note: string | null;
  readonly operatorId: Id;
  readonly requestId: string;
  readonly at: Date;
  readonly state: PlateState;
};

/** What an operator does to one plate. */
export type PlateChange =
  | { readonly action: "bound"; readonly terms: PlateTerms }
  | { readonly action: "opening" }
  | { readonly action: "activated" }
  | { readonly action: "changed"; readonly terms: Pick<PlateTerms, "currency" | "amount" | "subject"> }
  | { readonly action: "moved"; readonly terms: Pick<PlateTerms, "merchantId" | "storeId" | "terminalId"> }
  | { readonly action: "disabled" };

export type PlateDecision =
  | { readonly state: PlateState; readonly terms: PlateTerms }
  /** In this state the change makes no sense; a sentence for the operator. */
  | { readonly refused: string };

const FROM: Readonly<Record<PlateChange["action"], readonly PlateState[]>> = {
  bound: ["blank"],
  opening: ["bound"],
  activated: ["bound", "opening"],
  changed: ["bound", "opening", "active"],
  moved: ["bound", "opening", "active"],
  disabled: ["blank", "bound", "opening", "active"],
};

/**
 * What a change makes of a plate. Another merchant's numbers are not open yet: the plate is `bound` again.
 */
export function decidePlate(plate: Plate, change: PlateChange): PlateDecision {
  const from = FROM[change.action];
  if (!from.includes(plate.state)) {
    return { refused: `the plate is ${plate.state}; this needs one that is ${from.join(" or ")}` };
  }
  const terms = termsOf(plate);
  switch (change.action) {
    case "bound":
      return { state: "bound", terms: change.terms };
    case "opening":
      return { state: "opening", terms };
    case "activated":
      return { state: "active", terms };
    case "changed":
      return { state: plate.state, terms: { ...terms, ...change.terms } };
    case "moved": {
      const stays = change.terms.merchantId === plate.merchantId;
      return { state: stays ? plate.state : "bound", terms: { ...terms, ...change.terms } };
    }
    case "disabled":
      return { state: "disabled", terms };
  }
}

export function termsOf(plate: PlateTerms): PlateTerms {
  const { merchantId, storeId, terminalId, currency, amount, subject } = plate;
  return { merchantId, storeId, terminalId, currency, amount, subject };
}

export function isBound(plate: Plate): plate is BoundPlate {
  return plate.merchantId !== null;
}
