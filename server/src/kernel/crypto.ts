import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  hash,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";
import { type Random, systemRandom } from "./clock.ts";

/**
 * Wraps data keys. The default keeps the master key in memory; a key service of one's own needs these two
 * calls. The key id is stored beside what was wrapped, so that a master key can be replaced by wrapping
 * again.
 */
export type KeyProvider = {
  /** The key that `wrap` uses: 8 bytes that identify it and say nothing of it. */
  readonly keyId: Buffer;
  wrap(dataKey: Buffer, associatedData: Buffer): Promise<Buffer>;
  /** Throws `KeyringError` for a key that is not known here and for anything that was altered. */
  unwrap(keyId: Buffer, wrapped: Buffer, associatedData: Buffer): Promise<Buffer>;
};

/** Envelope encryption and keyed hashes. What it throws never holds a secret. */
export type Keyring = {
  /** Encrypts under a new data key. `recordId` is bound in: a record moved under another id does not open. */
  seal(recordId: string, plaintext: Buffer): Promise<Buffer>;
  /**
   * The plaintext; throws `KeyringError` when the record was altered, moved, or sealed under an unknown
   * master key.
   */
  open(recordId: string, sealed: Buffer): Promise<Buffer>;
  /** True when the record's data key is wrapped by an older master key: `rewrap` it. */
  isStale(sealed: Buffer): boolean;
  /**
   * The same record with its data key wrapped by the present master key; the content is not encrypted again.
   */
  rewrap(recordId: string, sealed: Buffer): Promise<Buffer>;
  /**
   * HMAC-SHA256 under a key that belongs to `purpose` alone. It changes with the master key: what must
   * outlive a rotation is compared with `macs`.
   */
  mac(purpose: string, data: Buffer | string): Buffer;
  /** The keyed hash under the present master key and under each previous one, in that order. */
  macs(purpose: string, data: Buffer | string): readonly Buffer[];
};

/** A record that cannot be opened here. */
export class KeyringError extends Error {
  override readonly name = "KeyringError";
}

export const MASTER_KEY_BYTES = 32;
const KEY_ID_BYTES = 8;
const DATA_KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The first byte of a sealed record. */
const FORMAT = 1;

export type KeyringOptions = {
  /** Master keys that still open what they sealed. */
  readonly previous?: readonly Buffer[];
  readonly random?: Random;
};

/** A keyring over a master key of 32 bytes; anything else throws a RangeError. */
export function createKeyring(masterKey: Buffer, options: KeyringOptions = {}): Keyring {
  const random = options.random ?? systemRandom;
  const masters = [masterKey, ...(options.previous ?? [])];
  const macKey = macKeys();
  const provider = localKeyProvider(masters, random);
  return {
    ...envelopes(provider, random),
    mac: (purpose, data) => macWith(macKey(masterKey, purpose), data),
    macs: (purpose, data) => masters.map((master) => macWith(macKey(master, purpose), data)),
  };
}

/** Envelope encryption over any key provider. */
export function envelopes(provider: KeyProvider, random: Random): Omit<Keyring, "mac" | "macs"> {
  return {
    seal: async (recordId, plaintext) => {
      const dataKey = random.bytes(DATA_KEY_BYTES);
      const associatedData = Buffer.from(recordId);
      const wrapped = await provider.wrap(dataKey, associatedData);
      return join(provider.keyId, wrapped, encrypt(dataKey, plaintext, associatedData, random));
    },
    open: async (recordId, sealed) => {
      const { keyId, wrapped, content } = split(sealed);
      const associatedData = Buffer.from(recordId);
      const dataKey = await provider.unwrap(keyId, wrapped, associatedData);
      return decrypt(dataKey, content, associatedData);
    },
    isStale: (sealed) => !split(sealed).keyId.equals(provider.keyId),
    rewrap: async (recordId, sealed) => {
      const { keyId, wrapped, content } = split(sealed);
      const associatedData = Buffer.from(recordId);
      const dataKey = await provider.unwrap(keyId, wrapped, associatedData);
      return join(provider.keyId, await provider.wrap(dataKey, associatedData), content);
    },
  };
}

