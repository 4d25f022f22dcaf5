// @ts-check
/**
 * The mistake that loses people their accounts, shown before it is made: an account
 * rebuilt from its signers of today is another address than the one it has.
 */
import { account, V130 } from '../hybrid.js';
import { fromHex } from '../bytes.js';
import { on, task } from '../task.js';
import { $, rows, status } from '../view.js';
import { Trouble, ether } from '../words.js';
import { arrivals } from './overview.js';
import { session } from './session.js';

arrivals.add(() => {
  $('trap-result').hidden = true;
});

on('rebuild', 'click', () => task('Computing the address…', async () => {
  const { chain, now, account: mine } = session;
  if (!now || !mine) return;
  /** @type {import('../hybrid.js').PasskeyKey[]} */ const keys = [];
  for (const { keyId, hash, x, y } of now.keys) {
    if (!keyId || !x || !y) throw new Trouble('This node does not tell the names of all passkeys.', 'The trap cannot be shown without them. Your account is not affected.');
    keys.push({ keyId, hash, x, y });
  }
  const rebuilt = account(V130, { owner: now.owner, salt: fromHex(mine.salt ?? '0x' + '00'.repeat(32), 32), keys }).address;
  const same = rebuilt === mine.address;
  const [deployed, balance] = await Promise.all([chain.hasCode(rebuilt), chain.balance(rebuilt)]);
  $('trap-title').textContent = same ? 'Still the same: nothing about its signers has changed yet.' : `This is a different${deployed || balance ? '' : ', empty'} account. Did you mean ${mine.address}?`;
  rows('trap-rows', [
    ['Rebuilt from the signers of today', rebuilt, 'code'],
    ['What is there', `${deployed ? 'A contract' : 'Nothing on the chain'}, ${ether(balance)} ETH`],
    ['Your account', mine.address, 'code'],
    ...(same ? [] : /** @type {[string, string][]} */ ([['What differs', differs(keys.length, mine.owner, now.owner)]])),
  ]);
  $('trap-result').hidden = false;
  status(same ? '' : 'A different account.');
}));

/** @param {number} keys @param {string | undefined} began @param {string} owner */
function differs(keys, began, owner) {
  const out = [];
  if (keys) out.push(keys === 1 ? 'a passkey that was not among the first parameters' : `${keys} passkeys that were not among the first parameters`);
  if (began && began !== owner) out.push('the owner');
  return out.length ? out.join(', and ') : 'the first parameters, which this page does not know';
}
