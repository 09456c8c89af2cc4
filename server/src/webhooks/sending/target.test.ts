import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { test } from "node:test";
import { checkedAddresses, checkedLookup, isPublic, readTarget, type TargetRules } from "./target.ts";

const inside = {
  "the machine itself": ["127.0.0.1", "127.8.9.10", "::1", "0.0.0.0", "::"],
  "private networks": ["10.0.0.1", "172.16.5.4", "172.31.255.255", "192.168.1.1"],
  "link-local, where clouds keep their metadata": ["169.254.169.254", "169.254.0.23", "fe80::1"],
  "shared address space (CGNAT), where other clouds keep theirs": ["100.64.0.1", "100.100.100.200"],
  "unique local addresses": ["fc00::1", "fd00:ec2::254"],
  "IPv4 wrapped in IPv6": [
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
  ],
  "a cloud's wire server": ["168.63.129.16"],
  "reserved, documentation and benchmarking": [
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "2001:db8::1",
  ],
  "multicast and broadcast": ["224.0.0.1", "255.255.255.255", "ff02::1"],
  "retired prefixes": ["fec0::1", "100::1"],
  "no address at all": ["localhost", "", "1.2.3", "127.0.0.1:80"],
};
for (const [title, addresses] of Object.entries(inside)) {
  test(`webhooks do not reach ${title}`, () => {
    for (const address of addresses) assert.equal(isPublic(address), false, address);
  });
}

test("webhooks reach public addresses", () => {
  for (const address of [
    "8.8.8.8",
    "47.88.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2400:3200::1",
  ]) {
    assert.equal(isPublic(address), true, address);
  }
});

const refusedInProduction = [
  ["no address", "shop.example/hooks"],
  ["plain http", "http://shop.example/hooks"],
  ["another protocol", "ftp://shop.example/hooks"],
  ["a user name", "https://admin@shop.example/"],
  ["a password", "https://:secret@shop.example/"],
  ["a fragment", "https://shop.example/#top"],
  ["a loopback address", "https://127.0.0.1/"],
  ["a loopback address in hexadecimal", "https://0x7f.1/"],
  ["a loopback address as one number", "https://2130706433/"],
  ["a loopback address in octal", "https://0177.0.0.1/"],
  ["an IPv6 loopback address", "https://[::1]/"],
  ["a mapped address", "https://[::ffff:169.254.169.254]/latest/meta-data"],
] as const;
for (const [title, url] of refusedInProduction) {
  test(`in production, ${title} is refused`, () => {
    const target = readTarget(url, true);
    assert.ok(!(target instanceof URL), url);
    assert.match(target.reason, /\w/);
  });
}

test("a developer may use http and the machine itself", () => {
  for (const url of ["http://127.0.0.1:3000/hooks", "http://localhost:8081/inbox/shop", "http://[::1]/"]) {
    assert.ok(readTarget(url, false) instanceof URL, url);
  }
  assert.ok(!(readTarget("http://admin:secret@localhost/", false) instanceof URL));
});

const rulesFor = (addresses: readonly string[]): TargetRules => ({
  production: true,
  resolve: async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
});

test("a name is refused when any of its addresses is inside", async () => {
  await assert.rejects(checkedAddresses("shop.example", rulesFor(["8.8.8.8", "10.0.0.1"])), /10\.0\.0\.1/);
  await assert.rejects(checkedAddresses("shop.example", rulesFor(["2606:4700::1111", "::1"])), /::1/);
  await assert.rejects(checkedAddresses("shop.example", rulesFor([])), /no address/);
  assert.equal((await checkedAddresses("shop.example", rulesFor(["8.8.8.8"]))).length, 1);
});

test("a socket gets the very addresses that were checked, in either form that it may ask", async () => {
  const lookup = checkedLookup(rulesFor(["8.8.8.8", "8.8.4.4"]));
  const all = await new Promise<LookupAddress[]>((resolve, reject) => {
    lookup("shop.example", { all: true }, (error, addresses) =>
      error === null ? resolve(addresses as LookupAddress[]) : reject(error),
    );
  });
  assert.deepEqual(
    all.map(({ address }) => address),
    ["8.8.8.8", "8.8.4.4"],
  );
  const one = await new Promise((resolve) => {
    lookup("shop.example", {}, (_error, address) => resolve(address));
  });
  assert.equal(one, "8.8.8.8");
});
