// @ts-check
/**
 * ERC-4337 operations in the browser: pack, hash, wire JSON, and the "postern
 * v1" signature made from a passkey's assertion. Usable alone:
 *
 *   import { hash, seal, toWire, entryPoint } from './userop.js';
 *   const ep = entryPoint('0.8');
 *   const challenge = hash(op, ep, 31337n);            // 32 bytes: what the passkey signs
 *   op.signature = toHex(seal(signer, assertion));     // from ceremony.js, its DER through parseSignature
 *   await rpc('eth_sendUserOperation', [toWire(op), ep.address]);
 *
 * Quantities are bigints in wei and gas, addresses and bytes 0x-hex. EntryPoint
 * 0.7, 0.8 and 0.9; EIP-7702 with 0.7 only, for the others' hashes depend on
 * chain state that is not here.
 */
import { encode, keccak } from './abi.js';
import { FLAGS, parseClientData } from './assertion.js';
import { MalformedError, concat, equal, fromHex, quantity, toHex, uint, utf8 } from './bytes.js';

/**
 * @typedef {object} UserOp
 * @property {string} sender
 * @property {bigint} nonce key (24 bytes) ‖ sequence (8 bytes)
 * @property {string} [factory] only while the account has no code
 * @property {string} [factoryData]
 * @property {string} callData
 * @property {bigint} callGasLimit
 * @property {bigint} verificationGasLimit
 * @property {bigint} preVerificationGas
 * @property {bigint} maxFeePerGas wei
 * @property {bigint} maxPriorityFeePerGas wei
 * @property {string} [paymaster]
 * @property {bigint} [paymasterVerificationGasLimit]
 * @property {bigint} [paymasterPostOpGasLimit]
 * @property {string} [paymasterData]
 * @property {string} [paymasterSignature] EntryPoint 0.9 only; not covered by the hash, though its presence is
 * @property {string} signature
 * @property {import('./authorization.js').Authorization} [eip7702Auth]
 *
 * @typedef {{version: string, address: string}} EntryPoint
 * @typedef {{x: Uint8Array, y: Uint8Array, rule: number}} PasskeySigner
 */

/** The canonical addresses, the same on every chain. @type {Record<string, string>} */
const ENTRY_POINTS = {
  '0.7': '0x0000000071727De22E5E9d8BAf0edAc6f37da032',
  '0.8': '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108',
  '0.9': '0x433709009B8330FDa32311DF1C2AFA402eD8D009',
};

/** @param {string} version @returns {EntryPoint} */
export function entryPoint(version) {
  const address = ENTRY_POINTS[version];
  if (!address) throw new RangeError(`EntryPoint ${version} is not known here`);
  return { version, address };
}

/** @param {UserOp} op */
export function pack(op) {
  const initCode = op.factory ? concat(fromHex(op.factory, 20), fromHex(op.factoryData ?? '0x')) : new Uint8Array();
  if (initCode[0] === 0x77 && initCode[1] === 0x02 && initCode.subarray(2, 20).every((v) => v === 0)) {
    throw new RangeError('EIP-7702 authorizations go with EntryPoint 0.7 only');
  }
  return {
    initCode,
    callData: fromHex(op.callData),
    accountGasLimits: concat(uint(op.verificationGasLimit, 16), uint(op.callGasLimit, 16)),
    gasFees: concat(uint(op.maxPriorityFeePerGas, 16), uint(op.maxFeePerGas, 16)),
    paymasterAndData: op.paymaster
      ? concat(fromHex(op.paymaster, 20), uint(op.paymasterVerificationGasLimit ?? 0n, 16), uint(op.paymasterPostOpGasLimit ?? 0n, 16), fromHex(op.paymasterData ?? '0x'), ...suffix(op.paymasterSignature))
      : new Uint8Array(),
  };
}

/** @param {string} [signature] */
function suffix(signature = '0x') {
  const b = fromHex(signature);
  return b.length ? [b, uint(b.length, 2), MAGIC] : [];
}

