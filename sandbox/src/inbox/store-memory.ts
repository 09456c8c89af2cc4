import type { Behaviour, Delivery, DeliveryQuery, NewDelivery, Shop } from "./model.ts";
import { LIMITS } from "./model.ts";
import type { InboxStore } from "./store.ts";

interface Room {
  secrets: readonly string[];
  behaviour: Behaviour | null;
}

type Kept = NewDelivery & { readonly number: number; answered: number | null };

/** An inbox that lives as long as its process. */
export function memoryInboxStore(): InboxStore {
  const rooms = new Map<string, Room>();
  let deliveries: Kept[] = [];
  let lastNumber = 0;

  function room(shop: string): Room {
    const found = rooms.get(shop) ?? { secrets: [], behaviour: null };
    rooms.set(shop, found);
    return found;
  }

  function isRepeat(delivery: Kept): boolean {
    if (delivery.refusal !== null) return false;
    return deliveries.some(
      (earlier) =>
        earlier.number < delivery.number &&
        earlier.shop === delivery.shop &&
        earlier.webhookId === delivery.webhookId &&
        earlier.refusal === null,
    );
  }

  return {
    prepare: async () => {},

    shops: async () =>
      [...rooms.keys()].sort().map((name): Shop => {
        const own = deliveries.filter((delivery) => delivery.shop === name);
        const refused = own.filter((delivery) => delivery.refusal !== null).length;
        return { name, ...room(name), deliveries: own.length, refused };
      }),

    secrets: async (shop) => rooms.get(shop)?.secrets ?? [],

    setSecrets: async (shop, secrets) => {
      room(shop).secrets = [...secrets];
    },

    setBehaviour: async (shop, behaviour) => {
      room(shop).behaviour = behaviour;
    },

    takeBehaviour: async (shop) => {
      const own = room(shop);
      const { behaviour } = own;
      if (behaviour === null || behaviour.timesLeft === null) return behaviour;
      const taken = { ...behaviour, timesLeft: behaviour.timesLeft - 1 };
      own.behaviour = taken.timesLeft === 0 ? null : taken;
      return taken;
    },

    add: async (delivery) => {
      room(delivery.shop);
      lastNumber += 1;
      deliveries.push({ ...delivery, number: lastNumber });
      const own = deliveries.filter((kept) => kept.shop === delivery.shop);
      if (own.length > LIMITS.deliveriesKeptPerShop) {
        deliveries = deliveries.filter((kept) => kept !== own[0]);
      }
      return lastNumber;
    },

    setAnswered: async (number, status) => {
      const delivery = deliveries.find((kept) => kept.number === number);
      if (delivery !== undefined) delivery.answered = status;
    },

    list: async (query) =>
      deliveries
        .filter((delivery) => fits(delivery, query))
        .reverse()
        .slice(0, query.limit)
        .map((delivery): Delivery => ({ ...delivery, repeat: isRepeat(delivery) })),

    clear: async (shop) => {
      deliveries = deliveries.filter((delivery) => delivery.shop !== shop);
    },
  };
}

function fits(delivery: Kept, query: DeliveryQuery): boolean {
  if (query.shop !== null && delivery.shop !== query.shop) return false;
  if (query.verified !== null && (delivery.refusal === null) !== query.verified) return false;
  if (query.type !== null && delivery.type !== query.type) return false;
  if (query.webhookId !== null && delivery.webhookId !== query.webhookId) return false;
  return query.before === null || delivery.number < query.before;
}
