/**
 * When two names of a holder are the same. Banks write them as their systems can: in full-width letters,
 * with other brackets, without the spaces.
 */

const NO_PART_OF_A_NAME = /[\s.,'’‘"“”·•・\-_]/gu;

/**
 * A name as it is compared: compatibility forms folded (NFKC: full-width letters and brackets become plain),
 * lower case, without spaces, dots, commas, quotes, middle dots and hyphens. Nothing else is forgiven: a
 * missing word, another script or a "Ltd" for a "Limited" is another name.
 */
export function normalisedName(name: string): string {
  return name.normalize("NFKC").toLowerCase().replace(NO_PART_OF_A_NAME, "");
}

/** Whether an account's holder is the merchant by its registered name. */
export function isSameName(left: string, right: string): boolean {
  const name = normalisedName(left);
  return name !== "" && name === normalisedName(right);
}
