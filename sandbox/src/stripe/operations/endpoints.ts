import { newSecret } from "../accounts/service.ts";
import { newId } from "../ids.ts";
import { type Listed, pageOf } from "../lists.ts";
import { type Endpoint, endpoints } from "../model.ts";
import { endpointsMax, endpointsOf } from "../tell.ts";
import { viewEndpoint } from "../views.ts";
import type { Params } from "../wire/params.ts";
import { invalid, missing } from "../wire/refusals.ts";
import { type Call, done, type Operation } from "./call.ts";

const path = "/v1/webhook_endpoints";

const create: Operation = {
  verb: "POST",
  path,
  name: "webhook_endpoints.create",
  carryOut: async ({ unit, account, params }) => {
    const enabledEvents = params.texts("enabled_events");
    if (enabledEvents.length === 0) {
      throw invalid("enabled_events", "Missing required param: enabled_events.", "parameter_missing");
    }
    const endpoint: Endpoint = {
      id: newId(unit.deps.random, "we_"),
      accountId: account.id,
      url: urlIn(params, params.required("url", 2_048)),
      enabledEvents,
      secret: newSecret(unit.deps.random),
      rolled: null,
      description: params.text("description", 5_000),
      metadata: params.metadata(),
      createdAt: unit.now,
    };
    params.text("api_version");
    params.done();
    if ((await endpointsOf(unit.tx, account.id)).length >= endpointsMax) {
      throw invalid("url", `An account has at most ${endpointsMax} webhook endpoints.`);
    }
    await unit.tx.insert(endpoints, endpoint);
    return done({ ...viewEndpoint(endpoint), secret: endpoint.secret });
  },
};

const update: Operation = {
  verb: "POST",
  path: `${path}/:id`,
  name: "webhook_endpoints.update",
  carryOut: async (call) => {
    const { unit, params } = call;
    const known = await endpointOr404(call);
    const url = params.text("url", 2_048);
    const enabledEvents = params.texts("enabled_events");
    params.done();
    const changed: Endpoint = {
      ...known,
      url: url === null ? known.url : urlIn(params, url),
      enabledEvents: enabledEvents.length > 0 ? enabledEvents : known.enabledEvents,
    };
    await unit.tx.update(endpoints, changed);
    return done(viewEndpoint(changed));
  },
};

const retrieve: Operation = {
  verb: "GET",
  path: `${path}/:id`,
  name: "webhook_endpoints.retrieve",
  carryOut: async (call) => done(viewEndpoint(await endpointOr404(call))),
};

const list: Operation = {
  verb: "GET",
  path,
  name: "webhook_endpoints.list",
  carryOut: async ({ unit, account, params }) => {
    const known = (await endpointsOf(unit.tx, account.id)).toReversed();
    async function* all(): AsyncGenerator<Listed> {
      for (const one of known) yield { ...one, view: () => viewEndpoint(one) };
    }
    const page = await pageOf(params, path, all());
    params.done();
    return done(page);
  },
};

const remove: Operation = {
  verb: "DELETE",
  path: `${path}/:id`,
  name: "webhook_endpoints.delete",
  carryOut: async (call) => {
    const { id } = await endpointOr404(call);
    await call.unit.tx.remove(endpoints, id);
    return done({ id, object: "webhook_endpoint", deleted: true });
  },
};

export const endpointOperations = [create, update, retrieve, list, remove];

async function endpointOr404({ unit, account, id }: Call): Promise<Endpoint> {
  const endpoint = await unit.tx.lock(endpoints, id);
  if (endpoint?.accountId !== account.id) throw missing("webhook endpoint", id);
  return endpoint;
}

function urlIn(params: Params, url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url;
  throw invalid(params.named("url"), "Not a valid URL", "url_invalid");
}
