import { generateKeyPair, randomBytes } from "node:crypto";

// The only file of the sandbox that reads the time, sets a timer or draws a random number: everything else is
// handed a SandboxClock and a SandboxRandom, so that a simulation can drive it.

/** Time as the sandbox knows it. The running sandbox's clock is the machine's and is never moved. */
export type SandboxClock = {
  now(): Date;
  /** Runs `run` once, `ms` milliseconds from now; the returned function calls it off. */
  after(ms: number, run: () => void): () => void;
};

/** Chance as the sandbox knows it. */
export type SandboxRandom = {
  bytes(count: number): Buffer;
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A fresh 2048-bit RSA pair, PKCS#8 and SPKI in PEM. */
  keyPair(): Promise<RsaKeyPair>;
};

export type RsaKeyPair = { privateKey: string; publicKey: string };

const timerMsMax = 2 ** 31 - 1;

export const systemClock: SandboxClock = {
  now: () => new Date(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), timerMsMax));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const systemRandom: SandboxRandom = {
  bytes: (count) => randomBytes(count),
  fraction: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  keyPair: () =>
    new Promise((resolve, reject) => {
      generateKeyPair(
        "rsa",
        {
          modulusLength: 2048,
          publicKeyEncoding: { type: "spki", format: "pem" },
          privateKeyEncoding: { type: "pkcs8", format: "pem" },
        },
        (error, publicKey, privateKey) => (error ? reject(error) : resolve({ privateKey, publicKey })),
      );
    }),
};

/** Waits `ms` milliseconds of the given clock. */
export function sleep(clock: SandboxClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** `count` decimal digits. */
export function randomDigits(random: SandboxRandom, count: number): string {
  let digits = "";
  for (const byte of random.bytes(count)) digits += byte % 10;
  return digits;
}

/** An unguessable token of `count` bytes, safe inside a URL. */
export function randomToken(random: SandboxRandom, count = 18): string {
  return random.bytes(count).toString("base64url");
}
