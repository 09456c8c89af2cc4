import { type Static, Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { InstantSchema, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import {
  DEFAULT_SETTINGS,
  FLOOR_WINDOW_MINUTES_MAX,
  type KeptSettings,
  type Settings,
  WINDOW_KINDS,
  type Window,
} from "../model.ts";
import type { SettingsVersion } from "./store.ts";

const WINDOWS_MAX = 50;
const TIME = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const Time = Type.String({ pattern: TIME, description: "HH:MM in the channel's time zone" });
const AmountMax = Nullable(
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "Minor units; null: no limit" }),
);
const CountMax = Nullable(
  Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: "null: no limit" }),
);

const WindowSchema = strictObject(
  {
    kind: Type.Enum([...WINDOW_KINDS]),
    starts_at: Type.Optional(InstantSchema),
    ends_at: Type.Optional(InstantSchema),
    from: Type.Optional(Time),
    to: Type.Optional(Time),
    weekdays: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), {
        minItems: 1,
        maxItems: 7,
        uniqueItems: true,
        description: "1 is Monday; the day on which it begins. Absent: every day",
      }),
    ),
  },
  { description: "Either starts_at and ends_at, or from and to, which come again" },
);

export const SettingsProperties = {
  weight: Type.Integer({ minimum: 0, maximum: 1_000_000, description: "0: only where no other can" }),
  windows: Type.Array(WindowSchema, { maxItems: WINDOWS_MAX }),
  trading_hours: Type.Array(strictObject({ from: Time, to: Time }), {
    maxItems: 10,
    description: "Empty: at all times",
  }),
  day_amount_max: AmountMax,
  day_count_max: CountMax,
  month_amount_max: AmountMax,
  month_count_max: CountMax,
  day_starts_at: Type.String({ pattern: TIME, description: "When the day of the quotas begins; HH:MM" }),
  cool_down_seconds: Type.Integer({ minimum: 0, maximum: 86_400, description: "Rest after each order" }),
  success_floor: Nullable(
    strictObject({
      rate_millionths: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
      window_minutes: Type.Integer({ minimum: 1, maximum: FLOOR_WINDOW_MINUTES_MAX }),
      attempts_min: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    }),
  ),
};

export const SettingsSchema = Type.Object({
  channel_account: Type.String(),
  version: Type.Integer({ description: "0: the defaults. Send it back with a change" }),
  ...SettingsProperties,
  updated_at: Nullable(InstantSchema),
});

export const SettingsVersionSchema = Type.Object({
  version: Type.Integer(),
  settings: Type.Object(SettingsProperties),
  changed_by: Type.Object({ id: Type.String(), name: Type.String() }),
  changed_at: InstantSchema,
});

const Wire = Type.Object(SettingsProperties);
export type WireSettings = Static<typeof Wire>;
type WireWindow = WireSettings["windows"][number];

/** Settings as the wire, the versions and the audit log show them, and as rows keep them. */
export function presentSettings(settings: Settings): WireSettings {
  const amount = (value: bigint | null) => (value === null ? null : Number(value));
  const { successFloor } = settings;
  return {
    weight: settings.weight,
    windows: settings.windows.map(presentWindow),
    trading_hours: settings.tradingHours.map(({ from, to }) => ({ from, to })),
    day_amount_max: amount(settings.dayAmountMax),
    day_count_max: settings.dayCountMax,
    month_amount_max: amount(settings.monthAmountMax),
    month_count_max: settings.monthCountMax,
    day_starts_at: settings.dayStartsAt,
    cool_down_seconds: settings.coolDownSeconds,
    success_floor:
      successFloor === null
        ? null
        : {
            rate_millionths: successFloor.rateMillionths,
            window_minutes: successFloor.windowMinutes,
            attempts_min: successFloor.attemptsMin,
          },
  };
}

function presentWindow(window: Window): WireWindow {
  if (!("time" in window)) {
    const { kind, startsAt, endsAt } = window;
    return { kind, starts_at: startsAt.toISOString(), ends_at: endsAt.toISOString() };
  }
  const { kind, time, weekdays } = window;
  return { kind, from: time.from, to: time.to, ...(weekdays === null ? {} : { weekdays: [...weekdays] }) };
}

/** What is not named stays as it is in `before`. Throws `invalid_request` naming the field. */
export function readSettings(wire: Partial<WireSettings>, before: Settings = DEFAULT_SETTINGS): Settings {
  const all = { ...presentSettings(before), ...wire };
  const amount = (value: number | null) => (value === null ? null : BigInt(value));
  const { success_floor: floor } = all;
  return {
    weight: all.weight,
    windows: all.windows.map(readWindow),
    tradingHours: all.trading_hours.map((hours, index) => {
      refuseEmpty(hours, `trading_hours.${index}`);
      return hours;
    }),
    dayAmountMax: amount(all.day_amount_max),
    dayCountMax: all.day_count_max,
    monthAmountMax: amount(all.month_amount_max),
    monthCountMax: all.month_count_max,
    dayStartsAt: all.day_starts_at,
    coolDownSeconds: all.cool_down_seconds,
    successFloor:
      floor === null
        ? null
        : {
            rateMillionths: floor.rate_millionths,
            windowMinutes: floor.window_minutes,
            attemptsMin: floor.attempts_min,
          },
  };
}

function readWindow(wire: WireWindow, index: number): Window {
  const field = `windows.${index}`;
  const { kind, starts_at: startsAt, ends_at: endsAt, from, to, weekdays } = wire;
  const isOnce = startsAt !== undefined && endsAt !== undefined;
  const isRecurring = from !== undefined && to !== undefined;
  if (isOnce && !isRecurring && weekdays === undefined) {
    const window = { kind, startsAt: new Date(startsAt), endsAt: new Date(endsAt) };
    if (window.startsAt < window.endsAt) return window;
    throw problem("invalid_request", { field: `${field}.ends_at`, detail: "it ends before it starts" });
  }
  if (isRecurring && startsAt === undefined && endsAt === undefined) {
    refuseEmpty({ from, to }, field);
    return { kind, time: { from, to }, weekdays: weekdays ?? null };
  }
  const detail = "give either starts_at and ends_at, or from and to (with weekdays, if not every day)";
  throw problem("invalid_request", { field, detail });
}

function refuseEmpty({ from, to }: { readonly from: string; readonly to: string }, field: string): void {
  if (from !== to && from !== "24:00") return;
  const detail = "it begins and ends at the same minute; the whole day is 00:00 to 24:00";
  throw problem("invalid_request", { field: `${field}.from`, detail });
}

export function presentKept(channelAccountId: string, kept: KeptSettings | null) {
  return {
    channel_account: formatId("cha", channelAccountId),
    version: kept?.version ?? 0,
    ...presentSettings(kept?.settings ?? DEFAULT_SETTINGS),
    updated_at: kept?.updatedAt.toISOString() ?? null,
  };
}

export function presentSettingsVersion(row: SettingsVersion) {
  return {
    version: row.version,
    settings: presentSettings(readSettings(row.settings)),
    changed_by: { id: formatId("opr", row.operatorId), name: row.operatorName },
    changed_at: row.changedAt.toISOString(),
  };
}
