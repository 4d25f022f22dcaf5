// @ts-check
/**
 * How an account verifies the signatures of a passkey. The contract decides; the
 * page reads it, to add hints that save gas and to say it in words. A wrong answer
 * here costs gas and nothing else.
 */
import { encodeCall, word } from './abi.js';
import { signerBytes } from './account.js';
import { sha256, signedBytes } from './assertion.js';
import { MalformedError } from './bytes.js';
import { RpcError } from './rpc.js';

/** @typedef {import('./userop.js').PasskeySigner} PasskeySigner */

/** Paths that are no table's format: arithmetic alone, and P256VERIFY of the chain. */
export const NONE = 0x00;
export const PRECOMPILE = 0x01;

/** Formats of tables, and how large they are, in words. @type {Record<number, string>} */
export const TABLES = { 0x11: '½ KB', 0x12: '1 KB', 0x13: '4 KB', 0x14: '16 KB' };

/**
 * The path that a signature takes now; undefined for accounts that do not say. Before its first
 * operation an account has no code: it will do what its implementation does.
 * @param {import('./operate.js').Chain} chain @param {import('./account.js').Account} account @returns {Promise<number | undefined>}
 */
export async function pathOf(chain, { address, signer }) {
  try {
    const reply = await chain.call(address, encodeCall('p256Path(bytes)', signerBytes(signer)));
    const path = Number(word(reply.length ? reply : await chain.call(chain.config.implementation, encodeCall('hasPrecompile()'))));
    return path === NONE || path === PRECOMPILE || TABLES[path] ? path : undefined;
  } catch (e) {
    if (e instanceof MalformedError || (e instanceof RpcError && e.kind === 'refused')) return undefined; // another version
    throw e;
  }
}

/** How many bytes of hints a path takes. @param {number | undefined} path */
export const hintsLength = (path) => (path === undefined || path === PRECOMPILE ? 0 : path === NONE ? 128 : 32);

/**
 * What makes hints for this path. Loads what it needs first; without that there are none, for they only save gas.
 * @param {number | undefined} path
 * @returns {Promise<((a: import('./assertion.js').Signed, signer: PasskeySigner) => Promise<Uint8Array | undefined>) | undefined>}
 */
export async function hinter(path) {
  if (!hintsLength(path)) return undefined;
  const hints = await import('./hints.js').catch(() => undefined);
  return hints && (async (a, signer) => (path === NONE ? hints.noTable(await sha256(await signedBytes(a)), a.signature, signer) : hints.inverse(a.signature)));
}
