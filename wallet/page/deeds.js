// @ts-check
/** What an account is asked to do on this page, written into operations and read back from them in words. */
import { encodeCall } from './abi.js';
import { checksum, decodeExecute, passkeySigner, signerBytes } from './account.js';
import { fromHex, toBase64url, toBigInt, toHex } from './bytes.js';
import { TABLES } from './path.js';
import { hash } from './userop.js';
import { atMost, chainName, ether, maxFee } from './words.js';

/**
 * @typedef {import('./userop.js').UserOp} UserOp
 * @typedef {import('./userop.js').PasskeySigner} PasskeySigner
 * @typedef {{kind: 'send', to: string, value: bigint} | {kind: 'table', signer: PasskeySigner, format: number} | {kind: 'probe'}} Deed
 * @typedef {import('./operate.js').Row} Row
 * @typedef {{sentence: string, noun: string, done: string, rows: Row[]}} Said what is done, in words
 */

/** Has a table built unless it is there, and used from then on. @param {PasskeySigner} signer @param {number} format */
export const useTable = (signer, format) => toHex(encodeCall('useTable(bytes,uint8)', signerBytes(signer), BigInt(format)));

/** Has the account ask again whether the chain has P256VERIFY. */
export const probe = () => toHex(encodeCall('probePrecompile()'));

/** What an operation does, if it is one of the things that this page signs. @param {UserOp} op @returns {Deed | undefined} */
export function deedOf(op) {
  const call = decodeExecute(op.callData);
  if (!call) return undefined;
  if (call.data === '0x') return { kind: 'send', ...call };
  if (call.value || call.to.toLowerCase() !== op.sender.toLowerCase()) return undefined;
  if (call.data === probe()) return { kind: 'probe' };
  const b = fromHex(call.data);
  const signer = passkeySigner(b.slice(100, 185));
  const format = Number(toBigInt(b.subarray(36, 68)));
  return signer && TABLES[format] && useTable(signer, format) === call.data ? { kind: 'table', signer, format } : undefined;
}

/**
 * What is about to be signed, read back from the operation itself and not from
 * the form, so that what is shown is what is hashed.
 * @param {UserOp} op @param {import('./userop.js').EntryPoint} ep @param {bigint} chainId @param {(op: UserOp) => Said | undefined} [further] says what else a page signs
 */
export function summary(op, ep, chainId, further) {
  const deed = deedOf(op);
  const said = deed ? words(deed) : further?.(op);
  if (!said) throw new Error('This page signs transfers and what its own buttons make, and nothing else.');
  const { rows, ...what } = said;
  const value = deed?.kind === 'send' ? deed.value : 0n;
  const fee = maxFee(op);
  const digest = hash(op, ep, chainId);
  return {
    ...what,
    digest,
    hash: toHex(digest),
    from: checksum(op.sender),
    to: deed?.kind === 'send' ? deed.to : undefined,
    value,
    rows: /** @type {Row[]} */ ([
      ...rows,
      ['Network fee, at most', `${atMost(fee)} ETH`],
      ...(value ? [['Leaves your account, at most', `${atMost(value + fee)} ETH`]] : []),
      ['From your account', checksum(op.sender), 'code'],
      ['On', chainName(chainId)],
      ...(op.factory ? [['Also', 'Creates your account on the chain; this is its first operation.']] : []),
      ['Your passkey signs the challenge', toBase64url(digest), 'code'],
    ]),
    details: /** @type {[string, string, 'code'][]} */ ([
      ['Operation hash, which is that challenge', toHex(digest), 'code'],
      ['Entry point', `${ep.address} (version ${ep.version})`, 'code'],
      ['Nonce', '0x' + op.nonce.toString(16), 'code'],
    ]),
  };
}

/** @param {Deed} d @returns {Said} */
function words(d) {
  if (d.kind === 'send') {
    const amount = `${ether(d.value)} ETH`;
    return { sentence: `Send ${amount}`, noun: `transfer of ${amount}`, done: `${amount} sent`, rows: [['To', d.to, 'code'], ['Amount', amount, 'strong']] };
  }
  if (d.kind === 'table') {
    return {
      sentence: `Build a table of ${TABLES[d.format]}`, noun: 'operation that builds a table', done: 'The table is in use',
      rows: [
        ['What happens', 'The chain itself works out multiples of your passkey’s public key, unless somebody had it do so before, and keeps them. Your account then needs less gas to check this passkey’s signatures. Nothing else changes.'],
        ['Passkey', `${toHex(d.signer.x).slice(0, 12)}…`, 'code'],
      ],
    };
  }
  return {
    sentence: 'Use the chain’s own check', noun: 'operation that changes how signatures are checked', done: 'Your account has asked the chain',
    rows: [['What happens', 'Your account asks the chain whether it can check passkeys by itself, and remembers the answer. If it can, every payment costs less from then on.']],
  };
}
