/**
 * The program cannot start, for a reason that the person who started it can mend. The message is one or more
 * whole sentences that say what to do; it is printed as it stands, without a stack.
 */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
}
