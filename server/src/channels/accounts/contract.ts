import type { Currency } from "../../kernel/money.ts";
import type { ChannelTraits } from "../port.ts";
import type { Contract } from "./model.ts";

/** What a contract says unless told; methods, currencies, amounts, refunds default to the channel's own. */
export const CONTRACT_DEFAULTS = {
  mode: "direct",
  orderLifetimeSeconds: 86_400,
  refundWindowDays: 365,
  callsPerSecond: 100,
  timeoutMs: 10_000,
  proxyUrl: null,
  connectionsMax: 128,
  connectTimeoutMs: 10_000,
  callsInFlightMax: 16,
  cancelCutoff: null,
  costReturnedOnRefund: true,
  feeReturnedOnRefund: true,
  costSettlement: "net",
  settledBy: "channel",
  settlementDays: 1,
} as const satisfies Partial<Contract>;

/** What keeps a contract from being one: the field as on the wire, and why. */
export type ContractFault = { readonly field: string; readonly detail: string };

/** What a contract is measured against. */
export type ContractBounds = {
  readonly traits: ChannelTraits;
  readonly merchantCurrencies: readonly Currency[];
  readonly production: boolean;
};

/**
 * The first fault in this order: addresses, methods, currencies, amounts; null: the channel and the merchant
 * can keep it.
 */
export function faultOfContract(contract: Contract, bounds: ContractBounds): ContractFault | null {
  return (
    faultOfGateway(contract.gatewayUrl, bounds.production) ??
    faultOfProxy(contract.proxyUrl) ??
    faultOfMethods(contract, bounds.traits) ??
    faultOfCurrencies(contract, bounds) ??
    faultOfAmounts(contract, bounds.traits)
  );
}

function faultOfGateway(text: string, production: boolean): ContractFault | null {
  const field = "gateway_url";
  if (!URL.canParse(text))
    return { field, detail: "gateway_url is a full address, such as https://…/gateway.do" };
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return { field, detail: "gateway_url begins with https:// (or http:// for a sandbox)" };
  }
  if (production && url.protocol !== "https:") {
    return { field, detail: "gateway_url begins with https:// in production" };
  }
  if (url.username !== "" || url.password !== "") {
    return { field, detail: "gateway_url bears no user name and no password" };
  }
  return null;
}

/** What is refused is never repeated: there may be a password in it. */
function faultOfProxy(text: string | null): ContractFault | null {
  if (text === null) return null;
  const field = "proxy_url";
  const url = URL.parse(text);
  if (url === null || url.protocol !== "http:" || url.pathname !== "/" || url.search + url.hash !== "") {
    return { field, detail: "proxy_url is http://host:port and nothing more" };
  }
  if (url.username !== "" || url.password !== "") {
    return {
      field,
      detail:
        "proxy_url bears no user name and no password, which would lie open in the contract; let the proxy " +
        "know this server by its address",
    };
  }
  return null;
}

function faultOfMethods(contract: Contract, traits: ChannelTraits): ContractFault | null {
  const index = contract.methods.findIndex((method) => !Object.hasOwn(traits.scenes, method));
  if (index === -1) return null;
  const known = Object.keys(traits.scenes).join(", ");
  return {
    field: `methods.${index}`,
    detail: `${traits.displayName} has no method ${contract.methods[index]}; it has ${known}`,
  };
}

function faultOfCurrencies(contract: Contract, bounds: ContractBounds): ContractFault | null {
  const { traits, merchantCurrencies } = bounds;
  for (const [index, currency] of contract.currencies.entries()) {
    const field = `currencies.${index}`;
    if (!traits.currencies.includes(currency)) {
      const taken = traits.currencies.join(", ");
      return { field, detail: `${traits.displayName} does not take ${currency}, only ${taken}` };
    }
    if (!merchantCurrencies.includes(currency)) {
      const held = merchantCurrencies.join(", ");
      return { field, detail: `the merchant does not settle in ${currency}, only in ${held}` };
    }
  }
  return null;
}

function faultOfAmounts(contract: Contract, traits: ChannelTraits): ContractFault | null {
  const { amountMin, amountMax } = contract;
  if (amountMin < traits.amountMin) {
    return { field: "amount_min", detail: `the channel takes no amount below ${traits.amountMin}` };
  }
  if (amountMax > traits.amountMax) {
    return { field: "amount_max", detail: `the channel takes no amount above ${traits.amountMax}` };
  }
  if (amountMin > amountMax) return { field: "amount_max", detail: "amount_max is at least amount_min" };
  return null;
}
