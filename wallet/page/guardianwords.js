// @ts-check
/** What guardians sign, and a setup, in the words of package account/guardian. */
import { checksum, passkeySigner } from './account.js';
import { keccak } from './abi.js';
import { toHex } from './bytes.js';
import { DAY, weightOf } from './guardians.js';

/** @typedef {import('./guardians.js').Message} Message @typedef {import('./guardians.js').Setup} Setup */

/** What package p256table calls its formats. @type {Record<number, string>} */
const TABLES = { 0x11: '512', 0x12: '1k', 0x13: '4k', 0x14: '16k' };

const hex = (/** @type {Uint8Array} */ b) => toHex(b).slice(2);

/** A signer in short: of a passkey so much that nobody makes another one that is called the same. @param {Uint8Array} signer */
export function nameOf(signer) {
  const p = passkeySigner(signer);
  if (p) return `the passkey ${hex(p.x.subarray(0, 8))}…${hex(p.x.subarray(24))} (${rule(p.rule)})`;
  const address = checksum(toHex(signer.subarray(0, 20)));
  return signer.length === 20 ? `the key ${address}` : `the signer ${hex(keccak(signer).subarray(0, 16))} of verifier ${address}`;
}

/** @param {number} r */
function rule(r) {
  const word = (/** @type {number} */ shift) => ['', 'required', 'forbidden'][(r >> shift) & 3] ?? '';
  const out = /** @type {[string, number][]} */ ([['user verification', 0], ['backup eligibility', 2], ['backup', 4]]).filter(([, shift]) => word(shift)).map(([name, shift]) => `${name} ${word(shift)}`);
  return out.length ? out.join(', ') : 'user presence only';
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** @param {number} seconds since 1970 */
export function when(seconds) {
  const d = new Date(seconds * 1000);
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()} ${d.toISOString().slice(11, 19)} UTC`;
}

/** Counted from 1. @param {number} n */
const tier = (n) => `tier ${n + 1}`;

/** Whole days as days. @param {number} seconds */
export function duration(seconds) {
  const counted = (/** @type {number} */ n, /** @type {string} */ unit) => `${n} ${unit}${n === 1 ? '' : 's'}`;
  const days = counted(Math.floor(seconds / DAY), 'day'), hours = counted((seconds % DAY) / 3600, 'hour');
  if (seconds % DAY === 0) return days;
  if (seconds % 3600 === 0) return seconds < DAY ? hours : `${days} and ${hours}`;
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return h ? `${h}h${m}m${s}s` : m ? `${m}m${s}s` : `${s}s`;
}

/** What signing it does, a sentence each. @param {Message} m @returns {string[]} */
export function words(m) {
  switch (m.kind) {
    case 'recover': return [
      `Recover the account ${m.account}: give it the new signer ${nameOf(m.newSigner)}.`,
      `These signers lose their access: ${m.replaces.map(nameOf).join(', ')}.`,
      `It is proposed by the guardians of ${tier(m.tier)} and begins to wait when it is sent; the account's owner can object all that time.`,
      `It can be sent until ${when(m.deadline)}.`,
      ...(m.table ? [`The new signer's table of ${TABLES[m.table] ?? `unknown format 0x${m.table.toString(16).padStart(2, '0')}`} is built and used.`] : []),
      'Sign only if the owner has asked you, in person or by voice, and has read the new signer\'s name to you.',
    ];
    case 'cancel': return [`Stop the recovery of ${m.account} that the guardians of ${tier(m.tier)} have proposed, by the word of the guardians of ${tier(m.by)}.`];
    case 'freeze': return [`Freeze the account ${m.account}: it can do nothing for the time that its owner has set up. Recovery goes on.`, until(m.tier, m.deadline)];
    case 'unfreeze': return [`End the freeze of the account ${m.account}.`, until(m.tier, m.deadline)];
    case 'drill': return [`A drill of ${when(m.date)}: show that you could help to recover the account ${m.account}.`, 'No contract accepts this signature; nothing happens to the account.'];
  }
}

/** @param {number} t @param {number} deadline */
const until = (t, deadline) => `By the word of the guardians of ${tier(t)}, until ${when(deadline)} at the latest.`;

/** Who has to agree in a tier. @param {import('./guardians.js').Tier} t */
export function quorum(t) {
  if (t.guardians.some((g) => g.weight !== 1n)) return `guardians who weigh ${t.threshold} of ${weightOf(t)} together`;
  return t.guardians.length === 1 && t.threshold === 1n ? 'one guardian' : `${t.threshold} of ${weightOf(t)} guardians`;
}

/** A setup for its owner. @param {Setup} s */
export function setupWords(s) {
  const out = s.tiers.map((t, i) => {
    const plain = t.guardians.every((g) => g.weight === 1n);
    const list = t.guardians.map((g) => nameOf(g.signer) + (plain ? '' : ` (weighs ${g.weight})`));
    return `Tier ${i + 1}: ${quorum(t)} can bring in a new signer after ${duration(t.delay)}: ${list.join(', ')}.`;
  });
  out.push(
    'The account\'s owner can stop it all that time with any quorum of its own signers.',
    `A proposal that nobody executes dies ${duration(s.expiry)} after its delay.`,
    `A change of guardians, or leaving, takes ${duration(s.changeDelay)}.`,
    s.freeze ? `A majority of a tier, of two guardians at least, can freeze the account for ${duration(s.freeze)}.` : 'Guardians cannot freeze the account.');
  return out;
}
