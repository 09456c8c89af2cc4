/** docs/states.md, written from the table of states: the machines as diagrams, and their columns. */
import {
  ATTEMPT,
  DISPUTE,
  type Machine,
  namesOf,
  PAYMENT,
  REFUND,
  type Transition,
} from "../../server/src/payments/states.ts";

export const DOCUMENT = new URL("../../docs/states.md", import.meta.url);

const MACHINES = [
  { title: "Payment", machine: PAYMENT },
  { title: "Attempt", machine: ATTEMPT },
  { title: "Refund", machine: REFUND },
  { title: "Dispute", machine: DISPUTE },
] as const;

const HEAD = `# States

Written by \`npm run generate\` from \`server/src/payments/states.ts\`. That table is the one source of
the types, of the door's guard, and of what the tests compare with the database's constraints and with every
[interleaving](interleavings.md) of events. A change of state that is not in it is refused by the door,
loudly, for that one report.

A final state has nothing left to do. Money that shows up later still changes an attempt or a refund: it is
booked, and given back or shown to a person. A payment never leaves a final state.
`;

export function writeDocument(): string {
  return [HEAD, ...MACHINES.map(({ title, machine }) => section<string>(title, machine))].join("\n");
}

function section<S extends string>(title: string, machine: Machine<S>): string {
  const names = namesOf(machine);
  const diagram = names.flatMap((from) => [
    ...(machine.born.includes(from) ? [`  [*] --> ${from}`] : []),
    ...stepsOf(machine, from).map(([to]) => `  ${from} --> ${to}`),
    ...(machine.states[from].final ? [`  ${from} --> [*]`] : []),
  ]);
  const means = names.map(
    (name) => `| \`${name}\` | ${machine.states[name].is} | ${columnsOf(machine, name)} |`,
  );
  const steps = names.flatMap((from) =>
    stepsOf(machine, from).map(([to, why]) => `| \`${from}\` | \`${to}\` | ${wordsOf(why)} |`),
  );
  return `## ${title}

\`\`\`mermaid
stateDiagram-v2
${diagram.join("\n")}
\`\`\`

| state | what it means | columns |
|---|---|---|
${means.join("\n")}

| from | to | when |
|---|---|---|
${steps.join("\n")}
`;
}

function stepsOf<S extends string>(machine: Machine<S>, from: S): [string, Transition][] {
  return Object.entries(machine.states[from].to) as [string, Transition][];
}

function wordsOf(why: Transition): string {
  return typeof why === "string" ? why : `${why.why} (not taken yet: ${why.unreached})`;
}

/** What the state says of each column that depends on it. */
function columnsOf<S extends string>({ columns }: Machine<S>, name: S): string {
  const isSet = new Map<string, boolean>();
  for (const rule of columns) {
    if ("setExactlyIn" in rule) isSet.set(rule.column, rule.setExactlyIn.includes(name));
    else if ("opposite" in rule) isSet.set(rule.column, isSet.get(rule.opposite) === false);
    else if (rule.setAtLeastIn.includes(name)) isSet.set(rule.column, true);
  }
  const told = [true, false].flatMap((set) => {
    const some = [...isSet].filter(([, is]) => is === set).map(([column]) => `\`${column}\``);
    return some.length === 0 ? [] : [`${set ? "set" : "empty"}: ${some.join(", ")}`];
  });
  return told.join("; ");
}
