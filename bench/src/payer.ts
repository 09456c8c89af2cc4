/**
 * Buyers, channel and merchants in one: starts payments, reports their success, counts what came of them. One
 * object per payment and no closure, no pattern, no number formatting per request: the generator's CPU is
 * taken from the platform's.
 */
import {
  ACKNOWLEDGED,
  COUNTED,
  type Counted,
  type GeneratorCount,
  indexOfNumber,
  type Mix,
  orderNumber,
  type PhaseCommand,
  type StartCommand,
  TIMED,
  type Timed,
} from "./commands.ts";
import { type Lanes, openLanes } from "./http-lanes.ts";
import { createLatency, type Latency } from "./latency.ts";
import { createRequests, type Requests, type Shop } from "./requests.ts";
import { cumulativeZipf, drawFrom } from "./zipf.ts";

const TICK_MS = 2;
/** What a server that is full asks for; a closed loop comes back after it too. */
const RETRY_MS = 1_000;
const ACKNOWLEDGED_ROOM = 1 << 20;

type Flight = {
  readonly shop: Shop;
  readonly index: number;
  readonly dueAt: number;
  order: string;
  payment: string;
  reportedAt: number;
};

/** A read or a refund that follows a payment. */
type Errand = { readonly flight: Flight; readonly timed: Timed; readonly sentAt: number };

const ORDER = '"channel_order_no":"';
const PAYMENT = '"id":"pay_';
const ID = '"id":"';
const RETRY_AFTER = "retry-after:";

export class Payer {
  readonly #lanes: Lanes;
  readonly #size: number;
  readonly #requests: Requests;
  readonly #shops: readonly Shop[];
  readonly #zipf: number;
  #cumulative: Float64Array;
  readonly #run: string;
  readonly #completeOnReport: boolean;
  readonly #counts = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Record<Counted, number>;
  readonly #latency = Object.fromEntries(TIMED.map((name) => [name, createLatency()])) as Record<
    Timed,
    Latency
  >;
  readonly #createSince = createLatency();
  readonly #completeSince = createLatency();
  readonly #underWay = new Map<number, number>();
  #flags = new Uint8Array(ACKNOWLEDGED_ROOM);
  #mix: Mix = {};
  #mixed = false;
  #errands = 0;
  #closedLoop = false;
  #arrivals: NodeJS.Timeout | null = null;

  constructor(command: StartCommand) {
    const { host, port, merchants, lanes, run, completeOn, zipf } = command;
    this.#lanes = openLanes(host, port, lanes);
    this.#size = lanes;
    this.#requests = createRequests(`${host}:${port}`, orderNumber(run, 0).length);
    this.#shops = merchants.map((merchant) => this.#requests.shop(merchant));
    this.#zipf = zipf;
    this.#cumulative = cumulativeZipf(merchants.length, zipf);
    this.#run = run;
    this.#completeOnReport = completeOn === "report";
  }

  begin(phase: PhaseCommand): void {
    this.pause();
    this.#mix = phase.mix ?? {};
    this.#mixed = Object.values(this.#mix).some((share) => share > 0);
    this.#cumulative = cumulativeZipf(phase.merchants ?? this.#shops.length, this.#zipf);
    if (phase.keepLatency !== true) for (const latency of Object.values(this.#latency)) latency.clear();
    if (phase.inFlight !== undefined) {
      this.#closedLoop = true;
      const now = performance.now();
      for (let i = 0; i < phase.inFlight; i += 1) this.#start(now);
      return;
    }
    const gapMs = 1_000 / (phase.perSecond ?? 1);
    let due = performance.now();
    this.#arrivals = setInterval(() => {
      const now = performance.now();
      for (; due <= now; due += gapMs) this.#start(due);
    }, TICK_MS);
  }

  /** As many requests at once as there are sockets, so that each is open before it is needed. */
  connect(): void {
    for (let i = 0; i < this.#size; i += 1) {
      this.#errands += 1;
      this.#lanes.send(this.#requests.health, this.#onConnected, null);
    }
  }

