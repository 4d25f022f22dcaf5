// @ts-check
/**
 * What an app may ask through FCL, and what it is answered. Everything in a request is hostile. What is signed is read from
 * the message alone; whatever else a request says of it has to agree, or nothing is signed.
 */
import { equal, fromHex, utf8 } from '../bytes.js';
import { Trouble } from '../words.js';
import { MAX_MESSAGE, decode } from './decode.js';
import { digits, extension, parseAddress } from './transaction.js';

/**
 * @typedef {import('./decode.js').Decoded} Decoded
 * @typedef {{app: string, nonce: Uint8Array}} Proof
 * @typedef {{proposes: boolean, pays: boolean, authorizes: boolean}} Roles
 * @typedef {{address: string, key: number, message: Uint8Array, t: Decoded, roles: Roles}} Signable
 */

/** Controls, characters that are not seen, directions. */
const HIDDEN = /\p{C}|[\u2028\u2029]/u;

/** @param {string} what @param {unknown} [cause] */
const refusal = (what, cause) => new Trouble(what, 'Nothing was signed. Whoever made the app has to look at this.', cause);

/** @param {unknown} ok @param {string} what @returns {asserts ok} */
function must(ok, what) {
  if (!ok) throw refusal(what);
}

/** Which chain an app means: FCL's names and nodes' names. @param {string} name */
const chain = (name) => name.replace(/^flow-/, '').replace(/^local$/, 'emulator');

/** @param {string} asked by the app; '' says nothing @param {string} ours */
export function sameNetwork(asked, ours) {
  must(!asked || chain(asked) === chain(ours), `The app is on ${chain(asked)}, and this wallet is on ${chain(ours)}.`);
}

/** The account proof that goes with a log-in, if one is asked for. @param {any} body @param {string} origin @returns {Proof | undefined} */
export function proofOf(body, origin) {
  const { appIdentifier: app, nonce } = Object(body);
  if (app == null && nonce == null) return undefined;
  must(typeof app === 'string' && app.length > 0 && utf8(app).length <= 1024, 'The app asks for a proof and does not name itself.');
  must(!HIDDEN.test(app), 'The app’s name has characters that are not seen.');
  must(typeof nonce === 'string' && /^(?:[0-9a-fA-F]{2}){32,1024}$/.test(nonce), 'The app’s nonce is not at least 32 bytes in hexadecimal digits.');
  // A proof says to a server that the account's owner is there: one for another site would log this app in over there.
  let site = origin;
  try {
    const url = new URL(app.trim());
    if (/^(?:https?|wss?):$/.test(url.protocol)) site = url.origin;
  } catch {
    // a name
  }
  must(site === origin, `The app asks you to prove your account to ${site}, which is another site.`);
  return { app, nonce: fromHex('0x' + nonce) };
}

/** @param {unknown} v @param {string} what */
function address(v, what) {
  must(typeof v === 'string' && v.length <= 18, `${what} is no address.`);
  try {
    return digits(parseAddress(v));
  } catch (e) {
    throw refusal(`${what} is no address.`, e);
  }
}

/** Two texts that say the same, as short as they may be. @param {unknown} theirs @param {unknown} ours @param {string} what */
function agrees(theirs, ours, what) {
  must(String(theirs) === String(ours), `${what} is not what would be signed.`);
}

/** JSON as FCL writes it into messages. @param {unknown} v */
function written(v) {
  try {
    return JSON.stringify(v) ?? '';
  } catch {
    return '';
  }
}

/** @param {unknown} args @param {Decoded} t @param {string} what */
function sameArguments(args, t, what) {
  must(Array.isArray(args) && args.length === t.texts.length && args.every((a, i) => written(a) === t.texts[i]), `${what} are not what would be signed.`);
}

/** @param {unknown} cadence @param {Decoded} t @param {string} what */
function sameScript(cadence, t, what) {
  must(typeof cadence === 'string' && cadence.length <= MAX_MESSAGE && equal(utf8(cadence), t.script), `${what} is not what would be signed.`);
}

