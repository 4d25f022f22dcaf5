// @ts-check
/**
 * Guardians of an account, as package account/guardian and the contract have them: the
 * setup, its order and what is refused, the messages that guardians sign, and the calls.
 */
import { encodeCall, keccak } from './abi.js';
import { checksum, passkeySigner } from './account.js';
import { MalformedError, concat, equal, fromHex, toBigInt, toHex, uint, utf8 } from './bytes.js';

/**
 * @typedef {{signer: Uint8Array, weight: bigint}} Guardian
 * @typedef {{threshold: bigint, delay: number, guardians: Guardian[]}} Tier delay in seconds
 * @typedef {{expiry: number, changeDelay: number, freeze: number, tiers: Tier[]}} Setup seconds
 * @typedef {{account: string, tier: number, newSigner: Uint8Array, table: number, credentialIdHash: Uint8Array, replaces: Uint8Array[], nonce: bigint, deadline: number, configHash: Uint8Array}} Recovery
 * @typedef {{kind: 'recover'} & Recovery
 *  | {kind: 'cancel', account: string, tier: number, by: number, nonce: bigint, configHash: Uint8Array}
 *  | {kind: 'freeze' | 'unfreeze', account: string, tier: number, nonce: bigint, deadline: number, configHash: Uint8Array}
 *  | {kind: 'drill', account: string, nonce: bigint, date: number, configHash: Uint8Array}} Message
 * @typedef {{signer: Uint8Array, signature: Uint8Array, proof: Uint8Array[]}} Approval
 */

export const DAY = 86_400;
const MAX_SIGNER = 1024;
const VERIFIER = 20; // bytes of an address in front of other keys
const MAX_SETUP = 24_575; // bytes: behind a zero byte in a contract's code (EIP-170), where setups are kept

/** What guardians of a tier are ordered by; one key under two rules is one guardian. @param {Uint8Array} signer */
export const id = (signer) => keccak(passkeySigner(signer) ? signer.subarray(0, -1) : signer);

// ABI of nested structs: a part is 32 bytes in place, or bytes that an offset points to.

/** @typedef {Uint8Array | {far: Uint8Array}} Part */

/** @param {Part[]} parts */
function tuple(...parts) {
  let offset = 32 * parts.length;
  const heads = parts.map((p) => {
    if (p instanceof Uint8Array) return p;
    const head = uint(offset, 32);
    offset += p.far.length;
    return head;
  });
  return concat(...heads, ...parts.flatMap((p) => (p instanceof Uint8Array ? [] : [p.far])));
}

const number = (/** @type {number | bigint} */ n) => uint(BigInt(n), 32);
const bytes = (/** @type {Uint8Array} */ b) => ({ far: concat(uint(b.length, 32), b, new Uint8Array(-b.length & 31)) });
const list = (/** @type {Part[]} */ items) => ({ far: concat(uint(items.length, 32), tuple(...items)) });
const address = (/** @type {string} */ a) => concat(new Uint8Array(12), fromHex(a, 20));

const SETUP = '(uint32,uint32,uint32,(uint64,uint32,(bytes,uint64)[])[])';
const RECOVERY = '(address,uint8,bytes,uint8,bytes32,bytes[],uint256,uint48,bytes32)';
const APPROVAL = '(uint8,bytes,bytes32[])';

/** @param {Setup} s @returns {Part} */
const setupPart = (s) => ({
  far: tuple(number(s.expiry), number(s.changeDelay), number(s.freeze), list(s.tiers.map((t) => ({
    far: tuple(number(t.threshold), number(t.delay), list(t.guardians.map((g) => ({ far: tuple(bytes(g.signer), number(g.weight)) })))),
  })))),
});

/** abi.encode(Setup): the data of the module's installation. @param {Setup} s */
export const encodeSetup = (s) => tuple(setupPart(s));

/** What guardians sign of the setup. @param {Setup} s */
export const configHash = (s) => keccak(encodeSetup(s));

