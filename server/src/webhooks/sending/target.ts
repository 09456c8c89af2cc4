/**
 * Where webhooks may go. In production a target is https on a public address: what a merchant writes must not
 * make the platform call its own insides (SSRF). The rule is asked when an endpoint is saved and again for
 * every connection, on the address that is then connected to, so that a name which changes its mind in
 * between gains nothing.
 */
import { lookup, Resolver } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

export type Address = { readonly address: string; readonly family: 4 | 6 };

/** The addresses of a host name; throws when it has none. */
export type Resolve = (hostname: string) => Promise<readonly Address[]>;

export type TargetRules = {
  readonly production: boolean;
  readonly resolve: Resolve;
};

export const URL_LENGTH_MAX = 2_000;

/** Public by their number, but answered by the cloud that the machine stands in. */
const CLOUD_INSIDES: readonly string[] = ["168.63.129.16"];
/** All that is routed publicly in IPv6 at present; the rest is reserved or wraps an IPv4 address. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether an address is on the public internet: not private, loopback, link-local, shared (CGNAT), mapped, or
 * reserved.
 */
export function isPublic(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast") return false;
  if (parsed instanceof ipaddr.IPv6) return parsed.match(GLOBAL_UNICAST);
  return !CLOUD_INSIDES.includes(parsed.toString());
}

export type TargetRefusal = { readonly reason: string };

/**
 * Whether an endpoint may be saved with this address: what its text alone says. Refusals are sentences for
 * the merchant.
 */
export function readTarget(text: string, production: boolean): URL | TargetRefusal {
  const url = URL.parse(text);
  if (url === null)
    return { reason: "this is no address; write it in full, such as https://shop.example/hooks" };
  if (url.protocol !== "https:" && !(url.protocol === "http:" && !production)) {
    return { reason: "only https addresses are called" };
  }
  if (url.username !== "" || url.password !== "") {
    return { reason: "an address with a user name or password in it is not called" };
  }
  if (url.hash !== "") return { reason: "an address is called without a fragment (#)" };
  const host = hostOf(url);
  if (production && isIP(host) !== 0 && !isPublic(host)) return { reason: `${host} is no public address` };
  return url;
}

/** The host of a URL as sockets want it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/** A host that must not be connected to. */
export class TargetRefused extends Error {
  override readonly name = "TargetRefused";
}

/** A host whose name has no address at present. */
export class NameUnknown extends Error {
  override readonly name = "NameUnknown";
}

/**
 * The addresses that a host may be connected at. Throws `TargetRefused` when one of them is not public (in
 * production), and
 * `NameUnknown` when there are none.
 */
export async function checkedAddresses(host: string, rules: TargetRules): Promise<readonly Address[]> {
  const family = isIP(host);
  const addresses =
    family === 0 ? await resolveName(host, rules.resolve) : [{ address: host, family: family as 4 | 6 }];
  const inside = rules.production ? addresses.find(({ address }) => !isPublic(address)) : undefined;
  if (inside !== undefined) throw new TargetRefused(`${host} leads to ${inside.address}, no public address`);
  return addresses;
}

async function resolveName(host: string, resolve: Resolve): Promise<readonly Address[]> {
  let addresses: readonly Address[];
  try {
    addresses = await resolve(host);
  } catch (error) {
    throw new NameUnknown(`the name ${host} could not be resolved`, { cause: error });
  }
  if (addresses.length === 0) throw new NameUnknown(`the name ${host} has no address`);
  return addresses;
}

/**
 * The `lookup` of a socket: it hands over exactly the addresses that were checked, so that nothing is
 * resolved a second time. Sockets to a literal address never ask it.
 */
export function checkedLookup(rules: TargetRules): LookupFunction {
  return (hostname, options, callback) => {
    checkedAddresses(hostname, rules).then(
      (addresses) => {
        const [first] = addresses as [Address];
        if (options.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, "", 0),
    );
  };
}

const RESOLVER_TIMEOUT_MS = 2_000;
const RESOLVER_TRIES = 2;

/**
 * Asks name servers without a thread: a merchant's dead name server would otherwise occupy the few threads
 * that every other lookup of the process needs. It knows no search domains and so no inside names.
 */
export function publicResolve(): Resolve {
  const resolver = new Resolver({ timeout: RESOLVER_TIMEOUT_MS, tries: RESOLVER_TRIES });
  return async (hostname) => {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    if (v4.status === "rejected" && v6.status === "rejected") throw v4.reason;
    const found = (result: PromiseSettledResult<string[]>, family: 4 | 6) =>
      result.status === "fulfilled" ? result.value.map((address) => ({ address, family })) : [];
    return [...found(v4, 4), ...found(v6, 6)];
  };
}

/** Asks as the machine itself does, with its hosts file: a developer's names work. */
export function machineResolve(): Resolve {
  return async (hostname) => {
    const found = await lookup(hostname, { all: true, order: "verbatim" });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  };
}
