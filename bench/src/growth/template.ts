/**
 * Rows of one real, finished payment as a pattern for many: what names the payment (its ids in every
 * spelling, its order number) and what moves with each posting (seq, balance, instant) become slots, all else
 * is literal. So a loaded payment is what the platform itself writes, whatever its columns are today.
 */

/** The tables that hold a payment, and how its rows are found; `$payment` is its id. */
export const TABLES = {
  payments: "id = $payment",
  attempts: "payment_id = $payment",
  exchanges: "payment_id = $payment",
  journals: "source_id in (select id from attempts where payment_id = $payment)",
  entries: `(account_id, seq) in (
    select place.account_id, place.seq
    from journals j
    cross join lateral unnest(j.entry_accounts, j.entry_seqs) as place(account_id, seq)
    where j.source_id in (select id from attempts where payment_id = $payment)
  )`,
  events: "payment_id = $payment",
  deliveries: "event_id in (select id from events where payment_id = $payment)",
} as const;

export type TableName = keyof typeof TABLES;

/** A row as COPY writes it: one text per column, escaped. */
export type CopyRow = readonly string[];

export type RowsByTable = Readonly<
  Record<TableName, { readonly columns: readonly string[]; readonly rows: readonly CopyRow[] }>
>;

/** Literals with slots between them: `literals[0] value(slots[0]) literals[1] …`. */
type RowPattern = { readonly literals: readonly string[]; readonly slots: readonly number[] };

/** One posting of the payment, in the order of its journal. */
export type Step = { readonly accountId: string; readonly amount: bigint };

export type Template = {
  /** The ids that are new for each copy, as uuids. */
  readonly ids: readonly string[];
  /** Which of them also stand somewhere as a TypeID or a channel's number. */
  readonly spelled: readonly boolean[];
  readonly steps: readonly Step[];
  readonly rows: Readonly<Record<TableName, readonly RowPattern[]>>;
};

/** Where each value of a copy stands among its values. */
export const SLOT = {
  orderNo: 0,
  postedAt: 1,
  entrySeqs: 2,
  /** Then uuid and TypeID of each id, then seq and balance of each step. */
  first: 3,
} as const;

export const uuidSlot = (index: number) => SLOT.first + 2 * index;
export const textSlot = (index: number) => uuidSlot(index) + 1;
export const seqSlot = (ids: number, step: number) => SLOT.first + 2 * ids + 2 * step;
export const balanceSlot = (ids: number, step: number) => seqSlot(ids, step) + 1;

/** Makes the pattern. @param spell the 26 characters that an id has in a TypeID */
export function makeTemplate(tables: RowsByTable, spell: (uuid: string) => string): Template {
  const ids = Object.values(tables).flatMap(({ columns, rows }) => {
    const at = columns.indexOf("id");
    return at < 0 ? [] : rows.map((row) => row[at] as string);
  });
  const spellings = new Map<string, number>();
  ids.forEach((id, index) => {
    spellings.set(id, uuidSlot(index));
    spellings.set(spell(id), textSlot(index));
  });
  const orderNo = cell(tables, "payments", 0, "merchant_order_no");
  spellings.set(orderNo, SLOT.orderNo);
  // Letters, digits and hyphens only: none of them means anything else in a pattern.
  const parts = new RegExp([...spellings.keys()].join("|"), "g");
  const places = placesOf(tables);
  const special = specialSlots(ids.length, places);
  const rows = mapTables(
    ({ columns, rows: found }, table) =>
      found.map((row, index) =>
        patternOf(row, parts, spellings, (column) => special(table, index, columns[column] as string)),
      ),
    tables,
  );
  const used = new Set(Object.values(rows).flatMap((all) => all.flatMap(({ slots }) => slots)));
  const spelled = ids.map((_, index) => used.has(textSlot(index)));
  return { ids, spelled, rows, steps: places.map(({ entry }) => stepOf(tables, entry)) };
}

/** Appends one line of COPY's text format, part by part: joined once, that costs less than adding them up. */
export function appendLine(
  { literals, slots }: RowPattern,
  values: readonly string[],
  parts: string[],
): void {
  parts.push(literals[0] as string);
  for (let at = 0; at < slots.length; at += 1) {
    parts.push(values[slots[at] as number] as string, literals[at + 1] as string);
  }
}

function patternOf(
  row: CopyRow,
  parts: RegExp,
  spellings: ReadonlyMap<string, number>,
  special: (column: number) => number | null,
): RowPattern {
  const literals: string[] = [""];
  const slots: number[] = [];
  const literal = (text: string) => {
    literals[literals.length - 1] += text;
  };
  const slot = (index: number) => {
    slots.push(index);
    literals.push("");
  };
  row.forEach((text, column) => {
    if (column > 0) literal("\t");
    const whole = special(column);
    if (whole !== null) {
      slot(whole);
      return;
    }
    let from = 0;
    for (const match of text.matchAll(parts)) {
      literal(text.slice(from, match.index));
      slot(spellings.get(match[0]) as number);
      from = match.index + match[0].length;
    }
    literal(text.slice(from));
  });
  literal("\n");
  return { literals, slots };
}

/** Where each entry of the payment's journal stands: the journal's order is that of the postings. */
type Place = { readonly accountId: string; readonly seq: string; readonly entry: number };

function placesOf(tables: RowsByTable): readonly Place[] {
  if (tables.journals.rows.length !== 1) throw new Error("a finished payment has one journal");
  const list = (column: string) => cell(tables, "journals", 0, column).slice(1, -1).split(",");
  const seqs = list("entry_seqs");
  const { columns, rows } = tables.entries;
  return list("entry_accounts").map((accountId, index) => {
    const seq = seqs[index] as string;
    const entry = rows.findIndex(
      (row) => row[columns.indexOf("account_id")] === accountId && row[columns.indexOf("seq")] === seq,
    );
    if (entry < 0) throw new Error(`the entry ${seq} of ${accountId} is missing`);
    return { accountId, seq, entry };
  });
}

function stepOf(tables: RowsByTable, entry: number): Step {
  return {
    accountId: cell(tables, "entries", entry, "account_id"),
    amount: BigInt(cell(tables, "entries", entry, "amount")),
  };
}

/** The slots that fill a whole column. */
function specialSlots(ids: number, places: readonly Place[]) {
  const stepOfEntry = new Map(places.map(({ entry }, step) => [entry, step]));
  return (table: TableName, row: number, column: string): number | null => {
    if (column === "posted_at" && (table === "journals" || table === "entries")) return SLOT.postedAt;
    if (table === "journals" && column === "entry_seqs") return SLOT.entrySeqs;
    if (table !== "entries") return null;
    const step = stepOfEntry.get(row);
    if (step === undefined) throw new Error("an entry stands in no place of the journal");
    if (column === "seq") return seqSlot(ids, step);
    return column === "balance_after" ? balanceSlot(ids, step) : null;
  };
}

function cell(tables: RowsByTable, table: TableName, row: number, column: string): string {
  const at = tables[table].columns.indexOf(column);
  const text = tables[table].rows[row]?.[at];
  if (text === undefined) throw new Error(`${table} has no ${column} in row ${row}`);
  return text;
}

export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

function mapTables<T>(
  map: (rows: RowsByTable[TableName], table: TableName) => T,
  tables: RowsByTable,
): Readonly<Record<TableName, T>> {
  const entries = TABLE_NAMES.map((name) => [name, map(tables[name], name)] as const);
  return Object.fromEntries(entries) as Record<TableName, T>;
}
