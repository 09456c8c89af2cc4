import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { ImageType } from "./image.ts";
import type { CashierSettings, Logo, MethodRule, SettingsRow } from "./model.ts";

type Row = Omit<CashierSettings, "methods"> & { readonly methods: string };

const newestSql = sql(
  "cashier_settings_newest",
  `select version, display_name, colour, logo_version, methods, hidden
   from cashier_settings
   where merchant_id = $1
   order by version desc
   limit 1`,
);

/** The merchant's settings as they are now, without the picture; null: it never set any. */
export async function findSettings(db: Db | Tx, merchantId: Id): Promise<CashierSettings | null> {
  const row = await db.one<Row>(newestSql, [merchantId]);
  return row === null ? null : { ...row, methods: readRules(row.methods) };
}

const logoSql = sql(
  "cashier_settings_logo",
  `select logo_type as type, logo as bytes
   from cashier_settings
   where merchant_id = $1
   order by version desc
   limit 1`,
);

/** The picture of the newest settings. */
export async function findLogo(db: Db | Tx, merchantId: Id): Promise<Logo | null> {
  const row = await db.one<{ type: ImageType | null; bytes: Buffer | null }>(logoSql, [merchantId]);
  return row === null || row.type === null || row.bytes === null
    ? null
    : { type: row.type, bytes: row.bytes };
}

const insertSql = sql(
  "cashier_settings_insert",
  `insert into cashier_settings
     (merchant_id, version, display_name, colour, logo, logo_type, logo_version, methods, hidden, set_by,
      created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
   on conflict on constraint cashier_settings_pkey do nothing`,
);

/** Writes a version; false: somebody else wrote it meanwhile. */
export async function insertSettings(tx: Tx, row: SettingsRow): Promise<boolean> {
  const { merchantId, version, displayName, colour, logo, logoVersion, hidden, setBy, createdAt } = row;
  const picture = [logo?.bytes ?? null, logo?.type ?? null, logoVersion];
  const rules = writeRules(row.methods);
  const columns = [merchantId, version, displayName, colour, ...picture, rules, hidden, setBy, createdAt];
  return (await tx.run(insertSql, columns)) === 1;
}

/** Amounts as texts: JSON's numbers are not the driver's to round. */
function writeRules(rules: readonly MethodRule[]): string {
  return JSON.stringify(
    rules.map((rule) => ({
      ...rule,
      amountMin: rule.amountMin?.toString() ?? null,
      amountMax: rule.amountMax?.toString() ?? null,
    })),
  );
}

function readRules(text: string): readonly MethodRule[] {
  type Written = Omit<MethodRule, "amountMin" | "amountMax"> &
    Record<"amountMin" | "amountMax", string | null>;
  return (JSON.parse(text) as Written[]).map((rule) => ({
    ...rule,
    amountMin: rule.amountMin === null ? null : BigInt(rule.amountMin),
    amountMax: rule.amountMax === null ? null : BigInt(rule.amountMax),
  }));
}
