// @ts-check
/** Who stands behind a guardian that is a contract: what only the chain can tell of a setup, as Setup.CheckOn in Go. */
import { encodeCall, word } from '../abi.js';
import { checksum, passkeySigner, signersOf } from '../account.js';
import { MalformedError, fromHex, toHex, uint } from '../bytes.js';
import { id } from '../guardians.js';
import { RpcError } from '../rpc.js';

/** @typedef {import('./chain.js').Guarded} Guarded */

const MOST_DEPTH = 8, MOST_CONTRACTS = 64, MOST_OWNERS = 256;
const DELEGATION = 23; // bytes of the code of a key that delegates (EIP-7702)

/** What a contract answers, or undefined if it has no such function. @template T @param {Promise<T>} call */
const perhaps = (call) => call.catch((e) => {
  if (e instanceof MalformedError || (e instanceof RpcError && e.kind === 'refused')) return undefined;
  throw e;
});

/** Who signs for a contract: of Postern's accounts their signers, of others what owner() and getOwners() tell. @param {Guarded} chain @param {string} contract @returns {Promise<Uint8Array[]>} */
async function behind(chain, contract) {
  const own = await perhaps(signersOf(chain.call, contract));
  if (own?.length) return own;
  const address = (/** @type {Uint8Array} */ b, /** @type {number} */ i) => uint(word(b, i) & ((1n << 160n) - 1n), 20);
  const [owner, owners] = await Promise.all([perhaps(chain.call(contract, encodeCall('owner()'))), perhaps(chain.call(contract, encodeCall('getOwners()')))]);
  return [
    ...(owner && owner.length >= 32 ? [address(owner, 0)] : []),
    ...(owners && owners.length >= 64 ? Array.from({ length: Math.min(MOST_OWNERS, Math.floor(owners.length / 32) - 2) }, (_, i) => address(owners, i + 2)) : []),
  ];
}

/**
 * Why the first of these guardians could never help, in a sentence; undefined if none is found.
 * @param {Guarded} chain @param {Uint8Array[]} guardians @param {string} account @param {Uint8Array[]} signers of the account
 */
export async function useless(chain, guardians, account, signers) {
  const own = new Set(signers.map((s) => toHex(id(s))));
  /** @param {string} contract @param {number} depth @param {Set<string>} seen @returns {Promise<boolean>} */
  const leadsBack = async (contract, depth, seen) => {
    if (seen.has(contract)) return false;
    seen.add(contract);
    if (depth >= MOST_DEPTH || seen.size > MOST_CONTRACTS) return true; // what is too deep to follow counts as that
    for (const s of await behind(chain, contract)) {
      const next = s.length === 20 ? checksum(toHex(s)) : undefined;
      if (own.has(toHex(id(s))) || next === checksum(account)) return true;
      if (next && await leadsBack(next, depth + 1, seen)) return true;
    }
    return false;
  };
  for (const g of guardians) {
    if (passkeySigner(g)) continue;
    const at = checksum(toHex(g.slice(0, 20)));
    const code = fromHex(await chain.ask('eth_getCode', at, 'latest'));
    if (g.length > 20 && code.length <= DELEGATION) return `There is no contract at ${at}, which would have to check its signature.`;
    if (g.length === 20 && code.length && await leadsBack(at, 0, new Set())) return `The account itself, or a signer of it, stands behind ${at}. Choose a guardian who can sign when your own keys are lost.`;
  }
  return undefined;
}
