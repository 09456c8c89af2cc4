/**
 * Finance at its desk: operators who ask the platform until it answers, propose, and approve as a second
 * person, in whatever weather.
 */
import type { Bank } from "./bank.ts";
import { type Answer, NOTHING, type Row } from "./body.ts";
import type { Chance } from "./chance.ts";
import { sandboxUrl } from "./channel.ts";
import type { Request } from "./network.ts";
import { jsonRequest, platformUrl, type World } from "./world.ts";

export type Desk = {
  readonly world: World;
  readonly bank: Bank;
  readonly luck: Chance;
};

const PATIENCE = 400;
const ANSWER_MS = 60_000;

/** Counts what happens between the platform and its bank. */
export function counts({ world }: Pick<Desk, "world">, what: string, times = 1): void {
  world.weather.tally.add("bank", what, times);
}

/** Asks until there is an answer that says something. */
export function ask(
  desk: Desk,
  method: Request["method"],
  path: string,
  body?: object,
  token = desk.world.operatorKey,
): Promise<Answer> {
  return insistOn(desk, jsonRequest(method, platformUrl(path), body, token), path);
}

/** The same of any request. */
export async function insistOn({ world, bank, luck }: Desk, request: Request, path: string): Promise<Answer> {
  const { method } = request;
  for (let tries = 1; tries <= PATIENCE; tries += 1) {
    const answer = await world.ask(bank.owner, request, ANSWER_MS).catch(() => null);
    if (answer !== null && answer.status < 500 && answer.status !== 429) return answer;
    if (answer !== null && answer.status !== 503) {
      world.violations.push(`${method} ${path} was answered ${answer.status} ${answer.body.code}`);
      return answer;
    }
    await world.sleep(bank.owner, luck.between(200, 8_000));
  }
  world.violations.push(`${method} ${path} was never answered`);
  return { status: 0, body: NOTHING };
}

/** A page of a list. */
export async function list(desk: Desk, path: string): Promise<readonly Row[]> {
  return (await ask(desk, "GET", path)).body.data ?? [];
}

/** Something at the bank itself, which is always there. */
export function atTheBank(
  { world, bank }: Pick<Desk, "world" | "bank">,
  label: string,
  path: string,
  body: object,
) {
  return world.act(bank.owner, label, jsonRequest("POST", sandboxUrl(path), body), world.channel);
}

/**
 * What became of an approval: `carried_out`, or the code of what stands against it for now, or `rejected`.
 */
export async function approve(desk: Desk, id: string): Promise<string> {
  const { bank, luck } = desk;
  const path = `/v1/ops/approvals/${id}`;
  for (let tries = 1; tries <= PATIENCE; tries += 1) {
    const answers = await Promise.all(
      (luck.hits(0.25) ? bank.tellers : [luck.pick(bank.tellers)]).map((token) =>
        ask(desk, "POST", `${path}/approve`, undefined, token),
      ),
    );
    if (answers.length > 1) counts(desk, "two people approve at once");
    const hindrance = answers.find(({ status, body }) => status === 409 && body.code !== "conflict");
    if (hindrance !== undefined) return hindrance.body.code;
    const { body } = await ask(desk, "GET", path);
    // Approved, and not carried out: by the process that died, or that has not yet come to it.
    if (body.status !== "approved" && body.status !== "proposed") return body.status;
    await desk.world.sleep(bank.owner, luck.between(500, 5_000));
  }
  return "never";
}

/** Proposes what a second person then approves; the code of a refusal, or what became of the approval. */
export async function decide(
  desk: Desk,
  method: "POST" | "PUT",
  path: string,
  body: object,
): Promise<string> {
  const proposed = await ask(desk, method, path, body);
  if (proposed.status !== 202) return proposed.body.code ?? String(proposed.status);
  return approve(desk, proposed.body.id);
}
