/** A contract's key is replaced in the middle of traffic: first at the channel, then with the operators. */
import { NOTHING } from "./body.ts";
import { type ChannelName, type Contract, make } from "./contracts.ts";
import type { Merchant } from "./merchants.ts";
import { jsonRequest, platformUrl, type World } from "./world.ts";

type Credentials = Readonly<Record<string, string>>;

/** Replaces the key at the channel, whose old one stops working; what of the credentials is new. */
const ROTATIONS: Readonly<Record<ChannelName, (world: World, number: string) => Promise<Credentials>>> = {
  alipay: async (world, number) => {
    const pair = world.keys.next();
    await make(world, `/alipay/apps/${number}/keys`, { app_public_key: pair.publicKey });
    return { private_key: pair.privateKey };
  },
  stripe: async (world, number) => {
    const account = await make(world, `/stripe/accounts/${number}/roll-secret-key`, {});
    return { secret_key: account.secret_key };
  },
  unionpay: async (world, number) => {
    const pair = world.keys.next();
    const shop = await make(world, `/unionpay/merchants/${number}/keys`, {
      merchant_public_key: pair.publicKey,
    });
    return { signing_certificate: shop.merchant_certificate, signing_private_key: pair.privateKey };
  },
  wechat: async (world, number) => {
    const pair = world.keys.next();
    const shop = await make(world, `/wechat/merchants/${number}/keys`, {
      merchant_public_key: pair.publicKey,
    });
    return { merchant_private_key: pair.privateKey, merchant_serial_no: shop.merchant_serial };
  },
};

/** An operator tries this often: in an outage a key cannot be proved. */
const PATIENCE = 400;

/** Rotates the keys of some contracts within a span; done when the operators have entered all. */
export async function rotateKeys(
  world: World,
  merchants: readonly Merchant[],
  spanMs: number,
): Promise<void> {
  const luck = world.chance.stream("rotations");
  const taken = new Set<Contract>();
  const rotations = Array.from({ length: luck.pick([0, 0, 1, 2]) }, async () => {
    const merchant = luck.pick(merchants);
    const contract = luck.pick(merchant.contracts);
    if (taken.has(contract)) return;
    taken.add(contract);
    await world.sleep(merchant.owner, luck.integer(spanMs + 60_000));
    await rotateKey(world, merchant, contract);
  });
  await Promise.all(rotations);
}

async function rotateKey(world: World, { owner }: Merchant, contract: Contract): Promise<void> {
  world.replacedKeysAt.add(contract.channel);
  const fresh = await ROTATIONS[contract.channel](world, contract.number);
  contract.credentials = { ...contract.credentials, ...fresh };
  const luck = world.chance.stream(`rotation of ${contract.accountId}`);
  const url = platformUrl(`/v1/ops/channel_accounts/${contract.accountId}/credentials`);
  const wish = { credentials: fresh, keep_others: true };
  for (let tries = 1; tries <= PATIENCE; tries += 1) {
    const request = jsonRequest("POST", url, wish, world.operatorKey);
    const { status, body } = await world
      .ask(owner, request, 60_000)
      .catch(() => ({ status: 0, body: NOTHING }));
    if (status === 201) {
      world.weather.tally.add("routing", `a key is rotated at ${contract.channel}`);
      return;
    }
    if (status >= 400 && status < 500 && body.code !== "credentials_not_proved" && body.code !== "conflict") {
      world.violations.push(`new keys of ${contract.accountId} were answered ${status} ${body.code}`);
      return;
    }
    await world.sleep(owner, luck.between(500, 10_000));
  }
  world.violations.push(`new keys of ${contract.accountId} were never taken`);
}