/** The operation's hash, 32 bytes: the WebAuthn challenge. @param {UserOp} op @param {EntryPoint} ep @param {bigint} chainId */
export function hash(op, ep, chainId) {
  if (!ENTRY_POINTS[ep.version]) throw new RangeError(`EntryPoint ${ep.version} is not known here`);
  if (op.eip7702Auth && ep.version !== '0.7') throw new RangeError('EIP-7702 authorizations go with EntryPoint 0.7 only');
  if (op.paymasterSignature && ep.version !== '0.9') throw new RangeError('only EntryPoint 0.9 knows a paymaster signature');
  const p = pack(op);
  const paymaster = ep.version === '0.9' ? withoutPaymasterSignature(p.paymasterAndData) : p.paymasterAndData;
  const words = encode(
    ['address', 'uint256', 'bytes32', 'bytes32', 'bytes32', 'uint256', 'bytes32', 'bytes32'],
    [op.sender, op.nonce, keccak(p.initCode), keccak(p.callData), p.accountGasLimits, op.preVerificationGas, p.gasFees, keccak(paymaster)]);
  if (ep.version === '0.7') return keccak(encode(['bytes32', 'address', 'uint256'], [keccak(words), ep.address, chainId]));
  return typedHash('ERC4337', chainId, ep.address, OP_TYPE, words);
}

const text = (/** @type {string} */ s) => keccak(utf8(s));

/** EIP-712. @param {string} name @param {bigint} chainId @param {string} contract @param {Uint8Array} type hash @param {Uint8Array} words @param {string} [version] */
export function typedHash(name, chainId, contract, type, words, version = '1') {
  const domain = keccak(encode(['bytes32', 'bytes32', 'bytes32', 'uint256', 'address'], [DOMAIN_TYPE, text(name), text(version), chainId, contract]));
  return keccak(concat(Uint8Array.of(0x19, 0x01), domain, keccak(concat(type, words))));
}

const DOMAIN_TYPE = text('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)');
const OP_TYPE = text('PackedUserOperation(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData)');

const MAGIC = fromHex('0x22e325a297439656');

/** EntryPoint 0.9 leaves a paymaster's trailing signature ‖ length(2) ‖ magic(8) out of the hash, all but the magic. @param {Uint8Array} b */
function withoutPaymasterSignature(b) {
  if (b.length < 52 + 10 || !equal(b.subarray(-8), MAGIC)) return b;
  const length = (b[b.length - 10] << 8) | b[b.length - 9];
  if (length > b.length - 62) throw new MalformedError('the paymaster signature is longer than its field');
  return length ? concat(b.subarray(0, b.length - 10 - length), MAGIC) : b;
}

const QUANTITIES = /** @type {const} */ (['nonce', 'callGasLimit', 'verificationGasLimit', 'preVerificationGas', 'maxFeePerGas', 'maxPriorityFeePerGas', 'paymasterVerificationGasLimit', 'paymasterPostOpGasLimit']);
const STRINGS = /** @type {const} */ (['sender', 'factory', 'factoryData', 'callData', 'paymaster', 'paymasterData', 'paymasterSignature', 'signature']);

/** The JSON of ERC-7769. @param {UserOp} op @returns {Record<string, any>} */
export function toWire(op) {
  /** @type {Record<string, any>} */ const out = {};
  if (op.eip7702Auth) out.eip7702Auth = op.eip7702Auth;
  for (const k of STRINGS) if (op[k] !== undefined) out[k] = toHex(fromHex(op[k]));
  for (const k of QUANTITIES) if (op[k] !== undefined) out[k] = '0x' + op[k].toString(16);
  return out;
}

/** @param {any} json @returns {UserOp} */
export function fromWire(json) {
  /** @type {any} */ const out = {};
  for (const k of STRINGS) if (json[k] != null) out[k] = toHex(fromHex(json[k]));
  for (const k of QUANTITIES) {
    if (json[k] != null) out[k] = quantity(json[k], k);
  }
  const auth = json.eip7702Auth;
  if (auth) out.eip7702Auth = Object.fromEntries(['chainId', 'address', 'nonce', 'yParity', 'r', 's'].map((k) => (quantity(auth[k], k), [k, auth[k]])));
  for (const k of ['sender', 'nonce', 'callData']) if (out[k] === undefined) throw new MalformedError(`${k} is missing`);
  return out;
}