/** Reads what {@link encodeSetup} writes, and nothing else. @param {Uint8Array} b @returns {Setup} */
export function parseSetup(b) {
  const s = setupAt(at(b, 0, b));
  if (!equal(encodeSetup(s), b)) throw new MalformedError('it is no setup of guardians');
  return s;
}

const MOST = 64; // items of any list

/** @param {Uint8Array} b @param {number} i */
const word = (b, i) => {
  if (b.length < 32 * i + 32) throw new MalformedError('it is cut off');
  return toBigInt(b.subarray(32 * i, 32 * i + 32));
};
/** @param {Uint8Array} b @param {number} i @param {bigint} [most] */
const small = (b, i, most = 0xffffffffffffn) => {
  const n = word(b, i);
  if (n > most) throw new MalformedError('a number is too large');
  return Number(n);
};
/** What the offset at a word leads to. @param {Uint8Array} b @param {number} i @param {Uint8Array} base */
const at = (b, i, base) => base.subarray(small(b, i, BigInt(base.length)));
/** @param {Uint8Array} b */
function bytesOf(b) {
  const size = small(b, 0, BigInt(b.length - 32));
  return b.slice(32, 32 + size);
}
/** @template T @param {Uint8Array} b @param {(item: Uint8Array) => T} read @returns {T[]} */
function items(b, read) {
  const n = small(b, 0, BigInt(MOST));
  const rest = b.subarray(32);
  return Array.from({ length: n }, (_, i) => read(at(rest, i, rest)));
}

/** @param {Uint8Array} b @returns {Setup} */
function setupAt(b) {
  return {
    expiry: small(b, 0), changeDelay: small(b, 1), freeze: small(b, 2),
    tiers: items(at(b, 3, b), (t) => ({
      threshold: word(t, 0), delay: small(t, 1),
      guardians: items(at(t, 2, t), (g) => ({ signer: bytesOf(at(g, 0, g)), weight: word(g, 1) })),
    })),
  };
}

/** In the order that the contract asks for. @param {Setup} s @returns {Setup} */
export function sorted(s) {
  const by = (/** @type {Guardian} */ a, /** @type {Guardian} */ b) => (toHex(id(a.signer)) < toHex(id(b.signer)) ? -1 : 1);
  return { ...s, tiers: s.tiers.map((t) => ({ ...t, guardians: [...t.guardians].sort(by) })).sort((a, b) => a.delay - b.delay) };
}

/** The weight of all of a tier. @param {Tier} t */
export const weightOf = (t) => t.guardians.reduce((n, g) => n + g.weight, 0n);

/** What it takes to cancel or freeze. @param {Tier} t */
export const majority = (t) => [t.threshold, weightOf(t) / 2n + 1n].reduce((a, b) => (a > b ? a : b));

/**
 * Why a sorted setup would be refused, with the field; empty if it would not.
 * @param {Setup} s @param {string} account @param {Uint8Array[]} signers of the account @param {{module: string, verifier?: string}} known
 * @returns {{field: string, why: string}[]}
 */
