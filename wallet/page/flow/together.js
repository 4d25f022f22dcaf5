// @ts-check
/** Keys that sign together: what an account is without one of them, and transactions on their way from one to the other. */
import { carried, unpacked } from '../grant/share.js';
import { WEIGHT, weightOf } from './chain.js';

/** Keys by their numbers: “key 1”, “key 1 or key 2”. @param {number[]} numbers @param {'and' | 'or'} word */
export const keyNames = (numbers, word) => new Intl.ListFormat('en', { type: word === 'or' ? 'disjunction' : 'conjunction' }).format(numbers.map((n) => `key ${n}`));

/** @param {string} text that begins with a small letter */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * What becomes of an account without a key: whether nobody could use it, and otherwise which keys must not be lost.
 * @param {import('./chain.js').Key[]} keys @param {number} [gone] its number; none: as it is now
 */
export function locking(keys, gone) {
  const left = keys.filter((k) => !k.revoked && k.index !== gone);
  const weight = weightOf(left);
  if (weight < WEIGHT) return { locked: true, weight, caution: '' };
  const needed = left.filter((k) => weight - k.weight < WEIGHT).map((k) => k.index);
  if (!needed.length) return { locked: false, weight, caution: '' };
  const several = needed.length > 1;
  return { locked: false, weight, caution: `${keyNames(needed, 'and')} must not be lost: ${several ? 'when one of them is gone' : 'without it'}, nobody can use the account, ever. ${several ? 'With one more passkey of weight 500, any two would do.' : 'Add another passkey, kept elsewhere.'}` };
}

/** The digits of a transaction that was handed over: by a link, by what the link carries, or as they are. @param {string} given */
export async function handed(given) {
  const t = carried(given, 'sign');
  if (!t.startsWith('z.')) return t.replace(/\s+/g, '').replace(/^0x/, '');
  return atob((await unpacked(t)).text);
}
