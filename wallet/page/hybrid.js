// @ts-check
/**
 * MetaMask's Hybrid smart account (Delegation Framework 1.3.0): its address from its
 * parameters, its calls, what its signers sign and how their signatures are written,
 * and its signers as the chain has them. Nothing here asks a server what it can
 * compute; docs/formats.md has the formats.
 */
import { bytesAt, encode, encodeCall, keccak, word } from './abi.js';
import { checksum } from './account.js';
import { FLAGS, parseClientData } from './assertion.js';
import { MalformedError, concat, equal, fromBase64url, fromHex, toBase64url, toBigInt, toHex, uint, utf8 } from './bytes.js';
import { PROXY, RUNTIME } from './hybridproxy.js';
import { R, S, longest, pack, typedHash } from './userop.js';

/**
 * @typedef {import('./userop.js').UserOp} UserOp
 * @typedef {import('./assertion.js').Key} Key
 *
 * @typedef {{version: string, entryPoint: string, factory: string, implementation: string, stateless: string, p256: string}} Deployment stateless: code of EIP-7702 accounts; p256: the library that verifies where the chain does not
 * @typedef {{owner: string, salt: Uint8Array, keys?: PasskeyKey[]}} Params what an account's address is made of
 * @typedef {{keyId: string, hash: Uint8Array} & Key} PasskeyKey keyId: the text on the chain
 * @typedef {{hash: Uint8Array, keyId?: string, x?: Uint8Array, y?: Uint8Array}} Listed a passkey of the chain's list; what the node does not tell is missing
 * @typedef {{owner: string, keys: Listed[]}} Signers owner: the zero address where there is none
 */

/** MetaMask's own addresses, the same on every chain. @type {Deployment} */
export const V130 = {
  version: '1.3.0',
  entryPoint: '0.7',
  factory: '0x69Aa2f9fe1572F1B640E1bbc512f5c3a734fc77c',
  implementation: '0x48dBe696A4D990079e039489bA2053B36E8FFEC4',
  stateless: '0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B',
  p256: '0xCCD3B747F3DBd349fa3af4eBC7d0C31aE6f21dd1',
};

/**
 * Where the chain has P256VERIFY, the library is asked after a wrong signature only,
 * and the stub is one. To estimate as if it were right, the library says no at once.
 */
export const NO_LIBRARY = { [V130.p256]: { code: '0x60205ff3' } };

export const ZERO = '0x' + '0'.repeat(40);

/**
 * The name of a passkey on the chain is a text, never bytes: 0x and, in hex, the
 * ASCII characters of the credential id's base64url form (the kit's toHex(credential.id)).
 * @param {Uint8Array} credentialId
 */
export const keyId = (credentialId) => toHex(utf8(toBase64url(credentialId)));

/** keccak256 of that text as it stands. @param {string} id */
export const keyIdHash = (id) => keccak(utf8(id));

/** The credential that a name on the chain stands for; undefined where it was not made as the kit makes it. @param {string} [id] */
export function credentialId(id) {
  try {
    const found = fromBase64url(new TextDecoder().decode(fromHex(id)));
    return keyId(found) === id && found.length ? found : undefined;
  } catch {
    return undefined;
  }
}

/** @param {Uint8Array} id of the credential @param {Key} key @returns {PasskeyKey} */
export function passkeyKey(id, key) {
  return { keyId: keyId(id), hash: keyIdHash(keyId(id)), ...key };
}

/**
 * An account that may not exist yet. Any other owner, passkey, salt or deployment is another address.
 * @param {Deployment} d @param {Params} p
 */