  readonly #onConnected = (): void => {
    this.#errands -= 1;
  };

  pause(): void {
    this.#closedLoop = false;
    if (this.#arrivals !== null) clearInterval(this.#arrivals);
    this.#arrivals = null;
  }

  /** A webhook told of a success; a repeated delivery completes nothing twice. */
  told(number: string): void {
    const index = indexOfNumber(this.#run, number);
    if (index !== null) this.#complete(index);
  }

  count(delivered: number): GeneratorCount {
    const usage = process.cpuUsage();
    const count = {
      ...this.#counts,
      delivered,
      latency: Object.fromEntries(
        TIMED.map((name) => [name, this.#latency[name].percentiles()]),
      ) as GeneratorCount["latency"],
      createSince: this.#createSince.percentiles(),
      completeSince: this.#completeSince.percentiles(),
      cpuUs: usage.user + usage.system,
      queued: this.#lanes.queued(),
      errands: this.#errands,
    };
    this.#createSince.clear();
    this.#completeSince.clear();
    return count;
  }

  /** Base64 of one byte for each payment. */
  acknowledged(): string {
    return Buffer.from(this.#flags.buffer, 0, this.#counts.started).toString("base64");
  }

  /** @param dueAt when the payment should have begun: waiting for a socket counts as latency. */
  #start(dueAt: number): void {
    const index = this.#counts.started;
    this.#counts.started += 1;
    const shop = this.#shops[drawFrom(this.#cumulative, Math.random())] as Shop;
    const flight: Flight = { shop, index, dueAt, order: "", payment: "", reportedAt: 0 };
    this.#underWay.set(index, dueAt);
    this.#lanes.send(this.#requests.create(shop, orderNumber(this.#run, index)), this.#onCreated, flight);
  }

  readonly #onCreated = (flight: Flight, status: number, text: string): void => {
    const now = performance.now();
    const order = status === 201 ? valueAfter(text, ORDER) : null;
    if (order === null) {
      this.#end(flight, status, text);
      return;
    }
    this.#counts.created += 1;
    this.#acknowledge(flight.index, ACKNOWLEDGED.created);
    this.#latency.create.add(now - flight.dueAt);
    this.#createSince.add(now - flight.dueAt);
    flight.order = order;
    if (this.#mixed) flight.payment = paymentIn(text);
    flight.reportedAt = now;
    this.#report(flight);
  };

  #report(flight: Flight): void {
    this.#lanes.send(
      this.#requests.report(flight.shop, flight.order, orderNumber(this.#run, flight.index)),
      this.#onReported,
      flight,
    );
  }

  readonly #onReported = (flight: Flight, status: number, text: string): void => {
    if (status === 503 || status === 0) {
      // The buyer has paid: a channel repeats its report until it is acknowledged.
      this.#counts.repeated += 1;
      setTimeout(() => this.#report(flight), RETRY_MS);
      return;
    }
    if (status !== 200) {
      this.#end(flight, status, text);
      return;
    }
    this.#counts.reported += 1;
    this.#acknowledge(flight.index, ACKNOWLEDGED.reported);
    this.#latency.outcome.add(performance.now() - flight.reportedAt);
    if (this.#completeOnReport) this.#complete(flight.index);
    if (this.#mixed) this.#follow(flight);
  };

  #follow(flight: Flight): void {
    const { reads = 0, lists = 0, timelines = 0, refunds = 0 } = this.#mix;
    const { shop, payment } = flight;
    const wanted = (share: number) => share > 0 && Math.random() < share;
    if (wanted(reads)) this.#errand(flight, "read", this.#requests.read(shop, payment));
    if (wanted(timelines)) this.#errand(flight, "read", this.#requests.timeline(shop, payment));
    if (wanted(lists)) this.#errand(flight, "list", this.#requests.list(shop));
    if (!wanted(refunds)) return;
    const number = orderNumber(this.#run, flight.index);
    this.#errand(flight, "refund", this.#requests.refund(shop, payment, number));
  }

  #errand(flight: Flight, timed: Timed, request: string): void {
    this.#errands += 1;
    const errand: Errand = { flight, timed, sentAt: performance.now() };
    this.#lanes.send(request, this.#onErrand, errand);
  }

  readonly #onErrand = ({ flight, timed, sentAt }: Errand, status: number): void => {
    this.#errands -= 1;
    if (status !== (timed === "refund" ? 201 : 200)) {
      this.#counts[status === 0 ? "broken" : status === 503 ? "shed" : "refused"] += 1;
      return;
    }
    this.#latency[timed].add(performance.now() - sentAt);
    if (timed === "refund") {
      this.#counts.refunded += 1;
      this.#acknowledge(flight.index, ACKNOWLEDGED.refunded);
    } else this.#counts.read += 1;
  };

  #end(flight: Flight, status: number, text: string): void {
    const shed = status === 503 && flight.order === "" && text.toLowerCase().includes(RETRY_AFTER);
    this.#counts[shed ? "shed" : status === 0 ? "broken" : "refused"] += 1;
    this.#underWay.delete(flight.index);
    if (!this.#closedLoop) return;
    setTimeout(() => {
      if (this.#closedLoop) this.#start(performance.now());
    }, RETRY_MS);
  }

  #complete(index: number): void {
    const dueAt = this.#underWay.get(index);
    if (dueAt === undefined) return;
    this.#underWay.delete(index);
    const now = performance.now();
    this.#counts.completed += 1;
    this.#acknowledge(index, ACKNOWLEDGED.completed);
    this.#latency.complete.add(now - dueAt);
    this.#completeSince.add(now - dueAt);
    if (this.#closedLoop) this.#start(now);
  }

  #acknowledge(index: number, flag: number): void {
    if (index >= this.#flags.length) {
      const larger = new Uint8Array(this.#flags.length * 2);
      larger.set(this.#flags);
      this.#flags = larger;
    }
    this.#flags[index] = (this.#flags[index] as number) | flag;
  }
}

function valueAfter(text: string, name: string): string | null {
  const at = text.indexOf(name);
  return at < 0 ? null : text.slice(at + name.length, text.indexOf('"', at + name.length));
}

function paymentIn(text: string): string {
  const at = text.indexOf(PAYMENT) + ID.length;
  return text.slice(at, text.indexOf('"', at));
}
