import type { Scene } from "../model.ts";
import { sharingOperations } from "../sharing/operations.ts";
import { billOperations } from "./bill.ts";
import type { Operation } from "./call.ts";
import { certificates } from "./certificates.ts";
import { placing } from "./place.ts";
import { close, queryById, queryByNumber } from "./query.ts";
import { createRefund, queryRefund } from "./refund.ts";

const scenes: readonly Scene[] = ["native", "jsapi", "app", "h5"];

/** Every call that the simulator takes; a merchant's own, and those of a service provider. */
export const operations: readonly Operation[] = [
  ...[false, true].flatMap((partner) => [
    ...scenes.map((scene) => placing(scene, partner)),
    queryByNumber(partner),
    queryById(partner),
    close(partner),
  ]),
  createRefund,
  queryRefund,
  certificates,
  ...billOperations,
  ...sharingOperations,
];
