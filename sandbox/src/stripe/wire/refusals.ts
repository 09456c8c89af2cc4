// Stripe's errors: https://docs.stripe.com/error-codes

type ErrorType = "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";

export type Refusal = {
  status: number;
  type: ErrorType;
  message: string;
  code?: string;
  param?: string;
  /** Whether the call had begun to be carried out: then its idempotency key remembers the refusal. */
  begun: boolean;
};

/** A refusal on its way to the answer. */
export class StripeRefusal extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** A parameter that is missing or wrong; nothing was begun. */
export function invalid(param: string, message: string, code?: string): StripeRefusal {
  return new StripeRefusal({
    status: 400,
    type: "invalid_request_error",
    message,
    param,
    begun: false,
    ...(code !== undefined && { code }),
  });
}

/** There is no such object. */
export function missing(what: string, id: string, param = "id"): StripeRefusal {
  const refusal = {
    status: 404,
    type: "invalid_request_error",
    code: "resource_missing",
    begun: false,
  } as const;
  return new StripeRefusal({ ...refusal, param, message: `No such ${what}: '${id}'` });
}

/** What the state of things does not allow. */
export function refused(code: string, message: string, param?: string): Refusal {
  return {
    status: 400,
    type: "invalid_request_error",
    code,
    message,
    begun: true,
    ...(param !== undefined && { param }),
  };
}

/** The value, or its refusal thrown. */
export function orThrow<T extends object>(result: T | Refusal): T {
  if ("begun" in result) throw new StripeRefusal(result);
  return result;
}