/** Compares in constant time; different lengths are unequal. */
export function constantTimeEqual(left: Buffer | string, right: Buffer | string): boolean {
  // Hashing both gives equal lengths, so that the time says nothing of the length either.
  return timingSafeEqual(sha256(left), sha256(right));
}

/** SHA-256, for secrets of 256 random bits: those need no salt and no slow hash. */
export function sha256(data: Buffer | string): Buffer {
  return hash("sha256", data, "buffer");
}

function localKeyProvider(masters: readonly Buffer[], random: Random): KeyProvider {
  const keys = masters.map((master) => {
    if (master.length !== MASTER_KEY_BYTES) {
      throw new RangeError(`a master key has ${MASTER_KEY_BYTES} bytes, not ${master.length}`);
    }
    return {
      id: derive(master, "key id").subarray(0, KEY_ID_BYTES),
      wrapping: derive(master, "wrap data keys"),
    };
  });
  const present = keys[0] as (typeof keys)[number];
  return {
    keyId: present.id,
    wrap: async (dataKey, associatedData) => encrypt(present.wrapping, dataKey, associatedData, random),
    unwrap: async (keyId, wrapped, associatedData) => {
      const key = keys.find((candidate) => candidate.id.equals(keyId));
      if (key === undefined) {
        throw new KeyringError(
          `the record was sealed under master key ${keyId.toString("hex")}, unknown here`,
        );
      }
      return decrypt(key.wrapping, wrapped, associatedData);
    },
  };
}

/** One key per use: a master key never encrypts, hashes and names itself with the same bytes. */
function derive(master: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync("sha256", master, Buffer.alloc(0), `tributary ${use}`, MASTER_KEY_BYTES));
}

/** The keys of keyed hashes, each derived once: deriving one costs some 20 µs, a hash under it 2. */
function macKeys(): (master: Buffer, purpose: string) => KeyObject {
  const known = new Map<Buffer, Map<string, KeyObject>>();
  return (master, purpose) => {
    const ofMaster = known.get(master) ?? new Map<string, KeyObject>();
    known.set(master, ofMaster);
    const key = ofMaster.get(purpose) ?? createSecretKey(derive(master, `mac ${purpose}`));
    ofMaster.set(purpose, key);
    return key;
  };
}

function macWith(key: KeyObject, data: Buffer | string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

function encrypt(key: Buffer, plaintext: Buffer, associatedData: Buffer, random: Random): Buffer {
  const iv = random.bytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(associatedData);
  const content = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), content]);
}

function decrypt(key: Buffer, sealed: Buffer, associatedData: Buffer): Buffer {
  if (sealed.length < IV_BYTES + TAG_BYTES) throw new KeyringError("the record is cut short");
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associatedData).setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const content = decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([content, decipher.final()]);
  } catch {
    throw new KeyringError("the record was altered or belongs to another id");
  }
}

/** format · key id · length of the wrapped data key (2 bytes) · wrapped data key · content */
function join(keyId: Buffer, wrapped: Buffer, content: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(wrapped.length);
  return Buffer.concat([Buffer.of(FORMAT), keyId, length, wrapped, content]);
}

function split(sealed: Buffer): { keyId: Buffer; wrapped: Buffer; content: Buffer } {
  const head = 1 + KEY_ID_BYTES + 2;
  if (sealed.length < head || sealed[0] !== FORMAT) throw new KeyringError("this is no sealed record");
  const end = head + sealed.readUInt16BE(head - 2);
  if (sealed.length < end) throw new KeyringError("the record is cut short");
  return {
    keyId: sealed.subarray(1, 1 + KEY_ID_BYTES),
    wrapped: sealed.subarray(head, end),
    content: sealed.subarray(end),
  };
}

/** A new RSA key of 2048 bits, both halves in PEM (PKCS#8 and SPKI). It takes some 100 ms. */
export function newRsaKey(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}
