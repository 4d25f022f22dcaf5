// @ts-check
/**
 * ZeroDev's Kernel 3: an account's address from its owner, its calls, permissions and
 * what the owner signs for them, nonce keys and signatures. Byte for byte what
 * account/kernel and seal write; nothing here asks a server what it can compute.
 */
import { decodeBytesArray, encode, encodeCall, keccak, word } from './abi.js';
import { checksum } from './account.js';
import { FLAGS, parseClientData } from './assertion.js';
import { MalformedError, concat, equal, fromHex, toBase64url, toBigInt, toHex, uint, utf8 } from './bytes.js';
import { R, S, longest, typedHash } from './userop.js';

/**
 * @typedef {import('./assertion.js').Key} Key
 * @typedef {import('./assertion.js').Signed} Signed
 *
 * @typedef {{version: string, factory: string, implementation: string, initCodeHash: string}} Deployment
 * @typedef {{kind: 'ecdsa', owner: string, multi?: boolean} | ({kind: 'passkey', credentialHash: Uint8Array, multi?: boolean} & Key)} Root who may do everything
 * @typedef {{version: string, address: string, root: Root, factory?: string, factoryData?: string}} Account factory and its data: where it is known what creates it
 * @typedef {{contract: string, data: Uint8Array}} Signer
 * @typedef {{policies: Uint8Array[], signer: Signer, flag?: number}} Permission policies: flag (2) ‖ contract (20) ‖ data each
 * @typedef {{to: string, value: bigint, data: string}} Call
 */

export const META_FACTORY = '0xd703aaE79538628d27099B8c4f621bE4CCd142d5';

/** Kernel for EntryPoint 0.7, newest first; the same addresses on every chain that has them. @type {Deployment[]} */
export const DEPLOYMENTS = [
  { version: '0.3.3', factory: '0x2577507b78c2008Ff367261CB6285d44ba5eF2E9', implementation: '0xd6CEDDe84be40893d153Be9d467CD6aD37875b28', initCodeHash: '0xc452397f1e7518f8cea0566ac057e243bb1643f6298aba8eec8cdee78ee3b3dd' },
  { version: '0.3.2', factory: '0x7a1dBAB750f12a90EB1B60D2Ae3aD17D4D81EfFe', implementation: '0xD830D15D3dc0C269F3dBAa0F3e8626d33CFdaBe1', initCodeHash: '0xc7c48c9dd12de68b8a4689b6f8c8c07b61d4d6fa4ddecdd86a6980d045fa67eb' },
  { version: '0.3.1', factory: '0xaac5D4240AF87249B3f71BC8E4A2cae074A3E419', implementation: '0xBAC849bB641841b44E965fB01A4Bf5F074f84b4D', initCodeHash: '0x85d96aa1c9a65886d094915d76ccae85f14027a02c1647dde659f869460f03e6' },
];

/** The contracts that check an owner's signatures. */
export const VALIDATORS = {
  ecdsa: '0x845ADb2C711129d4f3966735eD98a9F09fC4cE57',
  multiECDSA: '0x5C97aA67Ba578E3c54ec5942A7563Ea9130E4f5F',
  passkey: '0x7ab16Ff354AcB328452F1D445b3Ddee9a91e9e69',
  multiPasskey: '0xF98365FAD8403C340b1D5F017b2EBdaE641104ff',
};

/** The contracts that check a permission's signatures. */
export const SIGNERS = { ecdsa: '0x6A6F069E2a08c2468e7724Ab3250CdBFBA14D4FF', passkey: '0x65DEeC8fEe717dc044D0CFD63cCf55F02cCaC2b3' };

/** @param {string} version @returns {Deployment} */
export function deployment(version) {
  const d = DEPLOYMENTS.find((k) => k.version === version);
  if (!d) throw new RangeError(`Kernel ${version} is not known here`);
  return d;
}

