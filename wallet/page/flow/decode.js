// @ts-check
/**
 * What somebody else wants signed: tag ‖ RLP of a payload, or of an envelope. As DecodeMessage of package flow, and stricter
 * where nodes take what cannot be shown: texts are UTF-8, and the lists have limits.
 */
import { MalformedError, concat, equal, toBigInt, utf8 } from '../bytes.js';
import { MAX_GAS, digits, rlp } from './transaction.js';

/**
 * @typedef {{address: string, key: number, signature: Uint8Array, extension?: Uint8Array}} Signature
 * @typedef {object} Decoded addresses are 16 digits
 * @property {'payload' | 'envelope'} kind
 * @property {Uint8Array} script
 * @property {string} text of the script
 * @property {Uint8Array[]} args
 * @property {string[]} texts of the arguments
 * @property {Uint8Array} block
 * @property {number} gas
 * @property {{address: string, key: number, sequence: bigint}} proposer
 * @property {string} payer
 * @property {string[]} authorizers
 * @property {Signature[]} signatures of the payload; none if that is what is to be signed
 */

/** Bytes that nodes take; a transaction has to fit with its signatures. */
export const MAX_MESSAGE = 1_500_000;
/** Arguments, authorizers or signatures; no transaction that a person could read has more. */
const MOST = 256;
const ITEMS = 2000;
const DEPTH = 4;
const TAG = concat(utf8('FLOW-V0.0-transaction'), new Uint8Array(11));

/** @param {unknown} ok @param {string} what @returns {asserts ok} */
function must(ok, what) {
  if (!ok) throw new MalformedError(what);
}

/** One item and where it ends. Whether it is written in the one right way is seen by writing it again.
 * @param {Uint8Array} b @param {number} at @param {number} end @param {number} depth @param {{left: number}} count @returns {{value: any, next: number}} */
function item(b, at, end, depth, count) {
  must(at < end, 'it ends where something should begin');
  must(count.left-- > 0, 'it has too many parts');
  const first = b[at];
  if (first < 0x80) return { value: b.subarray(at, at + 1), next: at + 1 };
  const list = first >= 0xc0;
  let size = first & 0x3f;
  let start = at + 1;
  if (size >= 56) {
    const width = size - 55;
    must(width <= 4 && start + width <= end, 'a length that is too long');
    size = Number(toBigInt(b.subarray(start, start + width)));
    start += width;
  }
  const next = start + size;
  must(next <= end, 'it ends within a part');
  if (!list) return { value: b.subarray(start, next), next };
  must(depth > 0, 'lists in lists in lists');
  const value = [];
  for (let here = start; here < next;) {
    const one = item(b, here, next, depth - 1, count);
    value.push(one.value);
    here = one.next;
  }
  return { value, next };
}

/** @param {any} v @param {string} what @param {number} [length] @returns {Uint8Array} */
function bytes(v, what, length) {
  must(v instanceof Uint8Array && (length === undefined || v.length === length), `${what} is not what it should be`);
  return v;
}

/** @param {any} v @param {string} what @param {number} [most] @param {number} [least] @returns {any[]} */
function list(v, what, most = MOST, least = 0) {
  must(Array.isArray(v) && v.length >= least && v.length <= most, `${what} are not as many as they should be`);
  return v;
}

/** @param {any} v @param {string} what @param {bigint} most @returns {bigint} */
function number(v, what, most) {
  const b = bytes(v, what);
  must(b.length <= 8 && b[0] !== 0 && toBigInt(b) <= most, `${what} is no number that fits`);
  return toBigInt(b);
}

/** @param {Uint8Array} b @param {string} what */
function text(b, what) {
  let t = '\ufeff';
  try {
    t = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(b);
  } catch {
    // said below
  }
  must(!t.startsWith('\ufeff'), `${what} is not text in UTF-8`);
  return t;
}

const KEY = 0xffffffffn;
const ANY = 0xffffffffffffffffn;
const NOBODY = '0'.repeat(16);

/** Who signs, in the order in which signatures refer to them. @param {Pick<Decoded, 'proposer' | 'payer' | 'authorizers'>} t */
export const signers = (t) => [...new Set([t.proposer.address, t.payer, ...t.authorizers])].filter((a) => a !== NOBODY);

/** @param {Uint8Array} message @returns {Decoded} */
export function decode(message) {
  must(message.length <= MAX_MESSAGE, 'it is too long');
  must(equal(message.subarray(0, 32), TAG), 'it does not begin with the domain tag of transactions');
  const body = message.subarray(32);
  const { value } = item(body, 0, body.length, DEPTH, { left: ITEMS });
  must(Array.isArray(value), 'it is no list');
  must(equal(rlp(value), body), 'it is not written in the shortest way, or something follows');
  const envelope = Array.isArray(value[0]);
  const [payload, signed] = envelope ? list(value, 'the parts of the envelope', 2, 2) : [value, []];
  const [script, args, block, gas, proposer, key, sequence, payer, authorizers] = list(payload, 'the parts of the payload', 9, 9);
  /** @type {Decoded} */
  const out = {
    kind: envelope ? 'envelope' : 'payload',
    script: bytes(script, 'the script'), text: text(bytes(script, 'the script'), 'the script'),
    args: list(args, 'the arguments').map((a) => bytes(a, 'an argument')), texts: [],
    block: bytes(block, 'the reference block', 32),
    gas: Number(number(gas, 'the gas limit', BigInt(MAX_GAS))),
    proposer: { address: digits(bytes(proposer, 'the proposer', 8)), key: Number(number(key, 'the proposer’s key', KEY)), sequence: number(sequence, 'the sequence number', ANY) },
    payer: digits(bytes(payer, 'the payer', 8)),
    authorizers: list(authorizers, 'the authorizers').map((a) => digits(bytes(a, 'an authorizer', 8))),
    signatures: [],
  };
  out.texts = out.args.map((a, i) => text(a, `argument ${i + 1}`));
  const all = signers(out);
  let last = [-1, -1];
  out.signatures = list(signed, 'the signatures').map((one) => {
    const [who, its, signature, extension] = list(one, 'the parts of a signature', 4, 3);
    const place = [Number(number(who, 'a signer', KEY)), Number(number(its, 'a signer’s key', KEY))];
    must(place[0] < all.length, 'a signature of nobody');
    must(place[0] > last[0] || (place[0] === last[0] && place[1] > last[1]), 'signatures are not in their order');
    last = place;
    /** @type {Signature} */
    const s = { address: all[place[0]], key: place[1], signature: bytes(signature, 'a signature') };
    if (extension !== undefined) {
      s.extension = bytes(extension, 'an extension');
      must(s.extension.length > 1 || (s.extension.length === 1 && s.extension[0] !== 0), 'a plain signature has no extension');
    }
    return s;
  });
  return out;
}