export function problems(s, account, signers, { module, verifier }) {
  /** @type {{field: string, why: string}[]} */ const out = [];
  const bad = (/** @type {string} */ field, /** @type {string} */ why) => out.push({ field, why });
  if (!s.tiers.length) return [{ field: 'tiers', why: 'there is no guardian' }];
  if (s.tiers.length > 4) return [{ field: 'tiers', why: 'there are too many' }];
  if (s.expiry < DAY || s.expiry > 90 * DAY) bad('expiry', 'a proposal must stay executable for 1 to 90 days');
  const first = s.tiers[0].delay;
  if (s.changeDelay > 730 * DAY) bad('changeDelay', 'a change of guardians would wait for more than two years');
  else if (s.changeDelay < first + DAY) bad('changeDelay', 'a change of guardians must wait longer than a recovery of the first tier, by a day');
  if (s.freeze) {
    if (s.freeze < first + DAY || s.freeze > 60 * DAY) bad('freeze', 'a freeze must outlast the first tier’s delay by a day, and last 60 days at most');
    if (!s.tiers.some((t) => t.guardians.length > 1)) bad('freeze', 'no quorum of two can freeze: it takes two guardians at least');
  }
  const own = new Set(signers.map((x) => toHex(id(x))));
  for (const [i, t] of s.tiers.entries()) {
    const name = `tiers[${i}]`;
    if (t.delay < DAY) bad(`${name}.delay`, 'the delay is shorter than a day: the owner could not object in time');
    else if (t.delay > 730 * DAY) bad(`${name}.delay`, 'the delay is longer than two years');
    else if (i && t.delay <= s.tiers[i - 1].delay) bad(`${name}.delay`, 'it is not in its order');
    if (!t.guardians.length || t.guardians.length > 16) {
      bad(`${name}.guardians`, t.guardians.length ? 'there are too many' : 'there is no guardian');
      continue;
    }
    const seen = new Set();
    let [sum, before] = [0n, ''];
    for (const [j, g] of t.guardians.entries()) {
      const field = `${name}.guardians[${j}]`;
      const key = toHex(id(g.signer));
      const kind = kindProblem(g.signer, account, module, verifier);
      if (kind) bad(field, kind);
      if (!g.weight) bad(field, 'a guardian without weight changes nothing');
      else if (g.weight + sum >= 1n << 64n) {
        bad(field, 'the weights add up to more than fits');
        break;
      }
      if (seen.has(key)) bad(field, 'one key stands there twice');
      else if (key < before) bad(field, 'it is not in its order');
      if (own.has(key)) bad(field, 'a signer of the account is its guardian: who has that key has both');
      sum += g.weight;
      seen.add(key);
      before = key;
    }
    if (!t.threshold) bad(`${name}.threshold`, 'a threshold of zero would need nobody');
    else if (t.threshold > sum) bad(`${name}.threshold`, 'the threshold is above the weight of all guardians');
  }
  if (encodeSetup(s).length > MAX_SETUP) bad('tiers', 'it does not fit into a contract’s code');
  return out;
}

/** @param {Uint8Array} signer @param {string} account @param {string} module @param {string} [verifier] of P-256 */
function kindProblem(signer, account, module, verifier) {
  const same = (/** @type {string | undefined} */ a) => a !== undefined && toHex(signer.subarray(0, VERIFIER)) === a.toLowerCase();
  if (signer.length > MAX_SIGNER) return 'this can be no guardian';
  if (passkeySigner(signer)) return '';
  if (signer.length < VERIFIER || signer.subarray(0, 18).every((v) => !v)) return 'this can be no guardian';
  if (same(account)) return 'the account cannot guard itself';
  if (same(module)) return 'this can be no guardian';
  return signer.length > VERIFIER && same(verifier) ? 'a passkey of P256Verifier must be written as a passkey' : '';
}

// Messages (EIP-712).

/** @typedef {{name: string, type: string, word: Uint8Array, json: unknown}} Field */

const field = {
  address: (/** @type {string} */ name, /** @type {string} */ a) => ({ name, type: 'address', word: address(a), json: checksum(a) }),
  small: (/** @type {string} */ name, /** @type {string} */ type, /** @type {number} */ n) => ({ name, type, word: number(n), json: n }),
  big: (/** @type {string} */ name, /** @type {bigint} */ n) => ({ name, type: 'uint256', word: number(n), json: n.toString() }),
  hash: (/** @type {string} */ name, /** @type {Uint8Array} */ h) => ({ name, type: 'bytes32', word: h, json: toHex(h) }),
  bytes: (/** @type {string} */ name, /** @type {Uint8Array} */ b) => ({ name, type: 'bytes', word: keccak(b), json: toHex(b) }),
  list: (/** @type {string} */ name, /** @type {Uint8Array[]} */ l) => ({ name, type: 'bytes[]', word: keccak(concat(...l.map(keccak))), json: l.map(toHex) }),
  text: (/** @type {string} */ name, /** @type {string} */ s) => ({ name, type: 'string', word: keccak(utf8(s)), json: s }),
};

