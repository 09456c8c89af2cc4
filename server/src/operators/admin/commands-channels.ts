import type { Column, Command, JsonObject } from "./model.ts";
import { given, LIST_OPTIONS, listQuery, under } from "./requests.ts";

const ACCOUNT: readonly Column[] = [
  ["Id", "id"],
  ["Channel", "channel"],
  ["Label", "label"],
  ["Status", "status"],
  ["Merchant", "merchant_id"],
  ["Fund flow", "fund_flow"],
  ["Credentials", "credentials.version"],
  ["Proved", "credentials.proved_at"],
  ["Revision", "revision"],
];
const DETAIL: readonly Column[] = [
  ...ACCOUNT,
  ["Gateway", "gateway_url"],
  ["Methods", "methods"],
  ["Notify path", "notify_path"],
  ["Token ends", "credentials.token_expires_at"],
];
/** Never an option with the secret itself: command lines stay in the shell's history. */
const CREDENTIALS = "A JSON file with the channel's own fields, or - for standard input";
const TOKEN_ENDS = "When the authorisation token ends, such as 2030-01-01T00:00:00Z";

const ACTIONS = {
  enable: ["Let the account take new orders", "Enabled."],
  disable: ["Let the account take no new orders; refunds and queries go on", "Disabled."],
  prove: ["Ask the channel whether the newest credentials work", "Proved."],
} as const;

export const accountCommands: readonly Command[] = [
  {
    words: ["channel-accounts", "create"],
    args: ["label"],
    options: {
      merchant: { type: "text", required: true, help: "The merchant that the contract belongs to: mch_…" },
      channel: { type: "text", required: true, help: "Such as alipay" },
      "gateway-url": { type: "text", required: true, help: "Where the channel is" },
      "cost-rate": { type: "number", required: true, help: "What it charges, in millionths: 6000 is 0.6 %" },
      "fund-flow": {
        type: "text",
        required: true,
        help: "through_platform, direct_to_merchant or bank_custody",
      },
      terms: { type: "file", help: "A JSON file with further fields of the contract, as in the API" },
      credentials: { type: "file", help: CREDENTIALS },
      "token-expires-at": { type: "text", help: TOKEN_ENDS },
    },
    summary: "Create a channel account as a draft, its credentials proved",
    request: ({ args, options }) => ({
      method: "POST",
      path: "/v1/ops/channel_accounts",
      body: given({
        ...(options.terms as JsonObject | undefined),
        label: args.label,
        merchant_id: options.merchant,
        channel: options.channel,
        gateway_url: options["gateway-url"],
        cost_rate_millionths: options["cost-rate"],
        fund_flow: options["fund-flow"],
        credentials: options.credentials,
        token_expires_at: options["token-expires-at"],
      }),
    }),
    view: { kind: "card", title: "Created as a draft; enable it to take orders.", fields: DETAIL },
  },
  {
    words: ["channel-accounts", "list"],
    args: [],
    options: { ...LIST_OPTIONS, merchant: { type: "text", help: "Only this merchant's: mch_…" } },
    summary: "List channel accounts, newest first",
    request: ({ options }) => ({
      method: "GET",
      path: "/v1/ops/channel_accounts",
      query: { ...listQuery(options), merchant_id: options.merchant },
    }),
    view: { kind: "table", columns: ACCOUNT, empty: "There are no channel accounts." },
  },
  {
    words: ["channel-accounts", "rotate"],
    args: ["account"],
    options: {
      credentials: { type: "file", required: true, help: CREDENTIALS },
      "keep-others": { type: "flag", help: "Fields that are not named stay as they are" },
      "token-expires-at": { type: "text", help: TOKEN_ENDS },
    },
    summary: "Save new credentials, once proved; orders placed before keep theirs",
    request: ({ args, options }) => ({
      method: "POST",
      path: under("channel_accounts", args.account, "credentials"),
      body: given({
        credentials: options.credentials,
        keep_others: options["keep-others"],
        token_expires_at: options["token-expires-at"],
      }),
    }),
    view: { kind: "card", title: "Rotated.", fields: DETAIL },
  },
  ...(Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]).map(
    (action): Command => ({
      words: ["channel-accounts", action],
      args: ["account"],
      options: {},
      summary: ACTIONS[action][0],
      request: ({ args }) => ({ method: "POST", path: under("channel_accounts", args.account, action) }),
      view: { kind: "card", title: ACTIONS[action][1], fields: DETAIL },
    }),
  ),
];
