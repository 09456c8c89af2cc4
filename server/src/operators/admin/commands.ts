import { accountCommands } from "./commands-channels.ts";
import { keyCommands, merchantCommands } from "./commands-merchants.ts";
import { approvalCommands, operatorCommands } from "./commands-operators.ts";
import type { Command } from "./model.ts";

/** Everything that `npm run admin` can do. */
export const COMMANDS: readonly Command[] = [
  ...operatorCommands,
  ...merchantCommands,
  ...keyCommands,
  ...accountCommands,
  ...approvalCommands,
];
