// @ts-check
/**
 * The file that guardians pass on to each other ("postern-recovery-1", as package
 * account/guardian): a message, the setup whose guardians sign it, and the approvals
 * there are. Every part is checked when it is read. There is no secret in it.
 */
import { checksum, passkeySigner } from './account.js';
import { verify } from './assertion.js';
import { MalformedError, concat, equal, fromHex, toBase64url, toHex, utf8 } from './bytes.js';
import { approved, configHash, digest, encodeSetup, fields, majority, parseSetup } from './guardians.js';
import { signer as recovered } from './secp256k1.js';
import { seal } from './userop.js';

/**
 * @typedef {import('./guardians.js').Approval} Approval
 * @typedef {import('./guardians.js').Message} Message
 * @typedef {import('./guardians.js').Setup} Setup
 * @typedef {{chainId: bigint, module: string, setup: Setup, message: Message, newSigner?: Approval, approvals: Approval[]}} Collected
 */

export const FORMAT = 'postern-recovery-1';
const MOST = 400_000; // characters
const MOST_SIGNATURE = 16_384;

/** The tier whose guardians sign. @param {Message} m */
export const tierOf = (m) => (m.kind === 'cancel' ? m.by : m.kind === 'drill' ? -1 : m.tier);

/** @param {Approval} a */
const written = (a) => ({ signer: toHex(a.signer), signature: toHex(a.signature), ...(a.proof.length && { proof: a.proof.map(toHex) }) });

/** The text of the file. @param {Collected} c */
export function serialize(c) {
  const [, members] = fields(c.message);
  return JSON.stringify({
    format: FORMAT, kind: c.message.kind, chainId: c.chainId.toString(), module: checksum(c.module), setup: toHex(encodeSetup(c.setup)),
    message: Object.fromEntries(members.map((f) => [f.name, f.json])),
    ...(c.newSigner && { newSigner: written(c.newSigner) }), approvals: c.approvals.map(written),
  });
}

/** Reads a file and verifies every part of it. @param {string} text @param {{chainId: bigint, module: string}} here @returns {Promise<Collected>} */
export async function parse(text, here) {
  /** @type {any} */ let json;
  try {
    json = text.length <= MOST ? JSON.parse(text) : undefined;
  } catch {
    // named below
  }
  if (json?.format !== FORMAT) throw new MalformedError('it is no file of approvals, or is cut off');
  only(json, ['format', 'kind', 'chainId', 'module', 'setup', 'message', 'newSigner', 'approvals']);
  if (json.chainId !== here.chainId.toString()) throw new MalformedError(`it is for chain ${json.chainId}, and this is chain ${here.chainId}`);
  if (String(json.module).toLowerCase() !== here.module.toLowerCase()) throw new MalformedError('it is for another version of the contracts');
  const setup = parseSetup(fromHex(json.setup));
  const m = message(json.kind, json.message);
  if (!equal(m.configHash, configHash(setup))) throw new MalformedError('the guardians in it are not those that the message names');
  const tier = tierOf(m);
  if (tier >= setup.tiers.length) throw new MalformedError('there are no such guardians');
  /** @type {Collected} */ const c = { ...here, setup, message: m, approvals: [] };
  if (json.newSigner !== undefined) {
    const a = approval(json.newSigner);
    if (m.kind !== 'recover' || !equal(a.signer, m.newSigner)) throw new MalformedError('its new signer is another');
    await add(c, a);
  }
  if (!Array.isArray(json.approvals) || json.approvals.length > 64) throw new MalformedError('its approvals are no list');
  for (const one of json.approvals) {
    const before = c.approvals.length;
    await add(c, approval(one));
    if (c.approvals.length !== before + 1) throw new MalformedError('somebody’s approval is in it twice');
  }
  return c;
}

/** @param {any} o @param {string[]} names */
function only(o, names) {
  if (typeof o !== 'object' || o === null || Array.isArray(o)) throw new MalformedError('a part of it is missing');
  const other = Object.keys(o).find((k) => !names.includes(k));
  if (other) throw new MalformedError(`it has “${other.slice(0, 30)}”, which nobody here knows`);
}