/** What it is called, and its members in their order. @param {Message} m @returns {[string, Field[]]} */
export function fields(m) {
  const account = field.address('account', m.account);
  const [nonce, config] = [field.big('nonce', m.nonce), field.hash('configHash', m.configHash)];
  switch (m.kind) {
    case 'recover': return ['Recover', [
      account, field.small('tier', 'uint8', m.tier), field.bytes('newSigner', m.newSigner), field.small('table', 'uint8', m.table), field.hash('credentialIdHash', m.credentialIdHash),
      field.list('replaces', m.replaces), nonce, field.small('deadline', 'uint48', m.deadline), config,
    ]];
    case 'cancel': return ['CancelRecovery', [account, field.small('tier', 'uint8', m.tier), field.small('by', 'uint8', m.by), nonce, config]];
    case 'freeze': return ['Freeze', [account, field.small('tier', 'uint8', m.tier), nonce, field.small('deadline', 'uint48', m.deadline), config]];
    case 'unfreeze': return ['Unfreeze', [account, field.small('tier', 'uint8', m.tier), nonce, field.small('deadline', 'uint48', m.deadline), config]];
    case 'drill': return ['Drill', [account, nonce, field.small('date', 'uint48', m.date), config]];
  }
}

/** @param {string} name @param {Field[]} members */
const struct = (name, members) => keccak(concat(keccak(utf8(`${name}(${members.map((f) => `${f.type} ${f.name}`).join(',')})`)), ...members.map((f) => f.word)));

/** @param {bigint} chainId @param {string} module */
const domain = (chainId, module) => [field.text('name', 'Postern Guardians'), field.text('version', '1'), field.big('chainId', chainId), field.address('verifyingContract', module)];

/** @param {bigint} chainId @param {string} module @param {[string, Field[]]} message */
const typed = (chainId, module, message) => keccak(concat(Uint8Array.of(0x19, 0x01), struct('EIP712Domain', domain(chainId, module)), struct(...message)));

/** What is signed. @param {Message} m @param {bigint} chainId @param {string} module */
export const digest = (m, chainId, module) => typed(chainId, module, fields(m));

/** What the account itself signs, as a message (ERC-1271), to stop all proposals. @param {string} account @param {bigint} nonce the epoch, without a counter @param {bigint} chainId @param {string} module */
export const cancelAll = (account, nonce, chainId, module) => typed(chainId, module, ['CancelAll', [field.address('account', account), field.big('nonce', nonce)]]);

/** What an approval signs: the digest, or the root that its path leads to, over digests of several chains. @param {Uint8Array} hash @param {Uint8Array[]} proof @param {string} module */
export function approved(hash, proof, module) {
  if (!proof.length) return hash;
  const root = proof.reduce((a, b) => keccak(toHex(a) <= toHex(b) ? concat(a, b) : concat(b, a)), hash);
  const anywhere = domain(0n, module).filter((f) => f.name !== 'chainId');
  return keccak(concat(Uint8Array.of(0x19, 0x01), struct('EIP712Domain', anywhere), struct('OnManyChains', [field.hash('root', root)])));
}

/** The JSON for eth_signTypedData_v4. @param {Message} m @param {bigint} chainId @param {string} module */
export function typedData(m, chainId, module) {
  const [primaryType, members] = fields(m);
  const types = (/** @type {Field[]} */ l) => l.map(({ name, type }) => ({ name, type }));
  const values = (/** @type {Field[]} */ l) => Object.fromEntries(l.map((f) => [f.name, f.json]));
  const d = domain(chainId, module);
  return JSON.stringify({ types: { EIP712Domain: types(d), [primaryType]: types(members) }, primaryType, domain: values(d), message: values(members) });
}

// Calls.

/** @param {string} name @param {string} types @param {...Part} parts */
const call = (name, types, ...parts) => concat(keccak(utf8(`${name}(${types})`)).slice(0, 4), tuple(...parts));

