// @ts-check
/**
 * Flow transactions of one account that proposes, pays and authorizes: what its passkey signs, the signature's
 * extension (FLIP 264), the bytes that are sent, the id. As package flow.
 */
import { sha3_256 } from '@noble/hashes/sha3.js';
import { MalformedError, concat, fromHex, toHex, uint, utf8 } from '../bytes.js';
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
 *
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

/** @param {Transaction} t @returns {Item} */
const payload = (t) => [t.script, t.args, t.block, BigInt(t.gas), t.account, BigInt(t.key), t.sequence, t.account, [t.account]];

/** What is signed: the envelope, because the account pays, and nobody signs a payload. @param {Transaction} t */
export const message = (t) => concat(tag('FLOW-V0.0-transaction'), rlp([payload(t), []]));

/** What is signed to prove that an account is one's own. @param {string} app @param {Uint8Array} account @param {Uint8Array} nonce */
export const proofMessage = (app, account, nonce) => concat(tag('FCL-ACCOUNT-PROOF-V0.0'), rlp([utf8(app), account, nonce]));

/** What the passkey is asked to sign. @param {Uint8Array} m */
export const challenge = (m) => sha256(m);

/** 0x01 ‖ RLP([authenticatorData, clientDataJSON]). @param {{authenticatorData: Uint8Array, clientDataJSON: Uint8Array}} a */
export const extension = (a) => concat(Uint8Array.of(1), rlp([a.authenticatorData, a.clientDataJSON]));

/** The signed transaction and its id. @param {Transaction} t @param {Signed} a */
export function whole(t, a) {
  const bytes = rlp([payload(t), [], [[0n, BigInt(t.key), a.signature, extension(a)]]]);
  return { bytes, id: digits(sha3_256(bytes)) };
}

/** Hexadecimal digits as Flow writes them, without 0x. @param {Uint8Array} b */
export const digits = (b) => toHex(b).slice(2);

/** What a person typed or a server said: 16 digits, with or without 0x. @param {unknown} text */
export function parseAddress(text) {
  const t = String(text).trim().replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{1,16}$/.test(t)) throw new MalformedError('an address of Flow has 16 digits');
  return uint(BigInt('0x' + t), 8);
}
