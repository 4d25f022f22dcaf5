// @ts-check
/** The account's own screen: address, balance, signers, faucet. */
import { checksum, passkeySigner, signersOf } from './account.js';
import { equal, toHex } from './bytes.js';
import { remember, state } from './state.js';
import { loaded, on, task } from './task.js';
import { $, element, show, status } from './view.js';
import { ether, roughly } from './words.js';

/** @typedef {import('./state.js').Session} Session */

/** What this screen needs and the first one does not; fetched beside the prompt that leads here. */
export const screen = () => loaded(Promise.all([import('./send.js'), import('./check.js')]));

/** @param {Session} s */
export async function enter(s) {
  const [{ arrive }] = await screen();
  state.session = s;
  $('shared').hidden = !s.account.shared;
  reveal(s);
  $('balance').textContent = '…';
  $('life').textContent = '';
  show('account');
  status('You are signed in.');
  arrive();
  refresh();
}

/** Another signature by the same key has settled whose account this is. @param {Session} s */
export function confirmed(s) {
  s.candidates = undefined;
  if (s === state.session) reveal(s);
}

/** Shows the address to receive at, once a signature and not the node has settled it. @param {Session} s */
function reveal({ account: { address }, candidates }) {
  if (!candidates) remember(address);
  $('address').textContent = candidates ? `${address.slice(0, 8)}…${address.slice(-6)}` : address;
  $('copy').hidden = !!candidates;
  $('confirm-box').hidden = !candidates;
  $('faucet-box').hidden = !!candidates || !state.chain.config.faucet;
}

/** Balance and state from the chain; a failure is said once and does not disturb. */
export async function refresh() {
  const s = state.session;
  if (!s) return;
  const { address } = s.account;
  try {
    const [balance, deployed] = await Promise.all([state.chain.balance(address), state.chain.hasCode(address)]);
    if (s !== state.session) return;
    s.balance = balance;
    $('balance').textContent = ether(balance).length > 14 ? roughly(balance) : ether(balance);
    $('balance').title = `${ether(balance)} ETH`;
    $('life').textContent = deployed ? 'On the chain.' : 'Ready to receive. Your first payment also creates it on the chain.';
    const signers = deployed ? await signersOf(state.chain.call, address) : [];
    $('signers').replaceChildren(...(signers.length ? signers.map(signerLine) : [element('li', 'This passkey alone. It is written to the chain with your first payment.')]));
    const [, { tell }] = await screen();
    await tell(s.account, deployed);
  } catch (e) {
    if (s !== state.session) return;
    $('life').textContent = 'The balance cannot be read at the moment.';
  }
}

/** @param {Uint8Array} b */
function signerLine(b) {
  const key = passkeySigner(b);
  if (!key) return element('li', `${b.length === 20 ? 'Key or contract' : 'Other signer'} ${b.length === 20 ? checksum(toHex(b)) : toHex(b)}`, 'code');
  const own = state.session && equal(key.x, state.session.account.signer.x);
  return element('li', `Passkey ${toHex(key.x).slice(0, 12)}…${own ? ' – the one you use now' : ''}`);
}

on('copy', 'click', async () => {
  const address = $('address').textContent ?? '';
  try {
    await navigator.clipboard.writeText(address);
    status('Address copied.');
  } catch {
    getSelection()?.selectAllChildren($('address'));
    status('The address is selected; copy it with your keyboard.');
  }
});

on('faucet', 'click', () => task('Asking for test ETH…', async () => {
  const s = /** @type {Session} */ (state.session);
  const before = s.balance;
  await state.chain.ask('postern_faucet', s.account.address);
  for (let i = 0; i < 40 && s === state.session; i++) {
    await refresh();
    if (s.balance !== before) return status('Test ETH has arrived.');
    await new Promise((done) => setTimeout(done, 250));
  }
  status('Test ETH is on its way.');
}));
