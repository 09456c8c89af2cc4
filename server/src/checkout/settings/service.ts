import { createCache } from "../../kernel/cache.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Platform } from "../../kernel/revision.ts";
import { type Actor, changes, type Operators } from "../../operators/index.ts";
import type { CashierSettings, Logo, SettingsRow, WantedSettings } from "./model.ts";
import { USUAL } from "./model.ts";
import * as store from "./store.ts";
import { presentSettings } from "./wire.ts";

export type CashierSettingsDeps = {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly operators: Pick<Operators, "audit">;
};

export type CashierSettingsService = {
  /** The settings as they were at most one second ago. */
  get(merchantId: Id): Promise<CashierSettings>;
  /** The settings as they are now. */
  read(merchantId: Id): Promise<CashierSettings>;
  /** The present logo; null: none. */
  logo(merchantId: Id): Promise<Logo | null>;
  /**
   * Replaces the settings. Throws `conflict` when they are not of `version` any more. An operator's change is
   * an audit row; a merchant's own is told by its version's row.
   */
  set(
    by: Actor | "merchant",
    merchantId: Id,
    version: number,
    wanted: WantedSettings,
  ): Promise<CashierSettings>;
};

/** Builds the settings of cashiers. The caller knows that the merchant exists. */
export function createCashierSettings(deps: CashierSettingsDeps): CashierSettingsService {
  const { platform, clock } = deps;
  const { revision } = platform;
  const read = async (id: Id) => (await store.findSettings(platform.db, id)) ?? USUAL;
  const cache = createCache({ clock, revision, load: read });
  return {
    get: (merchantId) => cache.get(merchantId),
    read,
    logo: (merchantId) => store.findLogo(platform.db, merchantId),
    set: async (by, merchantId, version, wanted) => {
      const row = await platform.transact((tx) => set(deps, tx, by, { merchantId, version, wanted }));
      cache.forget(merchantId);
      return row;
    },
  };
}

async function set(
  deps: CashierSettingsDeps,
  tx: Tx,
  by: Actor | "merchant",
  { merchantId, version, wanted }: { merchantId: Id; version: number; wanted: WantedSettings },
): Promise<SettingsRow> {
  const before = (await store.findSettings(tx, merchantId)) ?? USUAL;
  if (before.version !== version) throw changedMeanwhile(before.version);
  const { logo: wantedLogo, ...rest } = wanted;
  const isKept = wantedLogo === undefined;
  const logo = isKept ? await store.findLogo(tx, merchantId) : wantedLogo;
  const next = version + 1;
  const row: SettingsRow = {
    ...rest,
    merchantId,
    version: next,
    logo,
    logoVersion: logo === null ? null : isKept ? before.logoVersion : next,
    setBy: by === "merchant" ? formatId("mch", merchantId) : formatId("opr", by.operator.id),
    createdAt: deps.clock.now(),
  };
  // Whoever wrote the same version at the same time has won.
  if (!(await store.insertSettings(tx, row))) throw changedMeanwhile(next);
  if (by !== "merchant") {
    await deps.operators.audit(tx, by, {
      action: "cashier.updated",
      subject: formatId("mch", merchantId),
      ...changes(presentSettings(before), presentSettings(row)),
    });
  }
  return row;
}

function changedMeanwhile(version: number) {
  return problem("conflict", {
    field: "version",
    detail: `the cashier was changed meanwhile; its version is ${version} now`,
    members: { version },
  });
}
