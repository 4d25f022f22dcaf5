// @ts-check
/**
 * An account of Flow: whose address it can be, which of its keys somebody holds, what its transactions say,
 * and how its keys sign. Several keys sign one after the other until their weights suffice.
 */
import { sha3_256 } from '@noble/hashes/sha3.js';
import { sha256 } from '../page/assertion.js';
import { concat, fromHex, toBigInt, utf8 } from '../page/bytes.js';
import { MAX_GAS, digits, extension, message, parseAddress, rlp, typedAddress } from '../page/flow/transaction.js';
import { shown } from '../page/flow/words.js';
import { Trouble } from '../page/words.js';
import { inUnits } from './node.js';

/**
 * @typedef {import('./access.js').Key} Key
 * @typedef {import('./access.js').Account} Account
 * @typedef {import('./holders.js').Holder} Holder
 * @typedef {import('../page/flow/transaction.js').Transaction} Transaction
 * @typedef {{key: number, signature: Uint8Array, extension?: Uint8Array}} Signature no extension: a plain key's
 * @typedef {{holder: Holder, key: Key}} Signer
 * @typedef {{t: Transaction, signatures: Signature[], id: string, noun: string, done: string, unsure?: boolean, over?: boolean}} Held what is signed; unsure: may be on its way
 * @typedef {{add: string, revoke: string, available: string, reserve: number, transfer: Record<string, string>}} Scripts
 * @typedef {import('../page/flow/words.js').Shown & {noun: string, done: string}} Told
 */

/** What an account's keys must weigh together. */
export const THRESHOLD = 1000;

// Addresses.

/** What makes an address of one network: the words that its addresses differ by from mainnet's. @type {Record<string, [string, bigint]>} */
const NETWORKS = {
  'flow-mainnet': ['Flow', 0n],
  'flow-testnet': ['Flow testnet', 0x6834ba37b3980209n],
  'flow-emulator': ['Flow emulator', 0x1cb159857af02018n],
};

/** @param {string} chain */
export const networkName = (chain) => NETWORKS[chain]?.[0] ?? chain;

/** Columns 19 to 63 of the parity check of Flow's [64,45,7] code; those below are the bits themselves. */
const PARITY = ('7328d 6689a 6112f 6084b 433fd 42aab 41951 233ce 22a81 21948 1ef60 1deca 1c639 1bdd8 1a535 194ac 18c46 1632b 1529b 14a43 13184 12942 118c1 '
  + 'f812 e027 d00e c83c b01d a831 982b 7034 682a 5819 3807 7d2 727 68e 67c 59d 4eb 3b4 36a 2d9 1c7 3f').split(' ').map((h) => parseInt(h, 16));

/** Which network an address is of; '': of none that is known, so a digit is wrong. @param {Uint8Array} address */
export function networkOf(address) {
  for (const [chain, [, word]] of Object.entries(NETWORKS)) {
    const n = toBigInt(address) ^ word;
    if (n && PARITY.reduce((sum, column, i) => ((n >> BigInt(19 + i)) & 1n ? sum ^ column : sum), Number(n & 0x7ffffn)) === 0) return chain;
  }
  return '';
}

/** What a person typed, on one chain. Throws a sentence. @param {string} text @param {string} chain @returns {Uint8Array} */
export function parseFlow(text, chain) {
  const address = typedAddress(text);
  const of = networkOf(address);
  if (!of) throw new Error('This is no address of Flow: a digit is wrong. Copy it again.');
  if (of !== chain) throw new Error(`This is an address of ${networkName(of)}, and the node is of ${networkName(chain)}.`);
  return address;
}

// Keys.

/** The account's keys that a holder can sign as. @param {Account} account @param {Holder} holder @returns {Key[]} */
export function keysOf(account, holder) {
  return account.keys.filter((k) => !k.revoked && k.weight > 0 && (holder.plain
    ? holder.plain.publicOf(k.curve) === k.public && ['SHA2_256', 'SHA3_256'].includes(k.hash)
    : k.curve === 'ECDSA_P256' && k.hash === 'SHA2_256' && holder.keys.some((p) => digits(concat(p.x, p.y)) === k.public)));
}

/** @param {Signer[]} signers */
export const weigh = (signers) => signers.reduce((sum, s) => sum + s.key.weight, 0);

/** As few of the signers as suffice, the heaviest first. @param {Signer[]} signers */
export function enough(signers) {
  const out = [];
  for (const s of [...signers].sort((a, b) => b.key.weight - a.key.weight || a.key.index - b.key.index)) {
    if (weigh(out) < THRESHOLD) out.push(s);
  }
  return out;
}

