// @ts-check
/**
 * What this page knows while it is open, and what it remembers. The one secret is
 * the owner key: in memory, and in sessionStorage so that a reload of this tab does
 * not lose it. It is written nowhere else; forgetting it overwrites the one and empties the other.
 */
import { fromHex, toHex } from '../bytes.js';
import { addressOf, valid } from '../secp256k1.js';

/**
 * @typedef {import('../hybrid.js').PasskeyKey & {id: Uint8Array}} Passkey whose public key this page has seen for itself
 * @typedef {{address: string, owner?: string, salt?: string, moved?: boolean, sent?: boolean, eoa?: boolean}} Remembered an account: the owner and salt that its address was made of, where known; whether the owner was changed and a passkey has sent here; whether it is the address of the key itself (EIP-7702)
 * @typedef {import('../hybrid.js').Signers & {deployed: boolean, balance: bigint}} OnChain as the chain has it
 */

export const session = {
  /** Set before any button works. */
  chain: /** @type {import('./chain.js').Gator} */ (/** @type {unknown} */ (undefined)),
  owner: /** @type {{address: string, secret: Uint8Array} | undefined} */ (undefined),
  /** The next owner's key, from before it is named to the chain until the chain names it. */
  next: /** @type {Uint8Array | undefined} */ (undefined),
  /** The owner key that this page held and has forgotten: its address. */
  lost: /** @type {string | undefined} */ (undefined),
  account: /** @type {Remembered | undefined} */ (undefined),
  now: /** @type {OnChain | undefined} */ (undefined),
  passkeys: /** @type {Passkey[]} */ ([]),
};

const OWNER = 'postern.backup.owner';
const NEXT = 'postern.backup.next';
const LOST = 'postern.backup.lost';
const ACCOUNT = 'postern.backup.account';

/** @param {() => void} f storage may be forbidden, and everything works without */
function quietly(f) {
  try {
    f();
  } catch {
    // then a reload forgets it
  }
}

/** @param {Uint8Array} secret valid */
export function holdOwner(secret) {
  session.owner = { address: addressOf(secret), secret };
  session.lost = undefined;
  quietly(() => {
    sessionStorage.setItem(OWNER, toHex(secret));
    sessionStorage.removeItem(LOST);
  });
}

/** The page forgets the owner key: its bytes are overwritten here and removed from the tab's storage. */
export function forgetOwner() {
  if (!session.owner) return;
  session.lost = session.owner.address;
  session.owner.secret.fill(0);
  session.owner = undefined;
  quietly(() => {
    sessionStorage.removeItem(OWNER);
    sessionStorage.setItem(LOST, /** @type {string} */ (session.lost));
  });
}

/** @param {Uint8Array} secret of the owner that an operation is about to name */
export function holdNext(secret) {
  session.next = secret;
  quietly(() => sessionStorage.setItem(NEXT, toHex(secret)));
}

/** Makes the next owner's key the owner key if the chain names it. @param {string} owner as the chain says */
export function adopt(owner) {
  if (!session.next || addressOf(session.next) !== owner) return false;
  holdOwner(session.next);
  session.next = undefined;
  quietly(() => sessionStorage.removeItem(NEXT));
  return true;
}

/**
 * What is known of the account is remembered in this browser; there is no secret in it.
 * And in this tab: another tab's account would not be the one that this tab's key opens.
 * @param {Remembered} account
 */
export function hold(account) {
  session.account = account;
  const text = JSON.stringify(account);
  quietly(() => sessionStorage.setItem(ACCOUNT, text));
  quietly(() => localStorage.setItem(ACCOUNT, text));
}

/** The account that was open last in this tab, else in this browser. */
export const remembered = () => openHere() ?? read(() => localStorage);

/** The account that was open last in this tab. */
export const openHere = () => read(() => sessionStorage);

/** @param {() => Storage} from @returns {Remembered | undefined} */
function read(from) {
  try {
    const r = JSON.parse(from().getItem(ACCOUNT) ?? 'null');
    fromHex(r.address, 20);
    if (r.owner !== undefined) fromHex(r.owner, 20);
    if (r.salt !== undefined) fromHex(r.salt, 32);
    return { address: r.address, owner: r.owner, salt: r.salt, moved: r.moved === true, sent: r.sent === true, eoa: r.eoa === true };
  } catch {
    return undefined;
  }
}

/** @param {string} name */
function stored(name) {
  const text = sessionStorage.getItem(name);
  const secret = text === null ? undefined : fromHex(text, 32);
  return secret && valid(secret) ? secret : undefined;
}

/** After a reload, on a development chain: the key that this tab holds, or the address of the one it has lost. */
export function restore() {
  quietly(() => {
    session.lost = sessionStorage.getItem(LOST) ?? undefined;
    const secret = stored(OWNER);
    session.owner = secret && { address: addressOf(secret), secret };
    session.next = stored(NEXT);
  });
}

/** Leaves the account: everything is forgotten, the owner key with it. */
export function leave() {
  session.owner?.secret.fill(0);
  session.next?.fill(0);
  Object.assign(session, { owner: undefined, lost: undefined, next: undefined, account: undefined, now: undefined, passkeys: [] });
  quietly(() => {
    for (const k of [OWNER, LOST, NEXT, ACCOUNT]) sessionStorage.removeItem(k);
    localStorage.removeItem(ACCOUNT);
  });
}
