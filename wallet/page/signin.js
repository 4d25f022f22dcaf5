// @ts-check
/** Signing in with a passkey and nothing else: its user handle and its signature lead to the account. */
import { fresh, narrow, parseHandle, passkeySigner, signersOf } from './account.js';
import { equal } from './bytes.js';
import { get } from './ceremony.js';
import { enter } from './home.js';
import { checked } from './operate.js';
import { hint, random, state } from './state.js';
import { answered, asked, on, task } from './task.js';
import { show, status } from './view.js';
import { Trouble } from './words.js';

/**
 * @typedef {import('./account.js').Account} Account
 * @typedef {{id: Uint8Array, accounts: Account[]}} Unsettled a sign-in that fits several accounts
 */

/** @type {Unsettled | undefined} */ let unsettled;

on('signin', 'click', () => task(asked, async (signal) => {
  const challenge = random();
  const prompt = get({ rpId: state.chain.config.rpId, challenge, signal });
  recovery().catch(() => {}); // loads while the person is asked
  const got = await prompt;
  answered('Finding your account…');
  const assertion = checked(state.chain, got, challenge);
  const handle = parseHandle(got.userHandle);
  if (!handle) throw new Trouble('This passkey belongs to no account of this wallet.', 'Choose another passkey, or create one.');
  if (handle.kind === 'address') return enter({ id: got.id, account: await further(handle.address, assertion) });
  const all = (await keysOf(assertion)).map((key) => fresh(state.chain.config, key, handle.salt));
  const deployed = await Promise.all(all.map((a) => state.chain.hasCode(a.address)));
  const known = all.filter((a) => a.address === hint());
  const live = all.filter((_, i) => deployed[i]);
  const accounts = [known, live, all].find((list) => list.length) ?? [];
  if (accounts.length !== 1) {
    unsettled = { id: got.id, accounts };
    show('settle');
    return status('One more signature is needed.');
  }
  if (deployed[all.indexOf(accounts[0])]) await mustSign(accounts[0]);
  enter({ id: got.id, account: accounts[0] });
}, { ceremony: true }));

on('settle-go', 'click', () => task(asked, async (signal) => {
  const u = /** @type {Unsettled} */ (unsettled);
  const challenge = random();
  const got = await get({ rpId: state.chain.config.rpId, challenge, allow: [u.id], signal });
  answered('Finding your account…');
  const left = await narrow(u.accounts, checked(state.chain, got, challenge));
  if (left.length !== 1) throw new Trouble('The two signatures are by different keys.', 'Sign in again, with one passkey.');
  if (await state.chain.hasCode(left[0].address)) await mustSign(left[0]);
  enter({ id: u.id, account: left[0] });
}, { ceremony: true }));

const recovery = () => import('./recover.js');

/** The keys that could have made this signature. @param {import('./assertion.js').Signed} assertion */
async function keysOf(assertion) {
  try {
    return await (await recovery()).recover(assertion);
  } catch (e) {
    throw new Trouble('A part of this page could not be loaded.', 'Check your connection, reload, and sign in again.', e);
  }
}

/** The account that a later passkey was added to. @param {string} address @param {import('./assertion.js').Signed} assertion @returns {Promise<Account>} */
async function further(address, assertion) {
  if (!await state.chain.hasCode(address)) throw new Trouble('The account of this passkey is not on this chain.', `It is ${address}. Open the wallet of the chain where you added the passkey.`);
  const keys = await keysOf(assertion);
  const signers = (await signersOf(state.chain.call, address)).map(passkeySigner);
  const signer = signers.find((s) => s && keys.some((k) => equal(k.x, s.x) && equal(k.y, s.y)));
  if (!signer) throw notASigner(address);
  return { address, signer };
}

/** @param {Account} account */
async function mustSign(account) {
  const signers = (await signersOf(state.chain.call, account.address)).map(passkeySigner);
  const { x, y, rule } = account.signer;
  if (!signers.some((s) => s && s.rule === rule && equal(s.x, x) && equal(s.y, y))) throw notASigner(account.address);
}

/** @param {string} address */
const notASigner = (address) => new Trouble('This passkey may no longer sign for its account.', `It was removed from ${address}. Sign in with another passkey of that account.`);
