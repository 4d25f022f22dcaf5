// @ts-check
/** A new passkey: made with the server's challenge, checked here, and proven by a first signature before it counts. */
import { fresh, saltHandle } from './account.js';
import { FLAGS, attestedAuthData, findings, parseAuthData, verify } from './assertion.js';
import { equal, fromBase64url, toBase64url } from './bytes.js';
import { create, get } from './ceremony.js';
import { enter } from './home.js';
import { checked } from './operate.js';
import { RpcError, json } from './rpc.js';
import { random, state } from './state.js';
import { answered, asked, busy, on, task } from './task.js';
import { $, input, show, showing, status } from './view.js';
import { Trouble } from './words.js';

/**
 * @typedef {{options: any, userId: string, salt: Uint8Array, at: number}} Offer what /register/options gave, waiting for a click
 * @typedef {{id: Uint8Array, key: import('./assertion.js').Key, handle: Uint8Array, salt: Uint8Array, register: () => Promise<void>, registered: Promise<void>, proven?: boolean}} Made a passkey that is no account yet
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
  const register = registration({ userId: ready.userId, username: USERNAME, cred: created.json });
  const registered = register();
  registered.catch(() => {}); // reported after the proof
  made = { id: created.id, key: credential.key, handle: saltHandle(ready.salt), salt: ready.salt, register, registered };
  $('test').textContent = 'Test the passkey';
  $('kept').textContent = flags & FLAGS.BE
    ? 'It is kept by your passkey provider, so your other devices with that provider can use it too.'
    : 'It lives on this device only. If the device is lost, so is this account: keep small amounts.';
  show('prove');
  status('Passkey created.');
}, { ceremony: true }));

/** Tells the passkey server, again if need be: a challenge that an unanswered attempt has used up is a success. @param {object} body */
function registration(body) {
  let unanswered = false;
  return async () => {
    try {
      const reply = await json(`${state.chain.config.passkeyUrl}/register/verify`, body);
      if (reply.verified !== true) throw new Trouble('The passkey server did not accept the passkey.', 'Start over.');
    } catch (e) {
      if (unanswered && e instanceof RpcError && e.code === 'challenge_used') return;
      if (e instanceof RpcError && e.kind !== 'refused') unanswered = true;
      throw e;
    }
  };
}

on('test', 'click', () => {
  const m = /** @type {Made} */ (made);
  if (m.proven) {
    task('Telling the passkey server…', () => settle(m, m.register()));
    return;
  }
  task(asked, async (signal) => {
    await prove(m, signal);
    m.proven = true;
    await settle(m, m.registered);
  }, { ceremony: true });
});

/**
 * A signature asked for exactly as signing in asks, naming no credential: what
 * is not given back now would not be given back then, and with the user handle
 * goes the account.
 * @param {Made} m @param {AbortSignal} signal
 */
async function prove(m, signal) {
  const challenge = random();
  const got = await get({ rpId: state.chain.config.rpId, challenge, signal });
  answered('Checking the signature…');
  const assertion = checked(state.chain, got, challenge);
  if (!equal(got.id, m.id)) throw new Trouble('That was another passkey.', 'Test again, and choose the one you have just made.');
  if (!await verify(assertion, m.key)) throw new Trouble('The signature does not fit the passkey’s key.', 'This passkey cannot hold an account. Start over with another place to keep it.');
  if (!got.userHandle) throw new Trouble('Your passkey provider did not give back what finds the account again.', 'No account was created, for you could not return to it. Delete this passkey and start over with another place to keep it: another passkey provider, device or security key.');
  if (!equal(got.userHandle, m.handle)) throw new Trouble('The passkey gave back another account’s name.', 'No account was created. Start over with another place to keep your passkey.');
}

/** @param {Made} m proven @param {Promise<void>} registered */
async function settle(m, registered) {
  try {
    await registered;
  } catch (e) {
    if (e instanceof Trouble) throw e;
    if (e instanceof RpcError && (e.kind !== 'refused' || e.code === 'rate_limited' || Number(e.code) >= 500)) {
      $('test').textContent = 'Try again';
      throw new Trouble('Your passkey works, but the passkey server did not answer.', 'The passkey is kept. Try again; it will not be asked for again.', e);
    }
    throw new Trouble('The passkey server did not accept the passkey.', 'Start over.', e);
  }
  enter({ id: m.id, account: fresh(state.chain.config, m.key, m.salt) });
  status('Your account is ready.');
}
