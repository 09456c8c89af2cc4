import type { Channels, SceneTraits } from "../channels/index.ts";

/** The scene that a method names, or null. */
export function sceneOfMethod(channels: Pick<Channels, "all">, method: string): SceneTraits | null {
  for (const { traits } of channels.all) {
    const scene = traits.scenes[method];
    if (scene !== undefined) return scene;
  }
  return null;
}
