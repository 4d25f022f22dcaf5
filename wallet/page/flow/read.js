// @ts-check
/**
 * Transactions that one passkey has signed and another one has yet to: the whole in RLP, as package flow writes it and
 * "postern flow tx sign" reads it. Only those of one account are read here; somebody else may pay.
 */
import { MalformedError, concat, equal, fromHex, toBigInt } from '../bytes.js';
import { decode } from './decode.js';
import { TAG, digits, extension, gathered, listOf } from './transaction.js';

/** @typedef {import('./transaction.js').Transaction} Transaction @typedef {import('./transaction.js').KeySigned} KeySigned */

/** @param {unknown} ok @param {string} what @returns {asserts ok} */
function must(ok, what) {
  if (!ok) throw new MalformedError(what);
}

/** Where an item's contents begin, and where it ends. @param {Uint8Array} b @param {number} at */
function item(b, at) {
  const first = b[at];
  if (first < 0x80) return [at, at + 1];
  const size = first & 0x3f;
  const wide = size > 55 ? size - 55 : 0;
  must(wide <= 4, 'a length that is too long');
  const from = at + 1 + wide;
  const end = from + (wide ? Number(toBigInt(b.subarray(at + 1, from))) : size);
  must(at < b.length && end <= b.length, 'it is cut off');
  return [from, end];
}

/** The items of a list as they are written, and as many as are wanted. @param {Uint8Array} b @param {number} count */
function items(b, count) {
  must(b[0] >= 0xc0, 'it is no list');
  let [at, end] = item(b, 0);
  must(end === b.length, 'bytes are left over');
  const out = [];
  while (at < end && out.length <= count) {
    const [, next] = item(b.subarray(0, end), at);
    out.push(b.subarray(at, next));
    at = next;
  }
  must(out.length === count && equal(listOf(...out), b), `it has not ${count} parts, written in the shortest way`);
  return out;
}

/** @param {Uint8Array} ext @returns {{authenticatorData: Uint8Array, clientDataJSON: Uint8Array}} */
function assertion(ext) {
  must(ext[0] === 1, 'a signature is of another kind than a passkey’s');
  const [authenticatorData, clientDataJSON] = items(ext.subarray(1), 2).map((one) => one.slice(...item(one, 0)));
  must(equal(extension({ authenticatorData, clientDataJSON }), ext), 'an extension is not written in the shortest way');
  return { authenticatorData, clientDataJSON };
}

/** @param {string} address 16 digits */
const bytesOf = (address) => fromHex('0x' + address, 8);

/** Whether the signatures are good is not looked at. @param {Uint8Array} bytes @returns {{t: Transaction, signatures: KeySigned[], paid?: {key: number, signature: Uint8Array}}} */
export function parse(bytes) {
  const [payload, inside, outside] = items(bytes, 3);
  const d = decode(concat(TAG, payload));
  const account = d.proposer.address;
  must(d.authorizers.length === 1 && d.authorizers[0] === account && account !== '0'.repeat(16), 'it is of more accounts than one');
  const other = d.payer !== account;
  const own = decode(concat(TAG, listOf(payload, other ? inside : outside))).signatures;
  const rest = decode(concat(TAG, listOf(payload, other ? outside : inside))).signatures;
  must(own.every((s) => s.address === account), 'somebody else has signed for the account');
  must(other ? rest.length <= 1 && rest.every((s) => s.address === d.payer && !s.extension) : !rest.length, 'there are signatures where none belong');
  const t = { script: d.script, args: d.args, block: d.block, gas: d.gas, account: bytesOf(account), key: d.proposer.key, sequence: d.proposer.sequence, ...(other ? { payer: bytesOf(d.payer) } : {}) };
  const signatures = own.map((s) => {
    must(s.extension && s.signature.length === 64, 'a signature is of another kind than a passkey’s');
    return { key: s.key, signature: s.signature, ...assertion(s.extension) };
  });
  const paid = rest.length ? { key: rest[0].key, signature: rest[0].signature } : undefined;
  must(equal(gathered(t, signatures, paid).bytes, bytes), `it is not written as it should be: ${digits(bytes.subarray(0, 8))}…`);
  return { t, signatures, paid };
}
