import type { Merchant, PlatformKey } from "../model.ts";

/** The key that signs where nobody names one: the mode's newest. */
export function platformKeyOf(merchant: Merchant): PlatformKey {
  const wanted = merchant.platformKeys.filter(
    (key) => (key.certificate !== null) === (merchant.mode === "certificate"),
  );
  return wanted.at(-1)!;
}

/** The key with this id; undefined when the merchant's WeChat Pay has none. */
export function namedPlatformKey(merchant: Merchant, id: string): PlatformKey | undefined {
  return merchant.platformKeys.find((key) => key.id === id);
}
