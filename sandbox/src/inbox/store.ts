// What the inbox needs kept. Two kinds keep it: memory (simulation, tests) and PostgreSQL (outlives a kill).

import type { Behaviour, Delivery, DeliveryQuery, NewDelivery, Shop } from "./model.ts";

export interface InboxStore {
  /** Makes ready what the kind needs; called once, before anything else. */
  prepare(): Promise<void>;
  shops(): Promise<Shop[]>;
  /** The shop's secrets, newest first; none for a shop nobody has named. */
  secrets(shop: string): Promise<readonly string[]>;
  setSecrets(shop: string, secrets: readonly string[]): Promise<void>;
  setBehaviour(shop: string, behaviour: Behaviour | null): Promise<void>;
  /** The behaviour for one delivery, counted as used: two deliveries at once never share the last one. */
  takeBehaviour(shop: string): Promise<Behaviour | null>;
  /** Keeps a delivery and gives its number. The oldest beyond the limit are forgotten. */
  add(delivery: NewDelivery): Promise<number>;
  setAnswered(number: number, status: number): Promise<void>;
  list(query: DeliveryQuery): Promise<Delivery[]>;
  /** Forgets a shop's deliveries; its secrets and behaviour stay. */
  clear(shop: string): Promise<void>;
}