const ZERO = '0x' + '0'.repeat(40);
const same = (/** @type {string} */ a, /** @type {string} */ b) => a.toLowerCase() === b.toLowerCase();

/** @param {Root} r */
export const validatorOf = (r) => (r.kind === 'ecdsa' ? (r.multi ? VALIDATORS.multiECDSA : VALIDATORS.ecdsa) : r.multi ? VALIDATORS.multiPasskey : VALIDATORS.passkey);

/** What the validator, or a permission's signer, is installed with: 20 bytes of an address, or x ‖ y ‖ hash of the credential id. @param {Root} r */
const keyData = (r) => (r.kind === 'ecdsa' ? fromHex(r.owner, 20) : concat(r.x, r.y, r.credentialHash));

const INITIALIZE = 'initialize(bytes21,address,bytes,bytes,bytes[])';
const DEPLOY = 'deployWithFactory(address,bytes,bytes32)';

/** The account that the factory makes for an owner. @param {string} version @param {Root} root @param {bigint} [index] @returns {Account & {factory: string, factoryData: string}} */
export function account(version, root, index = 0n) {
  const d = deployment(version);
  const init = encodeCall(INITIALIZE, concat(Uint8Array.of(1), fromHex(validatorOf(root), 20)), ZERO, keyData(root), '0x', []);
  const salt = keccak(concat(init, uint(index, 32)));
  const address = keccak(concat(Uint8Array.of(0xff), fromHex(d.factory, 20), salt, fromHex(d.initCodeHash, 32))).slice(12);
  return { version, address: checksum(toHex(address)), root, factory: META_FACTORY, factoryData: toHex(encodeCall(DEPLOY, d.factory, init, uint(index, 32))) };
}

/** The account in a call to the factory; undefined where it was not made as {@link account} makes it. @param {string} factoryData */
export function parseFactoryData(factoryData) {
  const b = fromHex(factoryData);
  const d = b.length > 100 ? DEPLOYMENTS.find((k) => same(k.factory, toHex(b.slice(16, 36)))) : undefined;
  if (!d || b.length < 4 + 96 + 32 + 4 + 21) return undefined;
  const init = b.subarray(4 + 128); // behind the length of the factory's own call
  const root = rootOf(toHex(init.slice(4 + 1, 4 + 21)), init.subarray(4 + 6 * 32), Number(toBigInt(init.subarray(4 + 5 * 32, 4 + 6 * 32))));
  if (!root) return undefined;
  const made = account(d.version, root, toBigInt(b.subarray(4 + 64, 4 + 96)));
  return same(made.factoryData, toHex(b)) ? made : undefined;
}

/** @param {string} validator @param {Uint8Array} data @param {number} size @returns {Root | undefined} */
function rootOf(validator, data, size) {
  const is = (/** @type {string} */ a) => same(a, validator);
  if ((is(VALIDATORS.ecdsa) || is(VALIDATORS.multiECDSA)) && size === 20) return { kind: 'ecdsa', owner: checksum(toHex(data.slice(0, 20))), multi: is(VALIDATORS.multiECDSA) };
  if ((is(VALIDATORS.passkey) || is(VALIDATORS.multiPasskey)) && size === 96) return { kind: 'passkey', x: data.slice(0, 32), y: data.slice(32, 64), credentialHash: data.slice(64, 96), multi: is(VALIDATORS.multiPasskey) };
  return undefined;
}

// Calls.

const EXECUTE = 'execute(bytes32,bytes)';
const SELECTOR = keccak(utf8(EXECUTE)).slice(0, 4);

/** One call as it is, several as a batch of which all or none happen. @param {Call[]} calls */
export function execute(calls) {
  const one = calls.length === 1;
  const mode = concat(uint(one ? 0 : 1, 1), new Uint8Array(31));
  const body = one ? concat(fromHex(calls[0].to, 20), uint(calls[0].value, 32), fromHex(calls[0].data)) : batch(calls);
  return toHex(encodeCall(EXECUTE, mode, body));
}

