// Whoever went to the wallet's page and comes back paid wants on, to the shop. Whoever merely opens a paid
// page does not.

/** What this tab remembers of a payment; storage that is switched off costs the buyer one tap, no more. */
export interface Leaving {
  mark(): void;
  /** Whether the buyer left for the wallet, told once. */
  take(): boolean;
}

export function leavingOf(base: string): Leaving {
  const key = `left:${base}`;
  return {
    mark: () => {
      quietly(() => sessionStorage.setItem(key, "1"));
    },
    take: () => {
      const left = quietly(() => sessionStorage.getItem(key)) === "1";
      quietly(() => sessionStorage.removeItem(key));
      return left;
    },
  };
}

function quietly<T>(use: () => T): T | null {
  try {
    return use();
  } catch {
    return null;
  }
}
