import { ROLES } from "../model.ts";
import type { Column, Command } from "./model.ts";
import { LIST_OPTIONS, listQuery, under } from "./requests.ts";

const OPERATOR: readonly Column[] = [
  ["Id", "id"],
  ["Name", "name"],
  ["Roles", "roles"],
  ["Status", "status"],
  ["Created", "created_at"],
];

export const operatorCommands: readonly Command[] = [
  {
    words: ["operators", "create"],
    args: ["name"],
    options: { role: { type: "texts", required: true, help: `One or more of ${ROLES.join(", ")}` } },
    summary: "Create an operator and show its token once",
    request: ({ args, options }) => ({
      method: "POST",
      path: "/v1/ops/operators",
      body: { name: args.name as string, roles: options.role ?? [] },
    }),
    view: { kind: "card", title: "Created.", fields: OPERATOR },
  },
  {
    words: ["operators", "list"],
    args: [],
    options: LIST_OPTIONS,
    summary: "List operators, newest first",
    request: ({ options }) => ({ method: "GET", path: "/v1/ops/operators", query: listQuery(options) }),
    view: { kind: "table", columns: OPERATOR, empty: "There are no operators." },
  },
  {
    words: ["operators", "disable"],
    args: ["operator"],
    options: {},
    summary: "Disable an operator and end its tokens",
    request: ({ args }) => ({ method: "POST", path: under("operators", args.operator, "disable") }),
    view: { kind: "card", title: "Disabled.", fields: OPERATOR },
  },
  {
    words: ["operators", "token"],
    args: ["operator"],
    options: {
      "overlap-hours": { type: "number", help: "How long the earlier tokens still work; 0 by default" },
    },
    summary: "Give an operator a new token in place of the earlier ones",
    request: ({ args, options }) => ({
      method: "POST",
      path: under("operators", args.operator, "tokens"),
      body: { overlap_hours: options["overlap-hours"] ?? 0 },
    }),
    view: { kind: "card", title: "A new token.", fields: OPERATOR },
  },
];

const APPROVAL: readonly Column[] = [
  ["Id", "id"],
  ["Status", "status"],
  ["What", "kind"],
  ["Of", "subject"],
  ["Details", "payload"],
  ["Proposed by", "proposed_by"],
  ["At", "proposed_at"],
  ["Note", "decision_note"],
];
const NOTE = { note: { type: "text", help: "Why" } } as const;

export const approvalCommands: readonly Command[] = [
  {
    words: ["approvals", "list"],
    args: [],
    options: {
      ...LIST_OPTIONS,
      status: { type: "text", help: "proposed, approved, carried_out or rejected" },
    },
    summary: "List what waits for a second person, and what was decided",
    request: ({ options }) => ({
      method: "GET",
      path: "/v1/ops/approvals",
      query: { ...listQuery(options), status: options.status },
    }),
    view: { kind: "table", columns: APPROVAL, empty: "Nothing was proposed." },
  },
  ...(["approve", "reject"] as const).map(
    (verdict): Command => ({
      words: ["approvals", verdict],
      args: ["approval"],
      options: NOTE,
      summary:
        verdict === "approve" ? "Approve what somebody else proposed" : "Reject what somebody else proposed",
      request: ({ args, options }) => ({
        method: "POST",
        path: under("approvals", args.approval, verdict),
        body: options.note === undefined ? {} : { note: options.note },
      }),
      view: { kind: "card", title: verdict === "approve" ? "Approved." : "Rejected.", fields: APPROVAL },
    }),
  ),
  {
    words: ["audit", "tail"],
    args: [],
    options: {
      ...LIST_OPTIONS,
      subject: { type: "text", help: "Only changes of this thing: mch_…, cha_…" },
      action: { type: "text", help: "Only this action, such as merchant.created" },
      follow: { type: "flag", help: "Go on with what is written next, until Ctrl-C" },
    },
    summary: "Show what operators changed, the latest at the end",
    request: ({ options }) => ({
      method: "GET",
      path: "/v1/ops/audit",
      query: { ...listQuery(options), subject: options.subject, action: options.action },
    }),
    view: {
      kind: "table",
      columns: [
        ["At", "at"],
        ["Operator", "operator.name"],
        ["Action", "action"],
        ["Of", "subject"],
        ["Before", "before"],
        ["After", "after"],
      ],
      empty: "Nothing was changed yet.",
    },
    tail: true,
  },
  {
    words: ["work-items", "list"],
    args: [],
    options: { ...LIST_OPTIONS, state: { type: "text", help: "open or resolved" } },
    summary: "List what a person must look at",
    request: ({ options }) => ({
      method: "GET",
      path: "/v1/ops/work_items",
      query: { ...listQuery(options), state: options.state },
    }),
    view: {
      kind: "table",
      columns: [
        ["Id", "id"],
        ["State", "state"],
        ["Kind", "kind"],
        ["Payment", "payment"],
        ["Amount", "amount"],
        ["Currency", "currency"],
        ["Opened", "opened_at"],
        ["Detail", "detail"],
      ],
      empty: "There is nothing to do.",
    },
  },
  {
    words: ["work-items", "resolve"],
    args: ["work-item"],
    options: {
      resolution: { type: "text", required: true, help: "What was done, and where it is written" },
    },
    summary: "Propose that a work item is resolved; another operator approves it",
    request: ({ args, options }) => ({
      method: "POST",
      path: under("work_items", args["work-item"], "resolve"),
      body: { resolution: options.resolution as string },
    }),
    view: { kind: "card", title: "Proposed; another operator approves it.", fields: APPROVAL },
  },
];