// Transactions.

/** @param {bigint} units of 10⁻⁸ */
export const fixed = (units) => `${units / 100_000_000n}.${String(units % 100_000_000n).padStart(8, '0')}`;

/** @param {string} type @param {string} value */
const one = (type, value) => ({ type, value });
/** @param {string} type @param {string} value */
const column = (type, value) => ({ type: 'Array', value: [one(type, value)] });

/** What is asked of the account, as script and arguments. */
export const deeds = {
  /** @param {Scripts} s @param {string} chain @param {Uint8Array} to @param {bigint} units */
  transfer: (s, chain, to, units) => ({ script: s.transfer[chain], args: [one('UFix64', fixed(units)), one('Address', '0x' + digits(to))] }),
  /** @param {Scripts} s @param {{public: string, curve: number, hash: number, weight: number}} k as Cadence numbers them */
  add: (s, k) => ({ script: s.add, args: [column('String', k.public), column('UInt8', String(k.curve)), column('UInt8', String(k.hash)), column('UFix64', `${k.weight}.00000000`)] }),
  /** @param {Scripts} s @param {number} index */
  revoke: (s, index) => ({ script: s.revoke, args: [one('Int', String(index))] }),
};

/** @typedef {{script: string, args: object[]}} Deed */

/** A transaction that lacks its signatures. @param {import('./access.js').Access} access @param {Account} account read before @param {Signer[]} signers @param {Deed} deed @returns {Promise<Transaction>} */
export async function prepared(access, account, signers, { script, args }) {
  const first = account.keys.find((k) => k.index === signers[0].key.index);
  const gone = signers.find((s) => !account.keys.some((k) => k.index === s.key.index && k.public === s.key.public && k.weight === s.key.weight && !k.revoked));
  if (!first || gone) throw new Trouble('What you hold may no longer sign for this account.', 'Its keys have changed. Open the account again.');
  return { script: utf8(script), args: args.map((a) => utf8(JSON.stringify(a))), block: (await access.block()).id, gas: MAX_GAS, account: account.address, key: first.index, sequence: first.sequence };
}

/** What is about to be signed, read back from the transaction itself. @param {Transaction} t @param {Scripts} scripts @param {string} chain @returns {Promise<Told>} */
export async function told(t, scripts, chain) {
  const [a, b] = t.args.map((arg) => JSON.parse(new TextDecoder().decode(arg)));
  if (new TextDecoder().decode(t.script) === scripts.transfer[chain]) {
    const units = BigInt(a.value.replace('.', ''));
    const to = parseAddress(b.value);
    if (JSON.stringify(deeds.transfer(scripts, chain, to, units).args) !== JSON.stringify([a, b])) throw new TypeError('arguments of no transfer');
    const amount = `${inUnits(units, 8)} FLOW`;
    return {
      title: `Send ${amount}`, noun: `transfer of ${amount} to 0x${digits(to)}`, done: `${amount} sent`, known: true, cautions: [],
      hash: digits(await sha256(t.script)), rows: [['To', '0x' + digits(to), 'code'], ['Amount', amount, 'strong']],
    };
  }
  const said = await shown(t);
  if (!said.known) throw new TypeError('a script of somebody else');
  return { ...said, ...(b ? { noun: 'new key', done: 'The key is added' } : { noun: `revocation of key ${a.value}`, done: `Key ${a.value} is revoked` }) };
}

// Signatures.

/** One key's signature of a transaction. @param {Transaction} t @param {Signer} s @param {AbortSignal} signal @returns {Promise<Signature>} */
export async function sign(t, { holder, key }, signal) {
  const m = message(t);
  if (holder.plain) return { key: key.index, signature: holder.plain.sign(key.hash === 'SHA3_256' ? sha3_256(m) : await sha256(m), key.curve) };
  const a = await holder.assert(await sha256(m), { x: fromHex('0x' + key.public.slice(0, 64)), y: fromHex('0x' + key.public.slice(64)) }, 1, signal);
  return { key: key.index, signature: a.signature, extension: extension(a) };
}

/** With all its signatures, in the order of keys: the id that every node knows it by. @param {Transaction} t @param {Signature[]} given */
export function complete(t, given) {
  const signatures = [...given].sort((a, b) => a.key - b.key);
  const payload = [t.script, t.args, t.block, BigInt(t.gas), t.account, BigInt(t.key), t.sequence, t.account, [t.account]];
  const bytes = rlp([payload, [], signatures.map((s) => [0n, BigInt(s.key), s.signature, ...(s.extension ? [s.extension] : [])])]);
  return { signatures, id: digits(sha3_256(bytes)) };
}
