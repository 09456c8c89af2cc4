// The cards of Stripe's documentation for tests, and what becomes of a payment with each.
// https://docs.stripe.com/testing

/** What a card does: `asks` wants its owner to authenticate first, `slow` is a bank debit. */
type Behaviour = "pays" | "declines" | "asks" | "disputes" | "slow";

export type Card = {
  number: string;
  /** The token that names it in a call of the API. */
  token: string;
  behaviour: Behaviour;
  type: "card" | "us_bank_account";
  brand: string;
  declineCode: string | null;
  says: string;
};

const card = (
  number: string,
  token: string,
  behaviour: Behaviour,
  says: string,
  declineCode: string | null = null,
): Card => ({ number, token, behaviour, type: "card", brand: "visa", declineCode, says });

export const cards = {
  "4242": card("4242424242424242", "pm_card_visa", "pays", "Pays"),
  "0002": card("4000000000000002", "pm_card_chargeDeclined", "declines", "Is declined", "generic_decline"),
  "9995": card(
    "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds",
    "declines",
    "Has not enough funds",
    "insufficient_funds",
  ),
  "3220": card("4000000000003220", "pm_card_threeDSecure2Required", "asks", "Asks for 3-D Secure"),
  "0259": card("4000000000000259", "pm_card_createDispute", "disputes", "Pays, and is disputed at once"),
  "6789": {
    number: "000123456789",
    token: "pm_usBankAccount_success",
    behaviour: "slow",
    type: "us_bank_account",
    brand: "",
    declineCode: null,
    says: "A bank debit: processing for a while, then paid",
  },
} as const satisfies Record<string, Card>;

export type CardName = keyof typeof cards;

/** All of them, the one that pays first. */
export const cardNames: readonly CardName[] = ["4242", "3220", "0002", "9995", "0259", "6789"];

/** The card under the last four digits of its number, the number itself, or its token. */
export function cardOf(text: string): CardName | undefined {
  const bare = text.replaceAll(/[\s-]/g, "");
  return cardNames.find((name) => [name, cards[name].number, cards[name].token].includes(bare));
}

export function cardNamed(name: CardName): Card {
  return cards[name];
}
