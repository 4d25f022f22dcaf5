// @ts-check
/** A new passkey: made with the server's challenge, checked here, and proven by a first signature before it counts. */
import { fresh, saltHandle } from './account.js';
import { FLAGS, attestedAuthData, findings, parseAuthData, verify } from './assertion.js';
import { equal, fromBase64url, toBase64url } from './bytes.js';
import { create, get } from './ceremony.js';
import { enter } from './home.js';
import { checked } from './operate.js';
import { json } from './rpc.js';
import { random, state } from './state.js';
import { answered, asked, busy, on, task } from './task.js';
import { $, input, show, showing, status } from './view.js';
import { Trouble } from './words.js';

/**
 * @typedef {{options: any, userId: string, salt: Uint8Array, at: number}} Offer what /register/options gave, waiting for a click
 * @typedef {{id: Uint8Array, key: import('./assertion.js').Key, handle: Uint8Array, salt: Uint8Array, registered: Promise<unknown>}} Made a passkey that is not yet proven
 */

/** @type {Offer | undefined} */ let offer;
/** @type {Made | undefined} */ let made;

const OFFER_LIFE = 120_000; // the server's challenges live five minutes, and the prompt takes its share
const PROMPT = 150_000;
const USERNAME = 'Postern account'; // what the server is told; the person's own name for it stays here

async function fetchOffer() {
  const salt = random();
  const reply = await json(`${state.chain.config.passkeyUrl}/register/options`, { username: USERNAME, userHandle: toBase64url(saltHandle(salt)) });
  const { options, userId } = reply;
  if (options?.rp?.id !== state.chain.config.rpId || options?.user?.id !== toBase64url(saltHandle(salt))) {
    throw new Trouble('The passkey server offers something else than was asked.', 'No passkey was made. Ask whoever runs this server.');
  }
  offer = { options, userId, salt, at: Date.now() };
  return offer;
}

const freshOffer = () => (offer && Date.now() - offer.at < OFFER_LIFE ? offer : undefined);

/** Keeps an offer at hand while the first screen is looked at. */
export function keepOffer() {
  if (showing('start') && document.visibilityState === 'visible' && !busy() && !freshOffer()) fetchOffer().catch(() => {}); // asked again, and reported, on the click
}

on('create-form', 'submit', () => task(asked, async (signal) => {
  const ready = freshOffer() ?? await fetchOffer();
  const name = input('name').value.trim() || USERNAME;
  const created = await create({ options: ready.options, name, signal, timeout: PROMPT });
  offer = undefined;
  answered('Checking the new passkey…');
  const { challenge } = ready.options;
  const raw = attestedAuthData(created.attestationObject);
  const wrong = findings({ authenticatorData: raw, clientDataJSON: created.clientDataJSON }, { challenge: fromBase64url(challenge), rpIdHash: state.chain.rpIdHash, origin: location.origin, type: 'webauthn.create' });
  const { credential, flags } = parseAuthData(raw);
  if (!credential || !equal(credential.id, created.id)) wrong.push('It names no key.');
  if (created.discoverable === false) wrong.push('Your device would not offer it when you sign in.');
  if (wrong.length || !credential) throw new Trouble('This passkey cannot hold an account.', `${wrong.join(' ')} Delete it, and choose another place to keep your passkey.`);
  const registered = json(`${state.chain.config.passkeyUrl}/register/verify`, { userId: ready.userId, username: USERNAME, cred: created.json }).then((reply) => {
    if (reply.verified !== true) throw new Trouble('The passkey server did not accept the passkey.', 'Start over.');
  });
  registered.catch(() => {}); // reported when the proof asks for it
  made = { id: created.id, key: credential.key, handle: saltHandle(ready.salt), salt: ready.salt, registered };
  $('kept').textContent = flags & FLAGS.BE
    ? 'It is kept by your passkey provider, so your other devices with that provider can use it too.'
    : 'It lives on this device only. If the device is lost, so is this account: keep small amounts.';
  show('prove');
  status('Passkey created.');
}, { ceremony: true }));

on('test', 'click', () => task(asked, async (signal) => {
  const m = /** @type {Made} */ (made);
  const challenge = random();
  const got = await get({ rpId: state.chain.config.rpId, challenge, allow: [m.id], signal });
  answered('Checking the signature…');
  const assertion = checked(state.chain, got, challenge);
  if (!await verify(assertion, m.key)) throw new Trouble('The signature does not fit the passkey’s key.', 'This passkey cannot hold an account. Start over with another place to keep it.');
  if (got.userHandle && !equal(got.userHandle, m.handle)) throw new Trouble('The passkey gave back another account’s name.', 'Start over with another place to keep your passkey.');
  try {
    await m.registered;
  } catch (e) {
    if (e instanceof Trouble) throw e;
    throw new Trouble('The passkey server did not accept the passkey.', 'Start over.', e);
  }
  enter({ id: m.id, account: fresh(state.chain.config, m.key, m.salt) });
  status('Your account is ready.');
}, { ceremony: true }));
