// @ts-check
/**
 * Passkey ceremonies in the browser: `create` and `get` with outcomes one can
 * tell apart. Imports nothing but the byte helpers next to it; usable alone:
 *
 *   import { get, CeremonyError } from './ceremony.js';
 *   button.onclick = async () => {           // no await before get(): Safari wants the click itself
 *     try {
 *       const a = await get({ rpId, challenge, allow: [id] });
 *     } catch (e) {
 *       if (e instanceof CeremonyError && e.kind === 'cancelled') …
 *     }
 *   };
 *
 * Both functions call the browser synchronously, before their first await.
 * Browsers answer "cancelled", "timed out" and "no such passkey" with one and
 * the same NotAllowedError, on purpose. Told apart here are: what this module
 * itself ended (time, AbortSignal), an answer too quick for a person
 * ('refused'), and the rest ('cancelled').
 */
import { fromBase64url, toBase64url } from './bytes.js';

/**
 * @typedef {'cancelled' | 'timeout' | 'aborted' | 'refused' | 'unsupported' | 'insecure' | 'domain' | 'exists' | 'unverified' | 'failed'} Kind
 *   cancelled: the person closed the prompt, or had nothing to answer it with.
 *   timeout: nobody answered in time.
 *   aborted: the page ended it through its AbortSignal.
 *   refused: the browser said no at once, without asking anyone.
 *   unsupported: no WebAuthn here, or no authenticator that can do what is asked.
 *   insecure: not HTTPS and not localhost.
 *   domain: the RP ID does not belong to this page.
 *   exists: this authenticator already holds one of the excluded passkeys.
 *   unverified: the authenticator cannot check who the person is.
 *   failed: none of these; see cause.
 */
export class CeremonyError extends Error {
  name = 'CeremonyError';
  /** @param {Kind} kind @param {unknown} [cause] */
  constructor(kind, cause) {
    super(`passkey ceremony: ${kind}`, { cause });
    this.kind = kind;
  }
}

/** No person reads and answers a prompt faster than this, in milliseconds. */
const HUMAN = 150;
const FIVE_MINUTES = 300_000;

/** Why passkeys cannot work here at all; undefined if they may. @returns {'insecure' | 'unsupported' | undefined} */
export function obstacle() {
  if (!globalThis.isSecureContext) return 'insecure';
  if (typeof globalThis.PublicKeyCredential !== 'function' || !globalThis.navigator?.credentials?.get) return 'unsupported';
  return undefined;
}

/**
 * @typedef {{signal?: AbortSignal, timeout?: number}} Limits timeout in milliseconds, 5 minutes unless told
 *
 * @typedef {object} CreateRequest
 * @property {any} options PublicKeyCredentialCreationOptionsJSON from a server. The key type (ES256),
 *   discoverability and user verification are set here, whatever the server says.
 * @property {string} [name] shown by the passkey provider; replaces the server's
 * @property {UserVerificationRequirement} [verification] 'required' unless told
 *
 * @typedef {object} Created
 * @property {Uint8Array} id
 * @property {Uint8Array} attestationObject
 * @property {Uint8Array} clientDataJSON
 * @property {string[]} transports
 * @property {boolean | undefined} discoverable as the browser reports it; undefined if it does not
 * @property {object} json RegistrationResponseJSON, for the server
 */

/** Makes a discoverable passkey. @param {CreateRequest & Limits} request @returns {Promise<Created>} */
export function create({ options, name, verification = 'required', ...limits }) {
  return run('create', limits, (signal, timeout) => {
    const publicKey = {
      ...options,
      timeout,
      challenge: fromBase64url(options.challenge),
      user: { ...options.user, id: fromBase64url(options.user.id), ...(name ? { name, displayName: name } : {}) },
      excludeCredentials: (options.excludeCredentials ?? []).map(descriptor),
      pubKeyCredParams: [{ type: /** @type {const} */ ('public-key'), alg: -7 }],
      authenticatorSelection: { ...options.authenticatorSelection, residentKey: 'required', requireResidentKey: true, userVerification: verification },
      attestation: options.attestation ?? 'none',
      extensions: { ...options.extensions, credProps: true },
    };
    return navigator.credentials.create({ publicKey, signal });
  }, (credential) => {
    const response = /** @type {AuthenticatorAttestationResponse} */ (credential.response);
    const extensions = credential.getClientExtensionResults?.() ?? {};
    const created = {
      id: new Uint8Array(credential.rawId),
      attestationObject: new Uint8Array(response.attestationObject),
      clientDataJSON: new Uint8Array(response.clientDataJSON),
      transports: response.getTransports?.() ?? [],
      discoverable: extensions.credProps?.rk,
    };
    return {
      ...created,
      json: toJSON(credential, {
        clientDataJSON: toBase64url(created.clientDataJSON),
        attestationObject: toBase64url(created.attestationObject),
        transports: created.transports,
      }, extensions),
    };
  });
}

