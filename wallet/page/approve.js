// @ts-check
/** Operations of our own account: put together, read back in words, signed by its passkey with the hints that fit. */
import { encodeExecute } from './account.js';
import { verify } from './assertion.js';
import { toHex } from './bytes.js';
import { get } from './ceremony.js';
import { summary } from './deeds.js';
import { Chain, assemble, checked } from './operate.js';
import { hinter, hintsLength, pathOf } from './path.js';
import { seal, stub } from './userop.js';
import { Trouble, cautions } from './words.js';

/**
 * @typedef {import('./account.js').Account} Account
 * @typedef {import('./userop.js').UserOp} UserOp
 * @typedef {{op: UserOp, digest: Uint8Array, shown: import('./operate.js').Shown, cautions: string[], hint: Awaited<ReturnType<typeof hinter>>}} Prepared
 */

/** A chain with our own accounts on it. */
export class Own extends Chain {
  /** @override @param {UserOp} op */
  read(op) {
    return summary(op, this.entryPoint, this.id);
  }
}

/**
 * A call, ready to be shown and signed, and what makes the hints that fit the signature.
 * @param {Chain} chain @param {Account} account @param {{to: string, value: bigint, data?: string}} call value: wei
 * @returns {Promise<Prepared>}
 */
export async function prepare(chain, account, { to, value, data }) {
  const path = pathOf(chain, account);
  const hinting = path.then(hinter);
  const stubbed = hinting.then(async (hint) => toHex(stub(account.signer, location.origin, hint ? hintsLength(await path) : 0)));
  const [op, gasPrice, hint] = await Promise.all([assemble(chain, { ...account, stub: stubbed }, encodeExecute(to, value, data), value), chain.gasPrice(), hinting]);
  const shown = chain.read(op);
  return { op, digest: shown.digest, shown, cautions: cautions(op, value, gasPrice), hint };
}

/**
 * Asks the passkey for its signature. Call it from the click itself: the prompt
 * opens before the first await. What comes back is checked before it is used.
 * @param {Chain} chain @param {Account} account @param {Uint8Array} credentialId @param {Prepared} prepared @param {AbortSignal} [signal]
 * @returns {Promise<UserOp>}
 */
export async function sign(chain, account, credentialId, prepared, signal) {
  const got = await get({ rpId: chain.config.rpId, challenge: prepared.digest, allow: [credentialId], signal });
  const assertion = checked(chain, got, prepared.digest);
  if (!await verify(assertion, account.signer)) throw new Trouble('The signature is not by this account’s key.', 'Nothing was sent. Sign in again with the right passkey.');
  const signature = toHex(seal(account.signer, assertion, await prepared.hint?.(assertion, account.signer)));
  if (signature.length > prepared.op.signature.length) {
    throw new Trouble('The passkey’s answer is longer than the fee allows for.', 'Nothing was sent. Try another browser, or another passkey of this account.');
  }
  return { ...prepared.op, signature };
}
