// @ts-check
/**
 * The owner's signature that stops every recovery (`cancelBySignature`): signed by the account,
 * sent by anybody. And the file in which it is passed on ("postern-stop-1"); no secret is in it.
 */
import { encodeCall, keccak } from './abi.js';
import { checksum } from './account.js';
import { MalformedError, concat, fromHex, toHex, uint, utf8 } from './bytes.js';
import { cancelAll } from './guardians.js';

/** @typedef {{chainId: bigint, module: string, account: string, nonce: bigint, signature: Uint8Array}} Stop nonce: see {@link epoch} */

export const FORMAT = 'postern-stop-1';
const MOST = 20_000; // characters

const DOMAIN = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)';

/** The hash that the account's key signs so that isValidSignature(hash, …) holds: ERC-7739's PersonalSign. @param {string} account @param {bigint} chainId @param {Uint8Array} hash */
export function personalSign(account, chainId, hash) {
  const domain = concat(keccak(utf8(DOMAIN)), keccak(utf8('WebAuthnAccount')), keccak(utf8('1')), uint(chainId, 32), new Uint8Array(12), fromHex(account, 20));
  return keccak(concat(Uint8Array.of(0x19, 0x01), keccak(domain), keccak(concat(keccak(utf8('PersonalSign(bytes prefixed)')), hash))));
}

/** The nonce of such a signature, from any nonce of the account: the epoch without a counter. @param {bigint} nonce */
export const epoch = (nonce) => nonce >> 64n << 64n;

/** What the passkey signs. @param {{chainId: bigint, module: string, account: string, nonce: bigint}} s */
export const challenge = (s) => personalSign(s.account, s.chainId, cancelAll(s.account, s.nonce, s.chainId, s.module));

/** The transaction that anyone may send to the module. @param {Stop} s */
export const transaction = (s) => encodeCall('cancelBySignature(address,bytes)', s.account, s.signature);

/** What signing it does, a sentence each. @param {{account: string}} s */
export const words = ({ account }) => [`Stop every recovery of the account ${account} that has been proposed. All approvals of guardians that were given before are void.`];

/** @param {Stop} s */
export const serialize = (s) => JSON.stringify({ format: FORMAT, chainId: s.chainId.toString(), module: checksum(s.module), account: checksum(s.account), nonce: s.nonce.toString(), signature: toHex(s.signature) });

/** Reads what {@link serialize} writes. Whether the signature holds, only the chain can tell. @param {string} text @param {{chainId: bigint, module: string}} here @returns {Stop} */
export function parse(text, here) {
  /** @type {any} */ let json;
  try {
    json = text.length <= MOST ? JSON.parse(text) : undefined;
  } catch {
    // named below
  }
  if (json?.format !== FORMAT) throw new MalformedError('it is no signature that stops recoveries, or is cut off');
  if (Object.keys(json).sort().join() !== 'account,chainId,format,module,nonce,signature') throw new MalformedError('it has other parts than belong there');
  if (json.chainId !== here.chainId.toString()) throw new MalformedError(`it is for chain ${String(json.chainId).slice(0, 30)}, and this is chain ${here.chainId}`);
  if (String(json.module).toLowerCase() !== here.module.toLowerCase()) throw new MalformedError('it is for another version of the contracts');
  const nonce = typeof json.nonce === 'string' && /^(0|[1-9]\d{0,77})$/.test(json.nonce) ? BigInt(json.nonce) : -1n;
  const signature = fromHex(json.signature);
  if (nonce < 0n || epoch(nonce) !== nonce || nonce >> 112n || !signature.length) throw new MalformedError('a part of it is none');
  return { ...here, account: checksum(toHex(fromHex(json.account, 20))), nonce, signature };
}
