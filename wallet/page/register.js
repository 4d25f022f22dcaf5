// @ts-check
/**
 * A new passkey: made with the server's challenge, checked here, told to the
 * passkey server, and proven by a first signature before it counts.
 */
import { attestedAuthData, findings, parseAuthData, verify } from './assertion.js';
import { equal, fromBase64url, toBase64url } from './bytes.js';
import { create, get } from './ceremony.js';
import { checked } from './operate.js';
import { RpcError, json } from './rpc.js';
import { random } from './state.js';
import { Trouble } from './words.js';

/**
 * @typedef {{options: any, userId: string, handle: Uint8Array, at: number}} Offer
 * @typedef {{id: Uint8Array, key: import('./assertion.js').Key, handle: Uint8Array, flags: number, register: () => Promise<void>, registered: Promise<void>}} Made
 */

const OFFER_LIFE = 120_000; // the server's challenges live five minutes, and the prompt takes its share
const PROMPT = 150_000;
const USERNAME = 'Postern account'; // what the server is told; the person's own name for it stays here

/** @param {import('./operate.js').Chain} chain @param {Uint8Array} handle user.id @returns {Promise<Offer>} */
export async function fetchOffer(chain, handle) {
  const { options, userId } = await json(`${chain.config.passkeyUrl}/register/options`, { username: USERNAME, userHandle: toBase64url(handle) });
  if (options?.rp?.id !== chain.config.rpId || options?.user?.id !== toBase64url(handle)) {
    throw new Trouble('The passkey server offers something else than was asked.', 'No passkey was made. Ask whoever runs this server.');
  }
  return { options, userId, handle, at: Date.now() };
}

/** @param {Offer | undefined} offer */
export const fresh = (offer) => offer !== undefined && Date.now() - offer.at < OFFER_LIFE;

/** Call it from the click itself. @param {import('./operate.js').Chain} chain @param {Offer} offer @param {string} name @param {AbortSignal} signal @param {() => void} answered @returns {Promise<Made>} */
export async function make(chain, { options, userId, handle }, name, signal, answered) {
  const created = await create({ options, name: name.trim() || USERNAME, signal, timeout: PROMPT });
  answered();
  const raw = attestedAuthData(created.attestationObject);
  const wrong = findings({ authenticatorData: raw, clientDataJSON: created.clientDataJSON }, { challenge: fromBase64url(options.challenge), rpIdHash: chain.rpIdHash, origin: location.origin, type: 'webauthn.create' });
  const { credential, flags } = parseAuthData(raw);
  if (!credential || !equal(credential.id, created.id)) wrong.push('It names no key.');
  if (created.discoverable === false) wrong.push('Your device would not offer it when you sign in.');
  if (wrong.length || !credential) throw new Trouble('This passkey cannot hold an account.', `${wrong.join(' ')} Delete it, and choose another place to keep your passkey.`);
  const register = registration(chain, { userId, username: USERNAME, cred: created.json });
  const registered = register();
  registered.catch(() => {}); // reported after the proof
  return { id: created.id, key: credential.key, handle, flags, register, registered };
}

/** A challenge that an unanswered attempt has used up is a success. @param {import('./operate.js').Chain} chain @param {object} body */
function registration(chain, body) {
  let unanswered = false;
  return async () => {
    try {
      const reply = await json(`${chain.config.passkeyUrl}/register/verify`, body);
      if (reply.verified !== true) throw new Trouble('The passkey server did not accept the passkey.', 'Start over.');
    } catch (e) {
      if (unanswered && e instanceof RpcError && e.code === 'challenge_used') return;
      if (e instanceof RpcError && e.kind !== 'refused') unanswered = true;
      throw e;
    }
  };
}

/**
 * A signature asked for exactly as signing in asks, naming no credential: what
 * is not given back now would not be given back then, and with the user handle
 * goes the account.
 * @param {import('./operate.js').Chain} chain @param {Made} m @param {AbortSignal} signal @param {() => void} answered
 */
export async function prove(chain, m, signal, answered) {
  const challenge = random();
  const got = await get({ rpId: chain.config.rpId, challenge, signal });
  answered();
  const assertion = checked(chain, got, challenge);
  if (!equal(got.id, m.id)) throw new Trouble('That was another passkey.', 'Test again, and choose the one you have just made.');
  if (!await verify(assertion, m.key)) throw new Trouble('The signature does not fit the passkey’s key.', 'This passkey cannot hold an account. Start over with another place to keep it.');
  if (!got.userHandle) throw new Trouble('Your passkey provider did not give back what finds the account again.', 'No account was created, for you could not return to it. Delete this passkey and start over with another place to keep it: another passkey provider, device or security key.');
  if (!equal(got.userHandle, m.handle)) throw new Trouble('The passkey gave back another account’s name.', 'No account was created. Start over with another place to keep your passkey.');
}

/** @param {Promise<void>} registered @param {() => void} again asking once more may help */
export async function settled(registered, again) {
  try {
    await registered;
  } catch (e) {
    if (e instanceof Trouble) throw e;
    if (e instanceof RpcError && (e.kind !== 'refused' || e.code === 'rate_limited' || Number(e.code) >= 500)) {
      again();
      throw new Trouble('Your passkey works, but the passkey server did not answer.', 'The passkey is kept. Try again; it will not be asked for again.', e);
    }
    throw new Trouble('The passkey server did not accept the passkey.', 'Start over.', e);
  }
}
