// @ts-check
/**
 * Accounts: address from key and salt without a network, the user handle that
 * brings the salt back, and the way from one assertion to the account it belongs
 * to, with no server's memory.
 */
import { decodeBytesArray, encode, encodeCall, keccak } from './abi.js';
import { equal, concat, fromHex, toBigInt, toHex, uint } from './bytes.js';
import { verify } from './assertion.js';

/**
 * @typedef {import('./assertion.js').Key} Key
 * @typedef {import('./assertion.js').Signed} Signed
 * @typedef {import('./userop.js').PasskeySigner} PasskeySigner
 *
 * @typedef {{factory: string, proxyInitCodeHash: string}} Deployment from /config.json
 * @typedef {{kind: 'salt', salt: Uint8Array} | {kind: 'address', address: string}} Handle
 * @typedef {object} Account
 * @property {string} address
 * @property {PasskeySigner} signer the passkey that is signed in
 * @property {boolean} [shared] other signers must approve as well
 * @property {string} [factoryData] call to the factory, known for accounts that began with this passkey
 */

/** Bits 0–1 of the rule: user verification required. The rule of every passkey this page makes. */
export const UV_REQUIRED = 1;

/** Stands for "this account's own WebAuthn check" in front of a passkey signer. */
const PASSKEY = concat(new Uint8Array(18), Uint8Array.of(1, 0));

/** A passkey as the account stores it, 85 bytes. @param {PasskeySigner} s */
export function signerBytes(s) {
  return concat(PASSKEY, s.x, s.y, uint(s.rule, 1));
}

/** The passkey in signer bytes; undefined for other kinds of signer. @param {Uint8Array} b @returns {PasskeySigner | undefined} */
export function passkeySigner(b) {
  if (b.length !== 85 || !equal(b.subarray(0, 20), PASSKEY)) return undefined;
  return { x: b.slice(20, 52), y: b.slice(52, 84), rule: b[84] };
}

const INIT_TYPES = ['bytes[]', 'uint64[]', 'uint64', 'bytes32'];

/** A fresh account of one passkey: weight 1, threshold 1. @param {Deployment} d @param {Key} key @param {Uint8Array} salt @returns {Account & {factoryData: string}} */
export function fresh(d, key, salt) {
  const signer = { ...key, rule: UV_REQUIRED };
  const init = [[signerBytes(signer)], [1n], 1n, salt];
  const create2Salt = keccak(encode(INIT_TYPES, init));
  const address = keccak(concat(Uint8Array.of(0xff), fromHex(d.factory, 20), create2Salt, fromHex(d.proxyInitCodeHash, 32))).slice(12);
  return { address: checksum(toHex(address)), signer, factoryData: toHex(encodeCall(`createAccount(${INIT_TYPES})`, ...init)) };
}

/** EIP-55. @param {string} address */
export function checksum(address) {
  const digits = toHex(fromHex(address, 20)).slice(2);
  const sum = toHex(keccak(new TextEncoder().encode(digits)));
  return '0x' + [...digits].map((c, i) => (parseInt(sum[2 + i], 16) > 7 ? c.toUpperCase() : c)).join('');
}

/** user.id of a passkey that begins an account: 0x01 ‖ salt. @param {Uint8Array} salt */
export const saltHandle = (salt) => concat(Uint8Array.of(1), salt);

/** user.id of a further passkey: 0x02 ‖ address. @param {string} address */
export const addressHandle = (address) => concat(Uint8Array.of(2), fromHex(address, 20));

/** user.id of a passkey whose account follows from its key alone, or is told by an approval: 0x03 ‖ anything. */
export const bareHandle = () => concat(Uint8Array.of(3), crypto.getRandomValues(new Uint8Array(16)));

/** @param {Uint8Array | undefined} h @returns {Handle | undefined} undefined: not one of ours */
export function parseHandle(h) {
  if (h?.[0] === 1 && h.length === 33) return { kind: 'salt', salt: h.slice(1) };
  if (h?.[0] === 2 && h.length === 21) return { kind: 'address', address: checksum(toHex(h.slice(1))) };
  return undefined;
}

/** Those accounts whose key has signed this assertion. @template {Account} A @param {A[]} accounts @param {Signed} assertion */
export async function narrow(accounts, assertion) {
  const fits = await Promise.all(accounts.map((a) => verify(assertion, a.signer)));
  return accounts.filter((_, i) => fits[i]);
}

/** `eth_call` with bytes in and out. @typedef {(to: string, data: Uint8Array) => Promise<Uint8Array>} Call */

const MAX = 100n; // more signers than any page shows

/** The signers of a deployed account. @param {Call} call @param {string} address */
export async function signersOf(call, address) {
  return decodeBytesArray(await call(address, encodeCall('getSigners(uint64,uint64)', 0n, MAX)));
}

/** A single call, as ERC-7579's execute takes it. @param {string} to @param {bigint} value wei @param {string} [data] */
export function encodeExecute(to, value, data = '0x') {
  return toHex(encodeCall('execute(bytes32,bytes)', new Uint8Array(32), concat(fromHex(to, 20), uint(value, 32), fromHex(data))));
}

/** The single call inside an operation's callData, or undefined if it is anything else. @param {string} callData */
export function decodeExecute(callData) {
  const b = fromHex(callData);
  const size = Number(toBigInt(b.subarray(68, 100)));
  const inner = b.slice(100, 100 + size);
  if (inner.length < 52) return undefined;
  const call = { to: checksum(toHex(inner.slice(0, 20))), value: toBigInt(inner.subarray(20, 52)), data: toHex(inner.slice(52)) };
  return encodeExecute(call.to, call.value, call.data) === toHex(b) ? call : undefined;
}
