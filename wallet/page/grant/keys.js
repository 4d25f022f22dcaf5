// @ts-check
/** Who signs: passkeys whose public keys this browser has seen, and secp256k1 keys – of a connected wallet, or on development chains in the page. */
import { bareHandle, checksum } from '../account.js';
import { verify } from '../assertion.js';
import { equal, fromBase64url, fromHex, concat, toBase64url, toHex } from '../bytes.js';
import { get } from '../ceremony.js';
import { keccak } from '../abi.js';
import { personal } from '../kernel.js';
import { checked } from '../operate.js';
import { fetchOffer, fresh, make, prove, settled } from '../register.js';
import { addressOf, sign, signer } from '../secp256k1.js';
import { random } from '../state.js';
import { answered, busy } from '../task.js';
import { Trouble } from '../words.js';

/**
 * @typedef {import('./chain.js').Kernel} Kernel
 * @typedef {import('../assertion.js').Key} Key
 * @typedef {{kind: 'passkey', id: Uint8Array, credentialHash: Uint8Array} & Key} Passkey
 * @typedef {{kind: 'ecdsa', owner: string, where: string, typed: (t: {digest: Uint8Array, json: string}) => Promise<Uint8Array>, personal: (hash: Uint8Array) => Promise<Uint8Array>}} KeyOwner where: in words
 * @typedef {Passkey | KeyOwner} Owner
 */

const PASSKEYS = 'postern.passkeys';

/** @param {Uint8Array} id @param {Key} key @returns {Passkey} */
export const passkey = (id, key) => ({ kind: 'passkey', id, x: key.x, y: key.y, credentialHash: keccak(id) });

/** The public keys that this browser has seen sign: no secrets. @returns {Passkey[]} */
export function known() {
  try {
    return Object.entries(JSON.parse(localStorage.getItem(PASSKEYS) ?? '{}')).map(([id, xy]) => {
      const b = fromHex(xy, 64);
      return passkey(fromBase64url(id), { x: b.slice(0, 32), y: b.slice(32) });
    });
  } catch {
    return [];
  }
}

/** @param {Passkey} p */
export function remember(p) {
  try {
    const all = JSON.parse(localStorage.getItem(PASSKEYS) ?? '{}');
    localStorage.setItem(PASSKEYS, JSON.stringify({ ...all, [toBase64url(p.id)]: toHex(concat(p.x, p.y)) }));
  } catch {
    // then one more signature is asked for next time
  }
}

/** @type {import('../register.js').Offer | undefined} */ let offer;

/** Keeps a passkey server's offer at hand: the prompt must open from the click itself. @param {Kernel} chain */
export async function keepOffer(chain) {
  if (document.visibilityState === 'visible' && !busy() && !fresh(offer)) offer = await fetchOffer(chain, bareHandle()).catch(() => undefined);
}

/** A new passkey. Call it from the click. @param {Kernel} chain @param {string} name @param {AbortSignal} signal */
export async function create(chain, name, signal) {
  const ready = offer && fresh(offer) ? offer : await fetchOffer(chain, bareHandle());
  return make(chain, ready, name, signal, () => {
    offer = undefined;
    answered('Checking the new passkey…');
  });
}

/** Its first signature, and the passkey server's word that it has it. @param {Kernel} chain @param {import('../register.js').Made & {proven?: boolean, again?: boolean}} m @param {AbortSignal} signal */
export async function test(chain, m, signal) {
  if (!m.proven) await prove(chain, m, signal, () => answered('Checking the signature…'));
  m.proven = true;
  if (m.again) m.registered = m.register();
  await settled(m.registered, () => (m.again = true));
  const p = passkey(m.id, m.key);
  remember(p);
  return p;
}

/**
 * Any passkey, by one signature: the one or several that could have made it.
 * @param {Kernel} chain @param {AbortSignal} signal @param {Uint8Array[]} [allow] credential ids @returns {Promise<Passkey[]>}
 */
export async function ask(chain, signal, allow) {
  const challenge = random();
  const got = await get({ rpId: chain.config.rpId, challenge, allow, signal });
  answered('Checking the signature…');
  const assertion = checked(chain, got, challenge);
  const seen = known().find((p) => equal(p.id, got.id));
  if (seen && await verify(assertion, seen)) return [seen];
  const { recover } = await import('../recover.js');
  return (await recover(assertion)).map((key) => passkey(got.id, key));
}

/** Those that have made this second signature too. @param {Kernel} chain @param {Passkey[]} candidates @param {AbortSignal} signal */
export async function narrow(chain, candidates, signal) {
  const again = await ask(chain, signal, [candidates[0].id]);
  const left = candidates.filter((p) => again.some((q) => equal(p.x, q.x) && equal(p.y, q.y)));
  if (left.length !== 1) throw new Trouble('The two signatures are by different keys.', 'Start again, with one passkey.');
  remember(left[0]);
  return left[0];
}

/** @param {Uint8Array} secret on development chains only @returns {KeyOwner} */
export const localKey = (secret) => ({
  kind: 'ecdsa', owner: addressOf(secret), where: 'the key in this tab',
  typed: async ({ digest }) => sign(digest, secret),
  personal: async (hash) => sign(personal(hash), secret),
});

/** The wallet that a browser extension offers to pages (EIP-1193). @returns {{request: (r: {method: string, params?: unknown[]}) => Promise<any>} | undefined} */
export const provider = () => /** @type {any} */ (globalThis).ethereum;

/** @param {Kernel} chain @returns {Promise<KeyOwner>} */
export async function connect(chain) {
  const ask_ = async (/** @type {string} */ method, /** @type {unknown[]} */ ...params) => {
    try {
      return await /** @type {NonNullable<ReturnType<typeof provider>>} */ (provider()).request({ method, params });
    } catch (e) {
      if (/** @type {any} */ (e)?.code === 4001) throw new Trouble('Your wallet says that you refused.', 'Nothing was signed. Try again when you are ready.');
      throw new Trouble('Your wallet did not do what was asked.', 'Nothing was signed. Look at the wallet, and try again.', e);
    }
  };
  const [account] = await ask_('eth_requestAccounts');
  const owner = checksum(toHex(fromHex(account, 20)));
  if (BigInt(await ask_('eth_chainId')) !== chain.id) await ask_('wallet_switchEthereumChain', { chainId: '0x' + chain.id.toString(16) });
  const signed = async (/** @type {string} */ method, /** @type {unknown[]} */ params, /** @type {Uint8Array} */ digest) => {
    const b = fromHex(await ask_(method, ...params), 65);
    if (b[64] < 27) b[64] += 27;
    if (signer(digest, b) !== owner) throw new Trouble('The wallet signed something else, or with another account.', `Nothing was sent. Choose ${owner} in your wallet, and try again.`);
    return b;
  };
  return {
    kind: 'ecdsa', owner, where: 'your connected wallet',
    typed: ({ digest, json }) => signed('eth_signTypedData_v4', [owner, json], digest),
    personal: (hash) => signed('personal_sign', [toHex(hash), owner], personal(hash)),
  };
}
