// @ts-check
/** Signing in with a passkey and nothing else: its user handle and its signature lead to the account. */
import { encodeCall, word } from './abi.js';
import { UV_REQUIRED, fresh, narrow, parseHandle, passkeySigner, signerBytes, signersOf } from './account.js';
import { equal } from './bytes.js';
import { get } from './ceremony.js';
import { confirmed, enter, screen } from './home.js';
import { checked } from './operate.js';
import { RpcError } from './rpc.js';
import { hint, random, state } from './state.js';
import { answered, asked, loaded, on, task } from './task.js';
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
  for (const part of [recovery(), screen()]) part.catch(() => {}); // loads while the person is asked
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
  const account = deployed[all.indexOf(accounts[0])] ? await asOnChain(accounts[0]) : accounts[0];
  // That one is on the chain and the other is not is the node's word; only a signature tells the keys apart.
  await enter({ id: got.id, account, ...(known.length || all.length === 1 ? {} : { candidates: all }) });
}, { ceremony: true }));

on('settle-go', 'click', () => task(asked, async (signal) => {
  const u = /** @type {Unsettled} */ (unsettled);
  const challenge = random();
  const got = await get({ rpId: state.chain.config.rpId, challenge, allow: [u.id], signal });
  answered('Finding your account…');
  const left = await narrow(u.accounts, checked(state.chain, got, challenge));
  if (left.length !== 1) throw new Trouble('The two signatures are by different keys.', 'Sign in again, with one passkey.');
  await enter({ id: u.id, account: await current(left[0]) });
}, { ceremony: true }));

on('confirm', 'click', () => task(asked, async (signal) => {
  const s = /** @type {import('./state.js').Session} */ (state.session);
  const challenge = random();
  const got = await get({ rpId: state.chain.config.rpId, challenge, allow: [s.id], signal });
  answered('Checking the signature…');
  const left = await narrow(s.candidates ?? [], checked(state.chain, got, challenge));
  if (left.length !== 1) throw new Trouble('The two signatures are by different keys.', 'Sign out and sign in again, with one passkey.');
  if (left[0].address === s.account.address) {
    confirmed(s);
    return status('Confirmed: this is your account.');
  }
  await enter({ id: s.id, account: await current(left[0]) });
  status('The server pointed to another account. This one is yours.');
}, { ceremony: true }));

/** @param {Account} account whose key is certain */
const current = async (account) => (await state.chain.hasCode(account.address) ? asOnChain(account) : account);

const recovery = () => import('./recover.js');

/** The keys that could have made this signature. @param {import('./assertion.js').Signed} assertion */
async function keysOf(assertion) {
  return (await loaded(recovery())).recover(assertion);
}

/** The account that a later passkey was added to. @param {string} address @param {import('./assertion.js').Signed} assertion @returns {Promise<Account>} */
async function further(address, assertion) {
  if (!await state.chain.hasCode(address)) throw new Trouble('The account of this passkey is not on this chain.', `It is ${address}. Open the wallet of the chain where you added the passkey.`);
  return signerOf(address, await keysOf(assertion));
}

/** @param {Account} account @returns {Promise<Account>} */
const asOnChain = async (account) => ({ ...account, ...await signerOf(account.address, [account.signer]) });

/**
 * The one of these keys that signs for an account, with the rule the account has for it.
 * @param {string} address @param {import('./assertion.js').Key[]} keys @returns {Promise<Account>}
 */
async function signerOf(address, keys) {
  const list = await signersOf(state.chain.call, address).catch((e) => {
    if (e instanceof RpcError && e.kind === 'refused') throw new Trouble('This passkey opens an account of another kind.', `It is ${address}. Open it at /backup.`, e);
    throw e;
  });
  const signers = list.map(passkeySigner).filter((s) => s !== undefined);
  const own = signers.filter((s) => keys.some((k) => equal(k.x, s.x) && equal(k.y, s.y)));
  const signer = own.find((s) => s.rule === UV_REQUIRED) ?? own[0];
  if (!signer) throw notASigner(address);
  const [threshold, weight] = await Promise.all([
    state.chain.call(address, encodeCall('threshold()')),
    state.chain.call(address, encodeCall('signerWeight(bytes)', signerBytes(signer))),
  ]);
  return { address, signer, shared: word(weight) < word(threshold) };
}

/** @param {string} address */
const notASigner = (address) => new Trouble('This passkey may no longer sign for its account.', `It was removed from ${address}. Sign in with another passkey of that account.`);