/** abi.encode((address,uint256,bytes)[]). @param {Call[]} calls */
function batch(calls) {
  const items = calls.map((c) => encode(['address', 'uint256', 'bytes'], [c.to, c.value, c.data]));
  let at = 32 * items.length;
  const heads = items.map((b) => uint((at += b.length) - b.length, 32));
  return concat(uint(32, 32), uint(items.length, 32), ...heads, ...items);
}

/** The calls in callData that {@link execute} wrote; undefined for anything else. @param {string} callData @returns {Call[] | undefined} */
export function parseExecute(callData) {
  const b = fromHex(callData);
  if (b.length < 132 || !equal(b.subarray(0, 4), SELECTOR)) return undefined;
  try {
    const body = b.slice(100, 100 + Number(word(b.subarray(4), 2)));
    const calls = b[4] === 0 ? [{ to: checksum(toHex(body.slice(0, 20))), value: toBigInt(body.subarray(20, 52)), data: toHex(body.slice(52)) }] : parseBatch(body);
    return same(execute(calls), callData) ? calls : undefined;
  } catch {
    return undefined; // cut off
  }
}

/** @param {Uint8Array} body @returns {Call[]} */
function parseBatch(body) {
  const list = body.subarray(64);
  const count = Number(word(body, 1));
  if (count * 160 > list.length) throw new MalformedError('the batch is cut off');
  return Array.from({ length: count }, (_, i) => {
    const item = list.subarray(Number(word(list, i)));
    const size = Number(word(item, 3));
    if (size > item.length) throw new MalformedError('the batch is cut off');
    return { to: checksum(toHex(item.slice(12, 32))), value: word(item, 1), data: toHex(item.slice(128, 128 + size)) };
  });
}

// Permissions.

/** abi.encode(bytes[]). @param {Uint8Array[]} items */
const list = (items) => encode(['bytes[]'], [items]);

/** Who signs for a permission: a passkey, or the address of a secp256k1 key. @param {Root} key @returns {Signer} */
export const signer = (key) => ({ contract: SIGNERS[key.kind], data: keyData(key) });

/** The passkey of a permission's signer. @param {Signer} s @returns {(Key & {credentialHash: Uint8Array}) | undefined} */
export const passkeyOf = (s) => (same(s.contract, SIGNERS.passkey) && s.data.length === 96 ? { x: s.data.slice(0, 32), y: s.data.slice(32, 64), credentialHash: s.data.slice(64) } : undefined);

/** @param {Permission} p */
const last = (p) => concat(uint(p.flag ?? 0, 2), fromHex(p.signer.contract, 20), p.signer.data);

/** Four bytes that name a permission: of policies, flag and signer, whatever account and chain. @param {Permission} p */
export function permissionId(p) {
  const who = encode(['bytes'], [concat(fromHex(p.signer.contract, 20), p.signer.data)]);
  return keccak(list([list(p.policies), uint(p.flag ?? 0, 2), who])).slice(0, 4);
}

/** @param {Permission} p */
export const enableData = (p) => list([...p.policies, last(p)]);

/** @param {Uint8Array} b @returns {Permission} */
export function parseEnableData(b) {
  const entries = decodeBytesArray(b);
  const end = entries.pop();
  if (!end || entries.length > 253 || [...entries, end].some((e) => e.length < 22) || !equal(list([...entries, end]), b)) throw new MalformedError('this is no enable data of a permission');
  return { policies: entries, flag: (end[0] << 8) | end[1], signer: { contract: checksum(toHex(end.slice(2, 22))), data: end.slice(22) } };
}

/** 0x02 ‖ permission id ‖ zeros: 21 bytes. @param {Uint8Array} id */
export const validationId = (id) => concat(Uint8Array.of(2), id, new Uint8Array(16));

/** What goes with execute, which is all that a permission may call: installs nothing. */
const SELECTOR_DATA = concat(SELECTOR, new Uint8Array(40), encode(['bytes', 'bytes'], ['0xff', '0x0000']));

