export { asFaultsShow, type BillTwists } from "./bill-disagreement.ts";
export { interfere, loseAnswer, type Passage, type Passed, sent, type Words } from "./interference.ts";
export { faultKinds } from "./kinds.ts";
export {
  type Fault,
  type FaultContext,
  type FaultKind,
  faults,
  hasParam,
  numberParam,
  textParam,
} from "./model.ts";
export { registerFaultRoutes } from "./routes.ts";
export {
  type ArmedFaults,
  anyArmed,
  armedFaults,
  armFault,
  disarmAll,
  disarmFault,
  type FaultAsked,
  listFaults,
} from "./service.ts";
