import type { SandboxClock } from "./clock.ts";
import type { Collection, SandboxStore } from "./store/index.ts";

/** Looks again at least this often, whatever it believes. */
const idleMsMax = 3_600_000;
/** What failed is not tried again at once. */
const afterErrorMs = 1_000;

export type DueWork<T> = {
  collection: Collection<T>;
  /** Takes what is due in hand; false when no hand is free, and then it calls `again` once one is. */
  run: (again: () => void) => Promise<boolean>;
};

/**
 * Runs work when it is due: woken by whoever makes something due, else by a timer at the earliest due time.
 */
export class DueLoop {
  readonly #store: SandboxStore;
  readonly #clock: SandboxClock;
  readonly #log: (line: string) => void;
  readonly #works: DueWork<never>[];
  #running: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #cancelTimer: () => void = () => undefined;

  constructor(
    deps: { store: SandboxStore; clock: SandboxClock; log: (line: string) => void },
    works: DueWork<never>[],
  ) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#works = works;
  }

  wake(): void {
    this.#again = true;
    if (this.#running || this.#stopped) return;
    this.#cancelTimer();
    this.#running = this.#run();
    void this.#running.then(() => {
      this.#running = null;
      if (this.#again) this.wake();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#running;
  }

  async #run(): Promise<void> {
    let waitMs = idleMsMax;
    try {
      do {
        this.#again = false;
        let free = true;
        for (const work of this.#works) free = (await work.run(() => this.wake())) && free;
        waitMs = await this.#untilNextDue();
        if (waitMs <= 0 && free) this.#again = true;
        // Somebody may also have made something due while the next due time was being looked up.
      } while (this.#again && !this.#stopped);
    } catch (error) {
      this.#log(`due work: ${error instanceof Error ? error.message : String(error)}`);
      waitMs = afterErrorMs;
    }
    // Where nobody is free, whoever becomes free wakes us; until then there is nothing to look for.
    const restMs = waitMs > 0 ? waitMs : idleMsMax;
    if (!this.#stopped) this.#cancelTimer = this.#clock.after(restMs, () => this.wake());
  }

  async #untilNextDue(): Promise<number> {
    let waitMs = idleMsMax;
    for (const work of this.#works) {
      const next = await this.#store.nextDue(work.collection);
      if (next) waitMs = Math.min(waitMs, next.getTime() - this.#clock.now().getTime());
    }
    return waitMs;
  }
}