/** @param {any} o @returns {Approval} */
function approval(o) {
  only(o, ['signer', 'signature', 'proof']);
  const proof = o.proof ?? [];
  if (!Array.isArray(proof) || proof.length > 8) throw new MalformedError('a proof is too long');
  const signature = fromHex(o.signature);
  if (signature.length > MOST_SIGNATURE) throw new MalformedError('a signature is too long');
  return { signer: fromHex(o.signer), signature, proof: proof.map((p) => fromHex(p, 32)) };
}

/** @param {unknown} v @param {number} bits */
function small(v, bits) {
  if (typeof v !== 'number' || !Number.isSafeInteger(v) || v < 0 || v >= 2 ** bits) throw new MalformedError('a number in it is none');
  return v;
}

/** @param {unknown} v */
function big(v) {
  if (typeof v !== 'string' || !/^(0|[1-9]\d{0,77})$/.test(v)) throw new MalformedError('a number in it is none');
  return BigInt(v);
}

/** @param {unknown} kind @param {any} o @returns {Message} */
function message(kind, o) {
  const common = () => ({ account: checksum(toHex(fromHex(o.account, 20))), nonce: big(o.nonce), configHash: fromHex(o.configHash, 32) });
  /** @type {Message} */ let m;
  if (kind === 'recover') {
    if (!Array.isArray(o?.replaces) || !o.replaces.length || o.replaces.length > 32) throw new MalformedError('nobody is replaced by it, or too many are');
    m = { kind, ...common(), tier: small(o.tier, 8), newSigner: fromHex(o.newSigner), table: small(o.table, 8), credentialIdHash: fromHex(o.credentialIdHash, 32), replaces: o.replaces.map((/** @type {string} */ r) => fromHex(r)), deadline: small(o.deadline, 48) };
  } else if (kind === 'cancel') m = { kind, ...common(), tier: small(o?.tier, 8), by: small(o.by, 8) };
  else if (kind === 'freeze' || kind === 'unfreeze') m = { kind, ...common(), tier: small(o?.tier, 8), deadline: small(o.deadline, 48) };
  else if (kind === 'drill') m = { kind, ...common(), date: small(o?.date, 48) };
  else throw new MalformedError('it asks for something that nobody here knows');
  only(o, fields(m)[1].map((f) => f.name));
  return m;
}

/** The guardians who are asked. @param {Collected} c */
export function asked({ message: m, setup }) {
  const tier = tierOf(m);
  return tier >= 0 ? setup.tiers[tier].guardians : setup.tiers.flatMap((t) => t.guardians).filter((g, i, all) => all.findIndex((h) => equal(h.signer, g.signer)) === i);
}

/** Approvals that were verified here. @type {WeakSet<Approval>} */
const sure = new WeakSet();

/** Takes an approval that has been verified, as far as that is possible without a chain. What is there already stays, unless only the new one is known to be good. @param {Collected} c @param {Approval} a */
export async function add(c, a) {
  const good = await verified(c, a);
  if (good === false) throw new MalformedError('a signature in it is not its signer’s, or of something else');
  if (good) sure.add(a);
  const better = (/** @type {Approval} */ b) => good && !sure.has(b);
  const isNew = c.message.kind === 'recover' && equal(a.signer, c.message.newSigner);
  if (isNew && (!c.newSigner || better(c.newSigner))) c.newSigner = a;
  if (!asked(c).some((g) => equal(g.signer, a.signer))) {
    if (isNew) return;
    throw new MalformedError('somebody has signed it who is no guardian here');
  }
  const at = c.approvals.findIndex((b) => equal(b.signer, a.signer));
  if (at < 0) c.approvals.push(a);
  else if (better(c.approvals[at])) c.approvals[at] = a;
}

