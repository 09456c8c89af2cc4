/** Days that pass on a platform under test, and their closes. */
import assert from "node:assert/strict";
import type { Json, TestPlatform } from "../../../../tools/testing/platform.ts";
import { DAY, dateIn, HOUR, MINUTE, plus, startOfDate, systemClock } from "../../kernel/clock.ts";

export type Days = {
  /** The date that is open. */
  today(): string;
  /** A date as the list of days shows it, once it is cut over. */
  shown(date: string): Promise<Json>;
  /** Moves the clock to half past midnight, and waits until the day that was open is cut over; that day. */
  next(): Promise<string>;
  /** Waits until the calendar began the close of a date. */
  begun(date: string): Promise<void>;
  /**
   * Asks for the close of a date, and waits until it waits for statements, and for none of another date that
   * are about to be fetched; which.
   */
  waitsFor(date: string): Promise<string>;
  /** Closes a date and those before it, without the statements that are missing. */
  close(date: string): Promise<Json>;
  /** Closes a date with the statements that the channels publish in the morning after it. */
  closeInTheMorning(date: string): Promise<Json>;
  report(date: string): Promise<Json>;
};

const ZONE = "Asia/Shanghai";
const LOOKS_MAX = 400;
/** However much moves: a month of dates takes a quarter of them. */
const LOOKS_IN_ALL_MAX = 4_000;
const LOOK_MS = 50;
/** Looks at a close before the clock is moved: a jump ends the calls that are under way. */
const LOOKS_PER_JUMP = 5;

/** Loads the calendar of next year, which closes of December ask for. */
export async function loadNextYear({ clock, ops }: TestPlatform): Promise<void> {
  const year = Number(dateIn(ZONE, clock.now()).slice(0, 4)) + 1;
  const calendar = { holidays: [`${year}-01-01`], workdays: [], source: "A test's own" };
  const { status, body } = await ops("PUT", `/v1/ops/business_days/CN/${year}`, calendar);
  assert.equal(status, 200, JSON.stringify(body));
}

/** @param platform asked for at each use: it is started in `before`. */
export function daysOn(platform: () => TestPlatform): Days {
  const today = () => dateIn(ZONE, platform().clock.now());
  const shown: Days["shown"] = async (date) => {
    const { body } = await platform().ops("GET", "/v1/ops/days");
    return body.data.find((row: Json) => row.accounting_date === date);
  };
  const ask = (date: string, without: boolean) =>
    platform().ops("POST", `/v1/ops/days/${date}/close`, { without_statements: without });
  const follow = async (date: string, onWait: (looks: number) => Promise<unknown>): Promise<Json> => {
    let looks = 0;
    let seen: Json = null;
    const told = () => JSON.stringify(seen?.steps?.filter(({ state }: Json) => state !== "done") ?? seen);
    return until(
      () => `the close of ${date}, which stands at ${told()},`,
      async () => {
        const { body } = await platform().ops("GET", `/v1/ops/days/${date}`);
        seen = body;
        assert.notEqual(body.state, "failing", JSON.stringify(body, null, 2));
        looks += 1;
        if (body.state === undefined || body.state === "waiting") await onWait(looks);
        return body.state === "done" ? body : null;
      },
      // A month of dates at once is much work: it is given up where nothing moves.
      () => JSON.stringify(seen?.steps?.map(({ state, done }: Json) => [state, done])) ?? "",
    );
  };
  const closeOne = (date: string) => follow(date, () => ask(date, true));
  return {
    today,
    shown,
    next: async () => {
      const date = today();
      const { clock } = platform();
      const midnight = startOfDate(ZONE, dateIn(ZONE, plus(clock.now(), DAY)));
      clock.advance(midnight.getTime() + HOUR / 2 - clock.now().getTime());
      await until("the cut-over", async () => (await shown(date)) ?? null);
      return date;
    },
    begun: async (date) => {
      await until(`a close of ${date} by itself`, async () => ((await shown(date))?.close ? true : null));
    },
    waitsFor: async (date) => {
      await ask(date, false);
      let looks = 0;
      return until(`a wait for statements of ${date} alone`, async () => {
        const { steps = [] } = (await platform().ops("GET", `/v1/ops/days/${date}`)).body;
        const step = steps.find(({ name }: Json) => name === "statements");
        const others = step?.detail?.match(/\d{4}-\d\d-\d\d/g)?.filter((told: string) => told !== date) ?? [];
        if (step?.state === "waiting" && others.length === 0) return step.detail;
        looks += 1;
        // A jump of the clock may have ended the call that fetched one: it is tried again some minutes later.
        if (looks % LOOKS_PER_JUMP === 0 && others.length > 0) await jumpToNextFetch(platform());
        await ask(date, false);
        return null;
      });
    },
    close: async (date) => {
      const { data } = (await platform().ops("GET", "/v1/ops/days")).body;
      const before = data.filter((row: Json) => row.accounting_date < date && row.close !== "done");
      for (const row of before.toReversed()) await closeOne(row.accounting_date);
      return closeOne(date);
    },
    closeInTheMorning: async (date) => {
      await ask(date, false);
      return follow(date, async (looks) => {
        if (looks % LOOKS_PER_JUMP === 0) await jumpToNextFetch(platform());
        await ask(date, false);
      });
    },
    report: async (date) => (await platform().ops("GET", `/v1/ops/days/${date}/report`)).body.report,
  };
}

async function jumpToNextFetch({ clock, ops }: TestPlatform): Promise<void> {
  const { data } = (await ops("GET", "/v1/ops/statement_fetches?state=waiting&limit=100")).body;
  const next = Math.min(...data.map(({ due_at }: Json) => Date.parse(due_at)));
  // A minute more: whoever looks for what is due rests in between.
  if (Number.isFinite(next)) clock.advance(Math.max(0, next - clock.now().getTime()) + MINUTE);
}

/** @param moving what it stands at: the looks are counted from its last change on */
async function until<T>(
  what: string | (() => string),
  look: () => Promise<T | null>,
  moving: () => string = () => "",
): Promise<T> {
  let stood = "";
  for (let [looks, all] = [0, 0]; looks < LOOKS_MAX && all < LOOKS_IN_ALL_MAX; looks += 1, all += 1) {
    const found = await look();
    if (found !== null) return found;
    if (moving() !== stood) looks = 0;
    stood = moving();
    await systemClock.sleep(LOOK_MS);
  }
  throw new Error(`${typeof what === "string" ? what : what()} did not come`);
}
