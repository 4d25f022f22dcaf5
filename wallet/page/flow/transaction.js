// @ts-check
/**
 * Flow transactions of one account that proposes and authorizes, and pays unless somebody else does: what its passkeys sign,
 * a signature's extension (FLIP 264), the bytes that are sent, the id. As package flow.
 */
import { sha3_256 } from '@noble/hashes/sha3.js';
import { MalformedError, concat, equal, fromHex, toHex, uint, utf8 } from '../bytes.js';
import { sha256 } from '../assertion.js';

/** @typedef {import('../assertion.js').Signed} Signed */

/**
 * @typedef {object} Transaction
 * @property {Uint8Array} script Cadence
 * @property {Uint8Array[]} args JSON-Cadence, one document each
 * @property {Uint8Array} block reference block, 32 bytes
 * @property {number} gas
 * @property {Uint8Array} account 8 bytes
 * @property {number} key its number in the account
 * @property {bigint} sequence
 * @property {Uint8Array} [payer] who pays, 8 bytes; none: the account
 *
 * @typedef {Signed & {key: number}} KeySigned a passkey's signature, and which key of the account it is
 * @typedef {Uint8Array | bigint | any[]} Item of RLP; a list has items
 */

export const MAX_GAS = 9999;

/** @param {string} name 32 bytes: the name, then zeros */
const tag = (name) => concat(utf8(name), new Uint8Array(32 - name.length));

/** Whole bytes, big endian, none for nought. @param {bigint} n */
function minimal(n) {
  const digits = n ? n.toString(16) : '';
  return fromHex('0x' + (digits.length % 2 ? '0' : '') + digits);
}

/** @param {number} base @param {number} n */
function head(base, n) {
  if (n < 56) return Uint8Array.of(base + n);
  const size = minimal(BigInt(n));
  return concat(Uint8Array.of(base + 55 + size.length), size);
}

/** @param {Item} v @returns {Uint8Array} */
export function rlp(v) {
  if (Array.isArray(v)) {
    const body = concat(...v.map((item) => rlp(item)));
    return concat(head(0xc0, body.length), body);
  }
  const b = typeof v === 'bigint' ? minimal(v) : v;
  return b.length === 1 && b[0] < 0x80 ? b : concat(head(0x80, b.length), b);
}

/** A list of items that are written already. @param {...Uint8Array} items */
export const listOf = (...items) => {
  const body = concat(...items);
  return concat(head(0xc0, body.length), body);
};

/** Whether somebody else pays. @param {Transaction} t */
export const sponsored = (t) => t.payer !== undefined && !equal(t.payer, t.account);

/** @param {Transaction} t @returns {Item[]} */
const payload = (t) => [t.script, t.args, t.block, BigInt(t.gas), t.account, BigInt(t.key), t.sequence, t.payer ?? t.account, [t.account]];

export const TAG = tag('FLOW-V0.0-transaction');

/** What the account signs: the payload if another one pays, otherwise the envelope, of which nobody has signed the payload. @param {Transaction} t */
export const message = (t) => concat(TAG, rlp(sponsored(t) ? payload(t) : [payload(t), []]));

/** What is signed to prove that an account is one's own. @param {string} app @param {Uint8Array} account @param {Uint8Array} nonce */
export const proofMessage = (app, account, nonce) => concat(tag('FCL-ACCOUNT-PROOF-V0.0'), rlp([utf8(app), account, nonce]));

/** What the passkey is asked to sign. @param {Uint8Array} m */
export const challenge = (m) => sha256(m);

/** 0x01 ‖ RLP([authenticatorData, clientDataJSON]). @param {{authenticatorData: Uint8Array, clientDataJSON: Uint8Array}} a */
export const extension = (a) => concat(Uint8Array.of(1), rlp([a.authenticatorData, a.clientDataJSON]));

/** The signed transaction and its id. @param {Transaction} t @param {Signed} a by the key that proposes */
export const whole = (t, a) => gathered(t, [{ ...a, key: t.key }]);

/**
 * A transaction with the signatures that it has so far, and the id that it has if these are all.
 * @param {Transaction} t @param {KeySigned[]} signatures the account's @param {{key: number, signature: Uint8Array}} [paid] the payer's, by a plain key
 */
export function gathered(t, signatures, paid) {
  const own = [...signatures].sort((a, b) => a.key - b.key);
  if (own.some((a, i) => i && a.key === own[i - 1].key)) throw new MalformedError('a key has signed twice');
  const list = own.map((a) => [0n, BigInt(a.key), a.signature, extension(a)]); // the account is the first of those who sign
  const bytes = rlp([payload(t), ...(sponsored(t) ? [list, paid ? [[1n, BigInt(paid.key), paid.signature]] : []] : [[], list])]);
  return { bytes, id: idOf(bytes) };
}

/** @param {Uint8Array} bytes of a whole transaction */
export const idOf = (bytes) => digits(sha3_256(bytes));

/** Hexadecimal digits as Flow writes them, without 0x. @param {Uint8Array} b */
export const digits = (b) => toHex(b).slice(2);

/** What a person typed or a server said: 16 digits, with or without 0x. @param {unknown} text */
export function parseAddress(text) {
  const t = String(text).trim().replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{1,16}$/.test(t)) throw new MalformedError('an address of Flow has 16 digits');
  return uint(BigInt('0x' + t), 8);
}

/** What a person typed as an address. Throws a sentence. @param {string} text */
export function typedAddress(text) {
  const t = text.trim();
  if (!t) throw new Error('Enter an address.');
  if (!/^(0x)?[0-9a-f]{16}$/i.test(t)) throw new Error('An address of Flow has 16 digits, 0–9 and a–f.');
  return parseAddress(t);
}
