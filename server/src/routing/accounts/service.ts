/** What routing needs to know of an account beyond its contract: versioned, audited. */
import type { ChannelAccount, Channels } from "../../channels/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Platform } from "../../kernel/revision.ts";
import { type Actor, changes, type Operators } from "../../operators/index.ts";
import { DEFAULT_SETTINGS, type KeptSettings, type Settings } from "../model.ts";
import * as store from "./store.ts";
import { presentSettings, readSettings, type WireSettings } from "./wire.ts";

export type AccountSettingsDeps = {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly operators: Operators;
  readonly channels: Pick<Channels, "account">;
  /** Called after each change, so that this process decides by it at once. */
  readonly changed: () => void;
};

export type AccountSettings = {
  /** Null: the defaults. Throws `not_found` where there is no such account. */
  get(id: Id): Promise<KeptSettings | null>;
  /**
   * Changes what is named. Throws `not_found`, `conflict` for a stale version, `invalid_request` naming the
   * field.
   */
  change(actor: Actor, id: Id, version: number, wanted: Partial<WireSettings>): Promise<KeptSettings>;
  versions(id: Id, before: number | null, limit: number): Promise<store.SettingsVersion[]>;
};

export function createAccountSettings(deps: AccountSettingsDeps): AccountSettings {
  const { db } = deps.platform;
  const accountOf = async (id: Id): Promise<ChannelAccount> => {
    const account = await deps.channels.account(id);
    if (account === null) throw problem("not_found");
    return account;
  };
  return {
    get: async (id) => {
      await accountOf(id);
      return store.findSettings(db, id);
    },
    change: async (actor, id, version, wanted) => {
      const account = await accountOf(id);
      const before = await store.findSettings(db, id);
      if ((before?.version ?? 0) !== version) throw stale(before?.version ?? 0);
      const settings = readSettings(wanted, before?.settings);
      checkSettings(account, settings);
      const kept = { channelAccountId: id, version: version + 1, settings, updatedAt: deps.clock.now() };
      await write(deps, actor, before?.settings ?? DEFAULT_SETTINGS, kept);
      deps.changed();
      return kept;
    },
    versions: async (id, before, limit) => {
      await accountOf(id);
      return store.settingsVersions(db, id, before, limit);
    },
  };
}

async function write(
  deps: AccountSettingsDeps,
  actor: Actor,
  before: Settings,
  kept: KeptSettings,
): Promise<void> {
  await deps.platform.transact(async (tx) => {
    if (!(await store.writeSettings(tx, kept))) throw stale(kept.version);
    await store.insertSettingsVersion(tx, kept, actor.operator.id);
    await deps.operators.audit(tx, actor, {
      action: "routing_account.changed",
      subject: formatId("cha", kept.channelAccountId),
      ...changes(presentSettings(before), presentSettings(kept.settings)),
    });
  });
}

function stale(version: number) {
  return problem("conflict", {
    field: "version",
    detail: `the settings were changed meanwhile; their version is ${version} now`,
    members: { version },
  });
}

function checkSettings(account: ChannelAccount, settings: Settings): void {
  const { currencies } = account;
  const field = settings.dayAmountMax !== null ? "day_amount_max" : "month_amount_max";
  const hasAmount = settings.dayAmountMax !== null || settings.monthAmountMax !== null;
  if (hasAmount && currencies.length > 1) {
    throw problem("invalid_request", {
      field,
      detail: `amounts in ${currencies.join(", ")} do not add up; limit the count instead`,
    });
  }
}
