import type { Column, Command } from "./model.ts";
import { given, LIST_OPTIONS, listQuery, under } from "./requests.ts";

const MERCHANT: readonly Column[] = [
  ["Id", "id"],
  ["Name", "name"],
  ["Legal name", "legal_name"],
  ["Status", "status"],
  ["Fee rate (millionths)", "fee_rate_millionths"],
  ["Currencies", "currencies"],
  ["Revision", "revision"],
];

export const merchantCommands: readonly Command[] = [
  {
    words: ["merchants", "create"],
    args: ["name"],
    options: {
      "legal-name": { type: "text", required: true, help: "As registered" },
      "fee-rate": { type: "number", required: true, help: "Our fee in millionths: 6000 is 0.6 %" },
      currency: { type: "texts", help: "What it settles in; CNY by default" },
    },
    summary: "Create a merchant and open its book",
    request: ({ args, options }) => ({
      method: "POST",
      path: "/v1/ops/merchants",
      body: given({
        name: args.name,
        legal_name: options["legal-name"],
        fee_rate_millionths: options["fee-rate"],
        currencies: options.currency,
      }),
    }),
    view: { kind: "card", title: "Created.", fields: MERCHANT },
  },
  {
    words: ["merchants", "list"],
    args: [],
    options: { ...LIST_OPTIONS, search: { type: "text", help: "An id, or a part of a name" } },
    summary: "List merchants, newest first",
    request: ({ options }) => ({
      method: "GET",
      path: "/v1/ops/merchants",
      query: { ...listQuery(options), q: options.search },
    }),
    view: { kind: "table", columns: MERCHANT, empty: "There are no such merchants." },
  },
  {
    words: ["merchants", "credit-line"],
    args: ["merchant"],
    options: {
      currency: { type: "text", required: true, help: "Such as CNY" },
      amount: { type: "number", required: true, help: "In minor units; 0: no credit" },
      reason: { type: "text", help: "Why, for whoever approves it" },
    },
    summary: "Lower a credit line, or propose to raise it",
    request: ({ args, options }) => ({
      method: "POST",
      path: under("merchants", args.merchant, "credit_lines"),
      body: given({ currency: options.currency, amount: options.amount, reason: options.reason }),
    }),
    view: {
      kind: "card",
      title: "Done; a raise waits until another operator approves it.",
      fields: [...MERCHANT, ["Proposed", "kind"], ["Details", "payload"]],
    },
  },
];

const KEY: readonly Column[] = [
  ["Id", "id"],
  ["Label", "label"],
  ["Begins with", "prefix"],
  ["State", "state"],
  ["Created", "created_at"],
  ["Expires", "expires_at"],
  ["Revoked", "revoked_at"],
];

export const keyCommands: readonly Command[] = [
  {
    words: ["keys", "create"],
    args: ["merchant"],
    options: {
      label: { type: "text", required: true, help: "What it is for" },
      "expires-at": { type: "text", help: "An instant such as 2030-01-01T00:00:00Z; never by default" },
    },
    summary: "Create an API key and show its secret once",
    request: ({ args, options }) => ({
      method: "POST",
      path: under("merchants", args.merchant, "api_keys"),
      body: given({ label: options.label, expires_at: options["expires-at"] }),
    }),
    view: { kind: "card", title: "Created.", fields: KEY },
  },
  {
    words: ["keys", "list"],
    args: ["merchant"],
    options: LIST_OPTIONS,
    summary: "List a merchant's API keys, newest first",
    request: ({ args, options }) => ({
      method: "GET",
      path: under("merchants", args.merchant, "api_keys"),
      query: listQuery(options),
    }),
    view: { kind: "table", columns: KEY, empty: "The merchant has no keys." },
  },
  {
    words: ["keys", "rotate"],
    args: ["merchant", "key"],
    options: { "overlap-hours": { type: "number", help: "How long the old key still works; 24 by default" } },
    summary: "Create a key in place of another, which works a while longer",
    request: ({ args, options }) => ({
      method: "POST",
      path: under("merchants", args.merchant, "api_keys", encodeURIComponent(args.key ?? ""), "rotate"),
      body: given({ overlap_hours: options["overlap-hours"] }),
    }),
    view: { kind: "card", title: "Rotated.", fields: KEY },
  },
  {
    words: ["keys", "revoke"],
    args: ["merchant", "key"],
    options: {},
    summary: "End a key at once",
    request: ({ args }) => ({
      method: "POST",
      path: under("merchants", args.merchant, "api_keys", encodeURIComponent(args.key ?? ""), "revoke"),
    }),
    view: { kind: "card", title: "Revoked.", fields: KEY },
  },
];