/** Adds what another copy of the same file has. @param {Collected} c @param {Collected} other */
export async function merge(c, other) {
  const d = (/** @type {Collected} */ x) => digest(x.message, x.chainId, x.module);
  if (!equal(d(c), d(other))) throw new MalformedError('it is about something else');
  for (const a of [...(other.newSigner ? [other.newSigner] : []), ...other.approvals]) await add(c, a);
}

/** Whether a signature is its signer's; undefined where only the chain can tell. @param {Collected} c @param {Approval} a @returns {Promise<boolean | undefined>} */
async function verified(c, a) {
  const hash = approved(digest(c.message, c.chainId, c.module), a.proof, c.module);
  const key = passkeySigner(a.signer);
  if (key) {
    const signed = opened(a.signature, hash);
    return !!signed && allows(key.rule, signed.authenticatorData[32] ?? 0) && verify(signed, key);
  }
  if (a.signer.length > 20 || a.signature.length !== 65) return undefined;
  try {
    if (recovered(hash, a.signature) === checksum(toHex(a.signer))) return true;
  } catch {
    // no signature of a key, then; a contract may take it
  }
  return undefined;
}

/** What the rule of a passkey asks of the flags. @param {number} rule @param {number} flags */
function allows(rule, flags) {
  return [[0, 0x04], [2, 0x08], [4, 0x10]].every(([shift, flag]) => {
    const want = (rule >> shift) & 3;
    return want === 0 || (want === 1) === !!(flags & flag);
  }) && !!(flags & 1);
}

const USUAL = '{"type":"webauthn.get","challenge":"';

/** A passkey's approval as P256Verifier takes it, taken apart again. @param {Uint8Array} b @param {Uint8Array} challenge @returns {import('./assertion.js').Signed | undefined} */
function opened(b, challenge) {
  let at = 1;
  const take = (/** @type {number} */ n) => {
    at += n;
    return at <= b.length ? b.slice(at - n, at) : new Uint8Array();
  };
  const sized = (/** @type {number} */ width) => take(take(width).reduce((n, v) => n * 256 + v, 0));
  const [general, hinted] = [b[0] === 3 || b[0] === 6, b[0] === 5 || b[0] === 6];
  if (!general && b[0] !== 2 && b[0] !== 5) return undefined;
  const [signature, authenticatorData] = [take(64), sized(1)];
  const prefix = general ? (take(2), sized(2)) : utf8(USUAL);
  const suffix = sized(2);
  if (hinted) sized(1);
  return at === b.length ? { signature, authenticatorData, clientDataJSON: concat(prefix, utf8(toBase64url(challenge)), suffix) } : undefined;
}

/** A passkey's approval: the seal without the key that the signer already names. @param {Uint8Array} signer @param {import('./assertion.js').Signed} assertion @returns {Approval} */
export function byPasskey(signer, assertion) {
  const b = seal(/** @type {import('./userop.js').PasskeySigner} */ (passkeySigner(signer)), assertion);
  return { signer, signature: concat(b.slice(0, 1), b.slice(66)), proof: [] };
}

/** How far the approvals have come. Of an open one nobody but the chain can tell whether it is good. @param {Collected} c */
export function standing(c) {
  const m = c.message;
  const list = asked(c).map((g) => {
    const a = c.approvals.find((b) => equal(b.signer, g.signer));
    return { ...g, approved: !!a, open: !!a && !sure.has(a) };
  });
  const weight = list.reduce((n, g) => n + (g.approved ? g.weight : 0n), 0n);
  const tier = c.setup.tiers[tierOf(m)];
  const threshold = m.kind === 'drill' ? BigInt(list.length) : m.kind === 'recover' ? tier.threshold : majority(tier);
  const alone = m.kind === 'recover' || m.kind === 'drill' || (m.kind === 'cancel' && m.by === m.tier && tier.guardians.length === 1);
  const few = !alone && list.filter((g) => g.approved).length < 2;
  const proven = m.kind !== 'recover' || !!c.newSigner;
  const works = m.kind === 'recover' && !!c.newSigner && sure.has(c.newSigner);
  return { list, weight, threshold, few, proven, works, ready: m.kind !== 'drill' && weight >= threshold && !few && proven };
}
