/** Widens a part of a file in a thread of its own. */
import { parentPort, workerData } from "node:worker_threads";
import { type WidenTask, widen } from "./widen.ts";

parentPort?.postMessage(widen(workerData as WidenTask));