const ENABLE_MEMBERS = [['validationId', 'bytes21'], ['nonce', 'uint32'], ['hook', 'address'], ['validatorData', 'bytes'], ['hookData', 'bytes'], ['selectorData', 'bytes']];
const DOMAIN_MEMBERS = [['name', 'string'], ['version', 'string'], ['chainId', 'uint256'], ['verifyingContract', 'address']];
const ENABLE_TYPE = keccak(utf8(`Enable(${ENABLE_MEMBERS.map(([name, type]) => `${type} ${name}`)})`));

/**
 * What the owner signs so that an operation may install a permission: its digest, and
 * its JSON for eth_signTypedData_v4.
 * @param {{version: string, address: string}} a @param {bigint} chainId @param {number} nonce the account's currentNonce, 1 before it exists @param {Permission} p
 */
export function enable(a, chainId, nonce, p) {
  const [id, data] = [validationId(permissionId(p)), enableData(p)];
  const words = concat(id, new Uint8Array(11), uint(nonce, 32), new Uint8Array(32), keccak(data), keccak(new Uint8Array()), keccak(SELECTOR_DATA));
  const members = (/** @type {string[][]} */ m) => m.map(([name, type]) => ({ name, type }));
  return {
    digest: typedHash('Kernel', chainId, a.address, ENABLE_TYPE, words, a.version),
    json: JSON.stringify({
      types: { EIP712Domain: members(DOMAIN_MEMBERS), Enable: members(ENABLE_MEMBERS) },
      primaryType: 'Enable',
      domain: { name: 'Kernel', version: a.version, chainId: chainId.toString(), verifyingContract: a.address.toLowerCase() },
      message: { validationId: toHex(id), nonce, hook: ZERO, validatorData: toHex(data), hookData: '0x', selectorData: toHex(SELECTOR_DATA) },
    }),
  };
}

/** Revokes a permission: alone in an operation of the owner. @param {Uint8Array} id @param {number} policies how many it has */
export const uninstall = (id, policies) => toHex(encodeCall('uninstallValidation(bytes21,bytes,bytes)', validationId(id), list(Array(policies + 1).fill(new Uint8Array())), '0x'));

/** The permission that callData revokes, and how many policies it says that has. @param {string} callData */
export function parseUninstall(callData) {
  const b = fromHex(callData);
  const [id, policies] = [b.slice(5, 9), Number(toBigInt(b.subarray(4 + 5 * 32, 4 + 6 * 32))) - 1];
  return policies >= 0 && policies < 254 && same(uninstall(id, policies), callData) ? { id, policies } : undefined;
}

/** Revokes every permission, and every approval that was not used yet. @param {number} nonce one more than the account's currentNonce */
export const invalidate = (nonce) => toHex(encodeCall('invalidateNonce(uint32)', nonce));

// Nonce keys, 24 bytes: mode ‖ type ‖ id (20) ‖ lane (2).

/** @param {Root} root */
export const rootKey = (root) => toBigInt(concat(new Uint8Array(2), fromHex(validatorOf(root), 20), new Uint8Array(2)));

/** @param {Uint8Array} id @param {boolean} enabling @param {number} [lane] */
export const permissionKey = (id, enabling, lane = 0) => toBigInt(concat(uint(enabling ? 1 : 0, 1), Uint8Array.of(2), id, new Uint8Array(16), uint(lane, 2)));

// Signatures.

/** What personal_sign makes of 32 bytes (EIP-191). @param {Uint8Array} hash */
export const personal = (hash) => keccak(concat(utf8('\x19Ethereum Signed Message:\n32'), hash));

const PASSKEY_TYPES = ['bytes', 'bytes', 'uint256', 'uint256', 'uint256', 'bool'];
const BEGINS = '{"type":"webauthn.get","challenge":"';

