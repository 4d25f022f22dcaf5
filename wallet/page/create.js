// @ts-check
/** A new account: a passkey with the account's salt in its user handle. */
import { fresh as account, saltHandle } from './account.js';
import { FLAGS } from './assertion.js';
import { enter, screen } from './home.js';
import { fetchOffer, fresh, make, prove, settled } from './register.js';
import { random, state } from './state.js';
import { answered, asked, busy, on, task } from './task.js';
import { $, input, show, showing, status } from './view.js';

/** @type {(import('./register.js').Offer & {salt: Uint8Array}) | undefined} */ let offer;
/** @type {(import('./register.js').Made & {salt: Uint8Array, proven?: boolean}) | undefined} A passkey that is no account yet. */ let made;

/** @type {Promise<NonNullable<typeof offer>> | undefined} The one being fetched: of two at once, the server would forget the browser of one. */ let asking;

const newOffer = () => (asking ??= fetchNew().finally(() => (asking = undefined)));

async function fetchNew() {
  const salt = random();
  offer = { ...await fetchOffer(state.chain, saltHandle(salt)), salt };
  return offer;
}

/** Keeps an offer at hand while the first screen is looked at. */
export function keepOffer() {
  if (showing('start') && document.visibilityState === 'visible' && !busy() && !fresh(offer)) newOffer().catch(() => {}); // asked again, and reported, on the click
}

on('create-form', 'submit', () => task(asked, async (signal) => {
  const ready = offer && fresh(offer) ? offer : await newOffer();
  const m = await make(state.chain, ready, input('name').value, signal, () => {
    offer = undefined;
    answered('Checking the new passkey…');
  });
  made = { ...m, salt: ready.salt };
  $('test').textContent = 'Test the passkey';
  $('kept').textContent = m.flags & FLAGS.BE
    ? 'It is kept by your passkey provider, so your other devices with that provider can use it too.'
    : 'It lives on this device only. If the device is lost, so is this account: keep small amounts.';
  show('prove');
  status('Passkey created.');
}, { ceremony: true }));

on('test', 'click', () => {
  const m = /** @type {NonNullable<typeof made>} */ (made);
  const settle = async (/** @type {Promise<void>} */ registered) => {
    await settled(registered, () => ($('test').textContent = 'Try again'));
    await enter({ id: m.id, account: account(state.chain.config, m.key, m.salt) });
    status('Your account is ready.');
  };
  if (m.proven) {
    task('Telling the passkey server…', () => settle(m.register()));
    return;
  }
  task(asked, async (signal) => {
    const proof = prove(state.chain, m, signal, () => answered('Checking the signature…'));
    screen().catch(() => {}); // loads while the person is asked
    await proof;
    m.proven = true;
    await settle(m.registered);
  }, { ceremony: true });
});