/** @param {any} v @param {Decoded} t */
function sameVoucher(v, t) {
  must(typeof v === 'object' && v !== null, 'The request has no voucher.');
  sameScript(v.cadence, t, 'The voucher’s script');
  sameArguments(v.arguments, t, 'The voucher’s arguments');
  agrees(v.refBlock, digits(t.block), 'The voucher’s reference block');
  agrees(v.computeLimit, t.gas, 'The voucher’s gas limit');
  const key = Object(v.proposalKey);
  agrees(address(key.address, 'The voucher’s proposer'), t.proposer.address, 'The voucher’s proposer');
  agrees(key.keyId, t.proposer.key, 'The voucher’s proposal key');
  agrees(key.sequenceNum, t.proposer.sequence, 'The voucher’s sequence number');
  agrees(address(v.payer, 'The voucher’s payer'), t.payer, 'The voucher’s payer');
  must(Array.isArray(v.authorizers) && v.authorizers.length === t.authorizers.length, 'The voucher’s authorizers are not what would be signed.');
  v.authorizers.forEach((/** @type {unknown} */ a, /** @type {number} */ i) => agrees(address(a, 'An authorizer of the voucher'), t.authorizers[i], 'An authorizer of the voucher'));
  if (t.kind === 'payload') return;
  must(Array.isArray(v.payloadSigs) && v.payloadSigs.length === t.signatures.length, 'The voucher’s signatures are not what would be signed.');
  const ours = t.signatures.map((s) => [s.address, s.key, digits(s.signature), s.extension ? digits(s.extension) : ''].join(' ')).sort();
  const theirs = v.payloadSigs.map((/** @type {any} */ one) => {
    const s = Object(one);
    return [address(s.address, 'A signer of the voucher'), s.keyId, String(s.sig).toLowerCase(), String(s.extensionData ?? '').toLowerCase()].join(' ');
  }).sort();
  ours.forEach((one, i) => agrees(theirs[i], one, 'A signature of the voucher'));
}

/** FCL's Signable. @param {any} body @returns {Signable} */
export function signableOf(body) {
  const s = Object(body);
  must(s.f_type === 'Signable' && /^1\.\d{1,3}\.\d{1,3}$/.test(s.f_vsn), 'The app asks for something else than a signature under a transaction.');
  must(typeof s.message === 'string' && s.message.length <= 2 * MAX_MESSAGE && /^(?:[0-9a-fA-F]{2})+$/.test(s.message), 'What the app wants signed is no message in hexadecimal digits.');
  const message = fromHex('0x' + s.message);
  let t;
  try {
    t = decode(message);
  } catch (e) {
    throw refusal('What the app wants signed is no transaction.', e);
  }
  const own = address(s.addr, 'The account that should sign');
  must(Number.isInteger(s.keyId) && s.keyId >= 0 && s.keyId <= 0xffffffff, 'The request does not name a key.');
  const roles = { proposes: t.proposer.address === own, pays: t.payer === own, authorizes: t.authorizers.includes(own) };
  must(roles.proposes || roles.pays || roles.authorizes, 'Your account signs nothing of this transaction.');
  must(roles.pays === (t.kind === 'envelope'), roles.pays ? 'Your account pays, and is asked to sign as if it did not.' : 'Your account does not pay, and is asked to sign as if it did.');
  const asked = Object(s.roles);
  const proposes = roles.proposes && t.proposer.key === s.keyId;
  must(!!asked.proposer === proposes && !!asked.payer === roles.pays && !!asked.authorizer === roles.authorizes, 'Your account is asked to sign as something else than what it is in the transaction.');
  sameScript(s.cadence, t, 'The request’s script');
  sameArguments(s.args, t, 'The request’s arguments');
  sameVoucher(s.voucher, t);
  return { address: own, key: s.keyId, message, t, roles };
}

/** FCL's CompositeSignature: digits without 0x. @param {Uint8Array} address @param {number} key @param {import('../assertion.js').Signed} a */
export const composite = (address, key, a) => ({
  f_type: 'CompositeSignature', f_vsn: '1.0.0', addr: '0x' + digits(address), keyId: key, signature: digits(a.signature), extensionData: digits(extension(a)),
});

/**
 * FCL's AuthnResponse. There is no user-signature service: what verifies such signatures takes none of a passkey.
 * @param {string} page this page's address @param {Uint8Array} address @param {number} key @param {{proof: Proof, signature: object}} [proven]
 */
export function loggedIn(page, address, key, proven) {
  const addr = '0x' + digits(address);
  const service = (/** @type {string} */ type, /** @type {object} */ more) => ({ f_type: 'Service', f_vsn: '1.0.0', type, uid: `postern#${type}`, ...more });
  const identity = { f_type: 'Identity', f_vsn: '1.0.0', address: addr, keyId: key };
  const services = [
    service('authn', { endpoint: page, method: 'POP/RPC', id: addr, identity, provider: { f_type: 'ServiceProvider', f_vsn: '1.0.0', name: 'Postern', description: 'Passkeys as keys of accounts' } }),
    service('authz', { endpoint: `${page}?for=authz`, method: 'POP/RPC', identity }),
  ];
  if (proven) services.push(service('account-proof', { method: 'DATA', data: { f_type: 'account-proof', f_vsn: '1.0.0', address: addr, nonce: digits(proven.proof.nonce), signatures: [proven.signature] } }));
  return { f_type: 'AuthnResponse', f_vsn: '1.0.0', addr, services };
}