/**
 * The signature of one passkey in the layout "postern v1" (docs/formats.md):
 * 0x02 where clientDataJSON begins as the specification says, 0x03 for any
 * other order of its members; 0x05 and 0x06 are these with hints, which save gas
 * on chains without P256VERIFY (hints.js).
 * @param {PasskeySigner} signer
 * @param {{authenticatorData: Uint8Array, clientDataJSON: Uint8Array, signature: Uint8Array}} assertion signature: r‖s, low s
 * @param {Uint8Array} [hints] 32 bytes for a table, 128 for none
 */
export function seal(signer, assertion, hints) {
  const { prefix, suffix, typeIndex } = parseClientData(assertion.clientDataJSON);
  const usual = equal(prefix, utf8(USUAL));
  return concat(
    uint((usual ? 2 : 3) + (hints ? 3 : 0), 1),
    signer.x, signer.y, uint(signer.rule, 1), assertion.signature, sized(assertion.authenticatorData, 1),
    ...(usual ? [] : [uint(typeIndex, 2), sized(prefix, 2)]), sized(suffix, 2), ...(hints ? [sized(hints, 1)] : []));
}

const USUAL = '{"type":"webauthn.get","challenge":"';

/**
 * A signature to estimate gas with: never shorter than a real one made on this
 * origin, flags as the rule wants them, numbers that a verifier must work
 * through to the end. It never verifies. Without a table its hints are of the
 * other length, which the account ignores: bad ones would take it longer than any
 * real signature.
 * @param {PasskeySigner} signer @param {string} origin of the page, not embedded in another
 * @param {number} [hints] bytes of hints that real signatures have: 0, 32 or 128
 */
export function stub(signer, origin, hints = 0) {
  const allows = (/** @type {number} */ shift) => ((signer.rule >> shift) & 3) !== 2;
  const authData = new Uint8Array(37).fill(0x55);
  authData[32] = FLAGS.UP | (allows(0) ? FLAGS.UV : 0) | (allows(2) ? FLAGS.BE | (allows(4) ? FLAGS.BS : 0) : 0);
  const { prefix, suffix, typeIndex } = longest(origin.length + Math.max(0, hints - 32));
  return concat(Uint8Array.of(hints ? 6 : 3), signer.x, signer.y, uint(signer.rule, 1), R, hints ? S_HINTED : S, sized(authData, 1), uint(typeIndex, 2), sized(prefix, 2), sized(suffix, 2), ...(hints ? [sized(INVERSE, 1)] : []));
}

/** Client data at its longest: Android clients may put everything before the challenge. @param {number} origin its length */
export function longest(origin) {
  const before = `{"androidPackageName":"${'p'.repeat(64)}","origin":"${'o'.repeat(origin)}","crossOrigin":false,${CHROMIUM},`;
  return { prefix: utf8(before + USUAL.slice(1)), suffix: utf8('"}'), typeIndex: before.length };
}

/** A member that Chromium adds at random. */
const CHROMIUM = '"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"';

// In range, low s, and such that plain arithmetic on r/s skips no addition.
export const R = fromHex('0x4451e89e53fbb43ce807be782144e15f22e97cecc43bfd867ae4d4674c72806f');
export const S = new Uint8Array(32).fill(0x55);
/** An s and 1/s modulo the group's order that have no byte of zero, for hints. */
const [S_HINTED, INVERSE] = [new Uint8Array(32).fill(0x56), fromHex('0xf42ccee035d3bba27c957e3cbf7a19b3c26f7d3a0a9e1f97f1450c1d8b688e43')];

/** @param {Uint8Array} b @param {number} width */
const sized = (b, width) => concat(uint(b.length, width), b);