/**
 * @typedef {object} GetRequest
 * @property {string} rpId
 * @property {Uint8Array} challenge
 * @property {Uint8Array[]} [allow] credential ids; none means: let the person choose
 * @property {UserVerificationRequirement} [verification] 'required' unless told
 *
 * @typedef {object} Got
 * @property {Uint8Array} id
 * @property {Uint8Array} authenticatorData
 * @property {Uint8Array} clientDataJSON
 * @property {Uint8Array} der the signature as the authenticator writes it
 * @property {Uint8Array | undefined} userHandle
 */

/** Asks for a signature. @param {GetRequest & Limits} request @returns {Promise<Got>} */
export function get({ rpId, challenge, allow = [], verification = 'required', ...limits }) {
  return run('get', limits, (signal, timeout) => navigator.credentials.get({
    signal,
    publicKey: {
      rpId,
      timeout,
      challenge: Uint8Array.from(challenge),
      allowCredentials: allow.map((id) => ({ type: 'public-key', id: Uint8Array.from(id) })),
      userVerification: verification,
    },
  }), (credential) => {
    const response = /** @type {AuthenticatorAssertionResponse} */ (credential.response);
    return {
      id: new Uint8Array(credential.rawId),
      authenticatorData: new Uint8Array(response.authenticatorData),
      clientDataJSON: new Uint8Array(response.clientDataJSON),
      der: new Uint8Array(response.signature),
      userHandle: response.userHandle?.byteLength ? new Uint8Array(response.userHandle) : undefined,
    };
  });
}

/**
 * One ceremony: our own clock beside the browser's, and every failure named.
 * @template T
 * @param {'create' | 'get'} what
 * @param {Limits} limits
 * @param {(signal: AbortSignal, timeout: number) => Promise<Credential | null>} ask
 * @param {(credential: PublicKeyCredential) => T} read
 * @returns {Promise<T>}
 */
async function run(what, { signal, timeout = FIVE_MINUTES }, ask, read) {
  const missing = obstacle();
  if (missing) throw new CeremonyError(missing);
  if (signal?.aborted) throw new CeremonyError('aborted', signal.reason);
  const controller = new AbortController();
  /** @type {Kind | undefined} */ let ended;
  const end = (/** @type {Kind} */ kind) => {
    ended ??= kind;
    controller.abort();
  };
  const clock = setTimeout(end, timeout, 'timeout');
  const onAbort = () => end('aborted');
  signal?.addEventListener('abort', onAbort, { once: true });
  const started = performance.now();
  try {
    const credential = await ask(controller.signal, timeout);
    if (!credential) throw new CeremonyError('cancelled');
    return read(/** @type {PublicKeyCredential} */ (credential));
  } catch (e) {
    if (e instanceof CeremonyError) throw e;
    throw new CeremonyError(ended ?? name(e, performance.now() - started, timeout, what), e);
  } finally {
    clearTimeout(clock);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** @param {any} error @param {number} elapsed @param {number} timeout @param {'create' | 'get'} what @returns {Kind} */
function name(error, elapsed, timeout, what) {
  switch (error?.name) {
    case 'NotAllowedError':
      if (elapsed >= timeout * 0.98) return 'timeout';
      return elapsed < HUMAN ? 'refused' : 'cancelled';
    case 'AbortError': return 'aborted';
    case 'InvalidStateError': return what === 'create' ? 'exists' : 'failed';
    case 'NotSupportedError': return 'unsupported';
    case 'ConstraintError': return 'unverified';
    case 'SecurityError': return 'domain';
    default: return 'failed';
  }
}

/** @param {any} d @returns {PublicKeyCredentialDescriptor} */
function descriptor(d) {
  return { ...d, id: fromBase64url(d.id) };
}

/** RegistrationResponseJSON by hand: not every password manager brings toJSON. @param {PublicKeyCredential} c @param {object} response @param {object} clientExtensionResults */
function toJSON(c, response, clientExtensionResults) {
  const id = toBase64url(new Uint8Array(c.rawId));
  return { id, rawId: id, type: c.type, authenticatorAttachment: c.authenticatorAttachment ?? undefined, response, clientExtensionResults };
}
