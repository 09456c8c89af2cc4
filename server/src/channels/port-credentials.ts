/** The part of the port that tells what credentials say. */

/**
 * Whom credentials make us at the channel: the fields that name him, such as `app_id`, by their names in the
 * credentials. Keys, secrets and tokens are none: they are renewed, and the merchant stays who he is.
 */
export type MerchantAtChannel = Readonly<Record<string, string>>;

export type CredentialFault = { readonly field: string; readonly detail: string };
