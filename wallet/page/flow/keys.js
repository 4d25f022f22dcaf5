// @ts-check
/** Keys that sign together: what an account is without one of them. */
import { Trouble } from '../words.js';
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

/**
 * What is to be said before a key is revoked, and why it is not: whoever revokes it shows that the account can be used without it.
 * @param {import('./chain.js').Key[]} keys @param {number} gone its number @param {number} [by] the key that signs for it @returns {{dead?: Trouble, caution: string}}
 */
export function revoking(keys, gone, by) {
  const { locked, weight, caution } = locking(keys, gone);
  if (locked) return { dead: new Trouble(`Key ${gone} is needed.`, `The other keys weigh ${weight} together, and ${WEIGHT} are needed. Without key ${gone} nobody could use the account any more: add another passkey first.`), caution: '' };
  if (by === gone) return { dead: new Trouble(`Key ${gone} would revoke itself.`, 'Sign with another key of the account: so it is seen that you have one.'), caution: '' };
  return { caution: caution && `Afterwards ${caution}` };
}