/** @param {Recovery} r @returns {Part} */
const recoveryPart = (r) => ({ far: tuple(address(r.account), number(r.tier), bytes(r.newSigner), number(r.table), r.credentialIdHash, list(r.replaces.map(bytes)), number(r.nonce), number(r.deadline), r.configHash) });

/** @param {Approval} a @param {number} guardian its place in the tier @returns {Part} */
const approvalPart = (a, guardian) => ({ far: tuple(number(guardian), bytes(a.signature), { far: concat(uint(a.proof.length, 32), ...a.proof) }) });

/** In the order that the contract asks for. @param {Tier} tier @param {Approval[]} approvals */
function approvalsPart(tier, approvals) {
  const placed = approvals.map((a) => ({ a, i: tier.guardians.findIndex((g) => equal(g.signer, a.signer)) })).sort((x, y) => x.i - y.i);
  return list(placed.map(({ a, i }) => approvalPart(a, i)));
}

/** The account's call on itself. @param {string} module @param {Setup} s */
export const install = (module, s) => encodeCall('installModule(uint256,address,bytes)', 2n, module, encodeSetup(s));
/** @param {string} module */
export const uninstall = (module) => encodeCall('uninstallModule(uint256,address,bytes)', 2n, module, new Uint8Array());
/** @param {Setup} s the empty one is leaving */
export const schedule = (s) => call('scheduleSetup', SETUP, setupPart(s));
export const cancelSetup = () => call('cancelSetup', '');
/** The account's call that stops all proposals. */
export const cancel = () => call('cancel', '');
/** @param {string} account */
export const applySetup = (account) => call('applySetup', 'address', address(account));
/** @param {Recovery} r */
export const execute = (r) => call('execute', RECOVERY, recoveryPart(r));

/** The transaction that a message with enough approvals is. @param {Message} m @param {Setup} s @param {Approval[]} approvals @param {Approval} [newSigner] */
export function transaction(m, s, approvals, newSigner) {
  switch (m.kind) {
    case 'recover': return call('propose', `${RECOVERY},${APPROVAL},${APPROVAL}[]`, recoveryPart(m), approvalPart(/** @type {Approval} */ (newSigner), 0), approvalsPart(s.tiers[m.tier], approvals));
    case 'cancel': return call('cancelByGuardians', `address,uint8,uint8,${APPROVAL}[]`, address(m.account), number(m.tier), number(m.by), approvalsPart(s.tiers[m.by], approvals));
    case 'freeze':
    case 'unfreeze': return call(m.kind, `address,uint8,uint48,${APPROVAL}[]`, address(m.account), number(m.tier), number(m.deadline), approvalsPart(s.tiers[m.tier], approvals));
    case 'drill': throw new MalformedError('no contract takes a drill');
  }
}

// What the module says.

/** @param {Uint8Array} b reply of setupOf */
export const readSetup = (b) => setupAt(at(b, 0, b));

/** @param {Uint8Array} b reply of pendingSetupOf */
export const readPending = (b) => ({ setup: setupAt(at(b, 0, b)), readyAt: small(b, 1), expiresAt: small(b, 2) });

/** @param {Uint8Array} b reply of proposalOf @returns {{digest: Uint8Array, readyAt: number, expiresAt: number, block: number} | undefined} */
export function readProposal(b) {
  return word(b, 0) ? { digest: b.slice(0, 32), readyAt: small(b, 1), expiresAt: small(b, 2), block: small(b, 3) } : undefined;
}

export const PROPOSED = keccak(utf8(`RecoveryProposed(address,uint8,bytes32,uint48,uint48,${RECOVERY})`));

/** @param {Uint8Array} b data of the event RecoveryProposed @returns {Recovery} */
export function readProposed(b) {
  const r = at(b, 3, b);
  return {
    account: checksum(toHex(r.slice(12, 32))), tier: small(r, 1), newSigner: bytesOf(at(r, 2, r)), table: small(r, 3), credentialIdHash: r.slice(128, 160),
    replaces: items(at(r, 5, r), bytesOf), nonce: word(r, 6), deadline: small(r, 7), configHash: r.slice(256, 288),
  };
}
