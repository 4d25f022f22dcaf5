// @ts-check
/** The chain as MetaMask's accounts see it, and their operations in words. */
import { checksum } from '../account.js';
import { sha256 } from '../assertion.js';
import { authorizationHash } from '../authorization.js';
import { toBase64url, toHex, utf8 } from '../bytes.js';
import { V130, decodeAction, digest, keyIdHash } from '../hybrid.js';
import { Chain } from '../operate.js';
import { answers } from '../p256verify.js';
import { entryPoint, hash } from '../userop.js';
import { Trouble, atMost, chainName, ether, maxFee } from '../words.js';

/**
 * @typedef {import('../operate.js').Config & {hybrid?: {version: string, factory: string, implementation: string}, paymasterUrl?: string}} Config
 * @typedef {ReturnType<Gator['read']>} Shown
 * @typedef {[string, string, ('code' | 'strong')?]} Row
 */

/** Chains on which a key in a web page does no harm. */
const DEVELOPMENT = [1337n, 31337n];

export class Gator extends Chain {
  /** @param {Config} config @param {Uint8Array} rpIdHash */
  constructor(config, rpIdHash) {
    const { hybrid } = config;
    if (!hybrid) throw new Trouble('This server’s chain has no MetaMask accounts.', 'Start a newer “postern up”, or open this page on a server that has them.');
    super({ ...config, entryPoint: entryPoint(V130.entryPoint) }, rpIdHash);
    for (const k of /** @type {const} */ (['version', 'factory', 'implementation'])) {
      if (String(hybrid[k]).toLowerCase() !== V130[k].toLowerCase()) throw new Trouble(`This server names another ${k} of MetaMask’s accounts than the known one.`, 'Do not sign anything here. Ask whoever runs it.');
    }
    /** ERC-7677; undefined where nobody pays for others. */
    this.paymasterUrl = config.paymasterUrl;
    this.development = DEVELOPMENT.includes(this.id);
    /** @type {Promise<boolean> | undefined} */ this.p256 = undefined;
    /** Whether the account that is open is a key's own address. */
    this.eoa = false;
  }

  /** @param {Config} config */
  static async open(config) {
    return new Gator(config, await sha256(utf8(config.rpId)));
  }

  /** Whether the chain's P256VERIFY tells good signatures from bad ones; asked once, with a fresh key. */
  hasP256() {
    this.p256 ??= answers(this.call).catch(() => false);
    return this.p256;
  }

  /**
   * What is about to be signed, read back from the operation itself.
   * @override @param {import('../userop.js').UserOp} op
   */
  read(op) {
    const action = decodeAction(op.callData);
    if (!action) throw new Error('This page signs what its own steps make, and nothing else.');
    if (action.kind === 'create' && !op.factory) throw new Trouble('Your account is on the chain already.', 'Nothing needs to be signed; the next step is open.');
    const what = words(action);
    const fee = maxFee(op);
    const contract = this.eoa ? 'EIP7702StatelessDeleGator' : 'HybridDeleGator';
    const signed = digest(op, this.entryPoint, this.id, contract);
    const grant = op.eip7702Auth;
    const value = action.kind === 'send' ? action.value : 0n;
    const opHash = toHex(hash(op, this.entryPoint, this.id));
    return {
      ...what, action, digest: signed, hash: opHash, from: checksum(op.sender), to: action.kind === 'send' ? action.to : checksum(op.sender), value,
      rows: /** @type {Row[]} */ ([
        ...what.rows,
        ...(op.paymaster ? [['Network fee', 'Nothing: a paymaster pays it.'], ['Paymaster', checksum(op.paymaster), 'code']] : [['Network fee, at most', `${atMost(fee)} ETH`]]),
        ...(value && !op.paymaster ? [['Leaves your account, at most', `${atMost(value + fee)} ETH`]] : []),
        ['From your account', checksum(op.sender), 'code'],
        ['On', chainName(this.id)],
        ...(op.factory && action.kind !== 'create' ? [['Also', 'Creates your account on the chain; this is its first operation.']] : []),
        ...(grant ? [['Also', 'From then on your address runs MetaMask’s code, as your key allows with the same click: for this chain alone, once.'], ['That code', checksum(grant.address), 'code']] : []),
      ]),
      details: /** @type {[string, string, 'code'][]} */ ([
        [`Digest that is signed (EIP-712, ${contract})`, toHex(signed), 'code'],
        ['As a passkey’s challenge', toBase64url(signed), 'code'],
        ...(grant ? [[`Authorization that is signed with it (EIP-7702), nonce ${BigInt(grant.nonce)}`, toHex(authorizationHash(this.id, grant.address, BigInt(grant.nonce))), 'code']] : []),
        ['Operation hash', opHash, 'code'],
        ['Entry point', `${this.entryPoint.address} (version ${this.entryPoint.version})`, 'code'],
        ['Nonce', '0x' + op.nonce.toString(16), 'code'],
        ['Calldata', op.callData, 'code'],
      ]),
    };
  }
}

/** @param {import('../hybrid.js').Action} a @returns {{sentence: string, noun: string, done: string, rows: Row[]}} */
function words(a) {
  switch (a.kind) {
    case 'create': return { sentence: 'Create the account', noun: 'creation of your account', done: 'Your account is on the chain', rows: [['What happens', 'MetaMask’s factory puts your account on the chain, with your owner key as its only signer.']] };
    case 'send': return { sentence: `Send ${ether(a.value)} ETH`, noun: `transfer of ${ether(a.value)} ETH`, done: `${ether(a.value)} ETH sent`, rows: [['To', a.to, 'code'], ['Amount', `${ether(a.value)} ETH`, 'strong']] };
    case 'addKey': return {
      sentence: 'Add the passkey', noun: 'new passkey', done: 'The passkey is a signer',
      rows: [['What happens', 'This passkey may sign everything for your account from then on, alone, beside the owner key.'], ['Passkey', toHex(keyIdHash(a.keyId)), 'code']],
    };
    case 'owner': return { sentence: 'Make a new owner', noun: 'change of owner', done: 'The new owner is in place', rows: [['What happens', 'The old owner key opens nothing any more; the new one may sign everything. Passkeys stay.'], ['New owner', a.to, 'code']] };
  }
}
