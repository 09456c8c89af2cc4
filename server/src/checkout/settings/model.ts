/**
 * A merchant's cashier: its name, picture and colour, and which ways to pay it offers in which order.
 * Settings are versioned rows; the newest counts, and a merchant without any has the platform's usual
 * cashier.
 */
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { ImageType } from "./image.ts";

export type Device = "phone" | "desktop";

/** One way to pay in the merchant's order, and when it is offered; null: always. */
export type MethodRule = {
  readonly method: string;
  /** Minor units of the payment's currency. */
  readonly amountMin: bigint | null;
  readonly amountMax: bigint | null;
  readonly currencies: readonly Currency[] | null;
  /** Null: the devices that the method is made for. */
  readonly devices: readonly Device[] | null;
};

export type CashierSettings = {
  /** Counts changes from 1; 0: nothing was ever set. */
  readonly version: number;
  /** Shown instead of the merchant's name. */
  readonly displayName: string | null;
  /** `#rrggbb`; the page finds a readable text colour for it. */
  readonly colour: string | null;
  /** The version that brought the present logo; null: no logo. */
  readonly logoVersion: number | null;
  /** In this order; what is not named comes after. */
  readonly methods: readonly MethodRule[];
  readonly hidden: readonly string[];
};

export type Logo = { readonly type: ImageType; readonly bytes: Buffer };

/** What is asked for. `logo` undefined: as it is; null: none. */
export type WantedSettings = Pick<CashierSettings, "displayName" | "colour" | "methods" | "hidden"> & {
  readonly logo: Logo | null | undefined;
};

export type SettingsRow = CashierSettings & {
  readonly merchantId: Id;
  readonly logo: Logo | null;
  /** An operator's id, or the merchant's own. */
  readonly setBy: string;
  readonly createdAt: Date;
};

export const USUAL: CashierSettings = {
  version: 0,
  displayName: null,
  colour: null,
  logoVersion: null,
  methods: [],
  hidden: [],
};
