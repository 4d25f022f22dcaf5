// @ts-check
/** Transactions on their way from one key to the other. */
import { carried, unpacked } from '../grant/share.js';

/** The digits of a transaction that was handed over: by a link, by what the link carries, or as they are. @param {string} given */
export async function handed(given) {
  const t = carried(given, 'sign');
  if (!t.startsWith('z.')) return t.replace(/\s+/g, '').replace(/^0x/, '');
  return atob((await unpacked(t)).text);
}