/** A passkey's signature as Kernel's validator and signer take it. @param {Signed} a @param {boolean} precompiled the contract asks P256VERIFY */
export function sealPasskey(a, precompiled) {
  if (!begins(a.clientDataJSON)) throw new MalformedError('this browser writes its part of the signature in an order that Kernel does not take');
  const { typeIndex } = parseClientData(a.clientDataJSON);
  return encode(PASSKEY_TYPES, [a.authenticatorData, a.clientDataJSON, BigInt(typeIndex), toBigInt(a.signature.subarray(0, 32)), toBigInt(a.signature.subarray(32)), precompiled]);
}

const begins = (/** @type {Uint8Array} */ client) => equal(client.subarray(0, BEGINS.length), utf8(BEGINS));

/** @param {Uint8Array} b @returns {Signed} strictly what {@link sealPasskey} writes */
export function parsePasskey(b) {
  const at = (/** @type {number} */ i) => {
    const start = Number(word(b, i));
    const size = Number(word(b.subarray(start)));
    if (start + 32 + size > b.length) throw new MalformedError('the passkey’s signature is cut off');
    return b.slice(start + 32, start + 32 + size);
  };
  const a = { authenticatorData: at(0), clientDataJSON: at(1), signature: concat(uint(word(b, 3), 32), uint(word(b, 4), 32)) };
  if (!equal(sealPasskey(a, word(b, 5) === 1n), b)) throw new MalformedError('the passkey’s signature is not written as Kernel reads it');
  return a;
}

/**
 * The contract compares the challenge byte by byte and stops at the first that differs,
 * which is a stub's first: what the other 43 take of gas, and some more.
 */
export const UNSEEN = 20_000n;

/** To estimate gas with: as long as any real one of this page, and worked through to the end by the contract but for {@link UNSEEN}. @param {string} origin @param {boolean} precompiled */
export function stubPasskey(origin, precompiled) {
  const authData = new Uint8Array(37).fill(0x55);
  authData[32] = FLAGS.UP | FLAGS.UV | FLAGS.BE | FLAGS.BS;
  const room = longest(origin.length).prefix.length; // more than any browser writes behind the challenge
  const clientData = utf8(`${BEGINS}${toBase64url(new Uint8Array(32).fill(0x55))}","origin":"${'o'.repeat(room)}"}`);
  return encode(PASSKEY_TYPES, [authData, clientData, 1n, toBigInt(R), toBigInt(S), precompiled]);
}

/** A secp256k1 signature to estimate gas with: of somebody, for one of nobody makes contracts revert. */
export const STUB_KEY = concat(S.subarray(1), Uint8Array.of(0x57), S, Uint8Array.of(27));

/** By a permission's signer. @param {Uint8Array} signature */
export const use = (signature) => concat(Uint8Array.of(0xff), signature);

/** By a permission that this operation installs. @param {Permission} p @param {Uint8Array} approval the owner's signature of {@link enable} @param {Uint8Array} signature */
export const useFirst = (p, approval, signature) => concat(new Uint8Array(20), encode(['bytes', 'bytes', 'bytes', 'bytes', 'bytes'], [enableData(p), '0x', SELECTOR_DATA, approval, use(signature)]));

/** The root of the Merkle tree that a multi-chain approval signs, proved to hold the hash. @param {Uint8Array} b root ‖ abi.encode(bytes32[]) @param {Uint8Array} hash */
export function provenRoot(b, hash) {
  const root = b.slice(0, 32);
  const proof = Array.from({ length: Math.max(0, Math.min(64, (b.length - 96) / 32)) }, (_, i) => b.slice(96 + 32 * i, 128 + 32 * i));
  const climbed = proof.reduce((leaf, p) => keccak(toBigInt(leaf) < toBigInt(p) ? concat(leaf, p) : concat(p, leaf)), hash);
  if (!equal(b, concat(root, encode(['bytes32[]'], [proof]))) || !equal(climbed, root)) throw new MalformedError('the Merkle proof does not lead to the root that was signed');
  return root;
}
