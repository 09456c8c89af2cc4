/**
 * Loaded before the platform (`node --import`), puts `unbatched.ts` in the place of the platform's batcher:
 * the platform itself has one way only, and no setting for another.
 */
import { registerHooks } from "node:module";

const BATCHER = /\/server\/src\/kernel\/batcher\.ts$/;
const UNBATCHED = new URL("./unbatched.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return BATCHER.test(found.url) ? { ...found, url: UNBATCHED } : found;
  },
});