export function account(d, { owner, salt, keys = [] }) {
  const numbers = (/** @type {'x' | 'y'} */ c) => keys.map((k) => toBigInt(k[c]));
  const initialize = encodeCall('initialize(address,string[],uint256[],uint256[])', owner, keys.map((k) => k.keyId), numbers('x'), numbers('y'));
  const initCode = concat(fromHex(PROXY), encode(['address', 'bytes'], [d.implementation, initialize]));
  const initCodeHash = keccak(initCode);
  const address = keccak(concat(Uint8Array.of(0xff), fromHex(d.factory, 20), salt, initCodeHash)).slice(12);
  return {
    address: checksum(toHex(address)), factory: d.factory, factoryData: toHex(encodeCall('deploy(bytes,bytes32)', initCode, salt)),
    /** The same question for the chain's factory. */
    compute: encodeCall('computeAddress(bytes32,bytes32)', initCodeHash, salt),
  };
}

/** @typedef {{kind: 'create'} | {kind: 'send', to: string, value: bigint} | {kind: 'addKey', keyId: string, x: bigint, y: bigint} | {kind: 'owner', to: string}} Action */

/** What an operation is to do, as the kit encodes it: a call to the account itself is its bare calldata. @param {Action} a @returns {string} */
export function encodeAction(a) {
  switch (a.kind) {
    case 'create': return '0x';
    case 'send': return toHex(concat(EXECUTE, uint(32, 32), encode(['address', 'uint256', 'bytes'], [a.to, a.value, '0x'])));
    case 'addKey': return toHex(encodeCall('addKey(string,uint256,uint256)', a.keyId, a.x, a.y));
    case 'owner': return toHex(encodeCall('transferOwnership(address)', a.to));
  }
}

const EXECUTE = keccak(utf8('execute((address,uint256,bytes))')).slice(0, 4);

/** The action in calldata; undefined for everything that this page does not make. @param {string} callData @returns {Action | undefined} */
export function decodeAction(callData) {
  const b = fromHex(callData).subarray(4);
  const address = (/** @type {number} */ i) => checksum(toHex(b.slice(32 * i + 12, 32 * i + 32)));
  const guesses = [
    () => ({ kind: 'create' }),
    () => ({ kind: 'send', to: address(1), value: word(b, 2) }),
    () => ({ kind: 'owner', to: address(0) }),
    () => ({ kind: 'addKey', keyId: new TextDecoder().decode(bytesAt(b)), x: word(b, 1), y: word(b, 2) }),
  ];
  for (const guess of guesses) {
    try {
      const action = /** @type {Action} */ (guess());
      if (encodeAction(action) === toHex(fromHex(callData))) return action;
    } catch {
      // something else, then
    }
  }
  return undefined;
}

const OP_TYPE = keccak(utf8('PackedUserOperation(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData,address entryPoint)'));

/**
 * What the signers sign: the account's own EIP-712 digest, not the EntryPoint's hash.
 * @param {UserOp} op @param {import('./userop.js').EntryPoint} ep @param {bigint} chainId @param {'HybridDeleGator' | 'EIP7702StatelessDeleGator'} [contract]
 */
export function digest(op, ep, chainId, contract = 'HybridDeleGator') {
  const p = pack(op);
  return typedHash(contract, chainId, op.sender, OP_TYPE, encode(
    ['address', 'uint256', 'bytes32', 'bytes32', 'bytes32', 'uint256', 'bytes32', 'bytes32', 'address'],
    [op.sender, op.nonce, keccak(p.initCode), keccak(p.callData), p.accountGasLimits, op.preVerificationGas, p.gasFees, keccak(p.paymasterAndData), ep.address]));
}

const SIGNATURE = ['bytes32', 'uint256', 'uint256', 'bytes', 'bool', 'bytes', 'bytes', 'uint256'];

/** A passkey's signature. @param {Uint8Array} hash of the key's name @param {import('./assertion.js').Signed} a low s */
export function sealPasskey(hash, a) {
  const { prefix, suffix, typeIndex } = parseClientData(a.clientDataJSON);
  return encode(SIGNATURE, [hash, toBigInt(a.signature.subarray(0, 32)), toBigInt(a.signature.subarray(32)), a.authenticatorData, (a.authenticatorData[32] & FLAGS.UV) !== 0, prefix, suffix, typeIndex]);
}

/** A passkey's signature to estimate gas with, never shorter than a real one made on this origin. @param {Uint8Array} hash @param {string} origin */
export function passkeyStub(hash, origin) {
  const authData = new Uint8Array(37).fill(0x55);
  authData[32] = FLAGS.UP | FLAGS.UV | FLAGS.BE | FLAGS.BS;
  const { prefix, suffix, typeIndex } = longest(origin.length + 40); // words of lengths may have more bytes that are not zero, and the two parts' padding may differ
  return toHex(encode(SIGNATURE, [hash, toBigInt(R), toBigInt(S), authData, true, prefix, suffix, typeIndex]));
}

/** An owner's signature to estimate gas with: of somebody, for one of nobody makes the contract revert. */
export const OWNER_STUB = toHex(concat(S.subarray(1), Uint8Array.of(0x57), S, Uint8Array.of(27)));

const ADDED = toHex(keccak(utf8('AddedP256Key(bytes32,string,uint256,uint256)')));
const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';

/** Whether the kit's own proxy stands at an address, with 1.3.0 behind it: another contract may keep the same word in that slot, and say what it likes. @param {import('./operate.js').Chain} chain @param {string} address */
export async function isHybrid(chain, address) {
  const [code, slot] = await Promise.all([chain.ask('eth_getCode', address, 'latest'), chain.ask('eth_getStorageAt', address, IMPLEMENTATION_SLOT, 'latest')]);
  return toHex(fromHex(code)) === RUNTIME && equal(fromHex(slot, 32), encode(['address'], [V130.implementation]));
}

/**
 * Owner and passkeys of a deployed account. Their names are in the account's events;
 * a node that does not search so far back leaves them out.
 * @param {import('./operate.js').Chain} chain @param {string} address @returns {Promise<Signers>}
 */
export async function signersOf(chain, address) {
  const [owner, list, logs] = await Promise.all([
    chain.call(address, encodeCall('owner()')),
    chain.call(address, encodeCall('getKeyIdHashes()')),
    chain.ask('eth_getLogs', { address, topics: [ADDED], fromBlock: '0x0', toBlock: 'latest' }).catch(() => []),
  ]);
  if (owner.length !== 32) throw new MalformedError('the account does not name its owner');
  const named = (Array.isArray(logs) ? logs : []).map(readAdded).reverse();
  const keys = hashes(list).map((hash) => named.find((k) => k && equal(k.hash, hash)) ?? { hash });
  return { owner: checksum(toHex(owner.slice(12))), keys };
}

/** A reply `(bytes32[])`. @param {Uint8Array} reply */
function hashes(reply) {
  const count = word(reply, 1);
  if (word(reply) !== 32n || BigInt(reply.length) !== 64n + 32n * count) throw new MalformedError('the list of passkeys is malformed');
  return Array.from({ length: Number(count) }, (_, i) => reply.slice(64 + 32 * i, 96 + 32 * i));
}

/** A log of a passkey's arrival; undefined if it cannot be read. The hash is the name's own, whatever the log says. @param {any} log @returns {Listed | undefined} */
function readAdded(log) {
  try {
    const data = fromHex(log.data);
    const id = new TextDecoder('utf-8', { fatal: true }).decode(bytesAt(data));
    return { hash: keyIdHash(id), keyId: id, x: uint(word(data, 1), 32), y: uint(word(data, 2), 32) };
  } catch {
    return undefined;
  }
}

/** The public key that the account has under a name; undefined if none. @param {import('./operate.js').Chain} chain @param {string} address @param {string} id @returns {Promise<Key | undefined>} */
export async function keyOf(chain, address, id) {
  const reply = await chain.call(address, encodeCall('getKey(string)', id));
  if (reply.length !== 64) throw new MalformedError('the key is malformed');
  const key = { x: reply.slice(0, 32), y: reply.slice(32) };
  return key.x.some(Boolean) || key.y.some(Boolean) ? key : undefined;
}
