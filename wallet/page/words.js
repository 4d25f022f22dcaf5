// @ts-check
/** Everything the page says: amounts, the operation in words, and errors with the way out. */
import { checksum } from './account.js';

/** @typedef {import('./userop.js').UserOp} UserOp */

/** Wei as ETH, every digit. @param {bigint} wei */
export function ether(wei) {
  const digits = (wei < 0n ? -wei : wei).toString().padStart(19, '0');
  const fraction = digits.slice(-18).replace(/0+$/, '');
  return `${wei < 0n ? '-' : ''}${digits.slice(0, -18)}${fraction && '.' + fraction}`;
}

/** Six places for glances: never more than there is, never nought for something. @param {bigint} wei */
export function roughly(wei) {
  if (wei > 0n && wei < 10n ** 12n) return '<0.000001';
  return ether(wei - (wei % 10n ** 12n));
}

/** Six places, rounded up: an upper bound stays one. @param {bigint} wei */
export const atMost = (wei) => ether((wei + 10n ** 12n - 1n) / 10n ** 12n * 10n ** 12n);

/** What a person typed, as wei. Throws a sentence. @param {string} text */
export function parseEther(text) {
  const t = text.trim();
  if (!t) throw new Error('Enter an amount.');
  if (/^[\d.]*,[\d,.]*$/.test(t)) throw new Error('Write the amount with a point, not a comma: 0.5');
  const m = /^(\d*)\.?(\d*)$/.exec(t);
  if (!m || !(m[1] || m[2])) throw new Error('That is not an amount. Write it like 0.5');
  if (m[2].length > 18) throw new Error('ETH has at most 18 digits after the point.');
  if (m[1].length > 30) throw new Error('That is more ETH than there is.');
  const wei = BigInt((m[1] || '0') + m[2].padEnd(18, '0'));
  if (wei === 0n) throw new Error('Enter an amount above zero.');
  return wei;
}

/** What a person typed, as an address. Throws a sentence. @param {string} text */
export function parseAddress(text) {
  const t = text.trim();
  if (!t) throw new Error('Enter the address to send to.');
  if (!/^0x/i.test(t)) throw new Error('An address starts with 0x.');
  if (!/^0x[0-9a-f]*$/i.test(t)) throw new Error('An address has only the digits 0–9 and a–f after 0x.');
  if (t.length !== 42) throw new Error(`An address has 40 digits after 0x; this has ${t.length - 2}.`);
  const address = checksum('0x' + t.slice(2));
  const digits = t.slice(2);
  const mixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  if (mixed && address.slice(2) !== digits) throw new Error('The capital letters do not add up, so a digit may be wrong. Copy the address again.');
  if (/^0x0{40}$/.test(address)) throw new Error('Nobody owns the zero address; what is sent there is lost.');
  return address;
}

/** The most that an operation may cost in fees. @param {UserOp} op */
export function maxFee(op) {
  const gas = op.callGasLimit + op.verificationGasLimit + op.preVerificationGas + (op.paymasterVerificationGasLimit ?? 0n) + (op.paymasterPostOpGasLimit ?? 0n);
  return gas * op.maxFeePerGas;
}

/** @param {number | bigint} chainId */
export function chainName(chainId) {
  const name = /** @type {Record<string, string>} */ ({ 1: 'Ethereum', 8453: 'Base', 84532: 'Base Sepolia', 11155111: 'Sepolia', 31337: 'Development chain' })[String(chainId)];
  return name ? `${name} (${chainId})` : `Chain ${chainId}`;
}

/**
 * What about the fee should be looked at twice, in sentences.
 * @param {UserOp} op @param {bigint} value what it sends, wei; 0: nothing to compare the fee with @param {bigint | undefined} gasPrice what the chain itself asks, wei
 */
export function cautions(op, value, gasPrice) {
  const out = [];
  const fee = maxFee(op);
  if (value && fee > value) out.push(`The network fee may be more than the amount you send: up to ${atMost(fee)} ETH.`);
  if (gasPrice && op.maxFeePerGas > 5n * gasPrice) out.push(`The server asks for up to ${op.maxFeePerGas / gasPrice} times the gas price that the chain names.`);
  const own = ownPreVerificationGas(op);
  if (op.preVerificationGas > 3n * own) out.push(`The server counts ${op.preVerificationGas.toLocaleString('en')} gas for carrying the operation (preVerificationGas), where this page would count ${own.toLocaleString('en')}. On a rollup that may be right.`);
  return out;
}

/** The customary formula, every byte dear: transaction, the EntryPoint's work, calldata. @param {UserOp} op */
function ownPreVerificationGas(op) {
  const bytes = [op.factoryData, op.callData, op.paymasterData, op.signature].reduce((n, hex) => n + (hex?.length ?? 2) / 2 + 31, 16 * 32);
  return 21_000n + 18_300n + 16n * BigInt(Math.ceil(bytes));
}

/** @typedef {{title: string, way: string, detail?: string}} Words */

/** An error made of words, for what has no type elsewhere. */
export class Trouble extends Error {
  name = 'Trouble';
  /** @param {string} title @param {string} way @param {unknown} [cause] */
  constructor(title, way, cause) {
    super(title, { cause });
    this.way = way;
  }
}

/** @type {Record<import('./ceremony.js').Kind, [string, string]>} */
const CEREMONY = {
  cancelled: ['The passkey prompt was closed.', 'Nothing was signed. Try again when you are ready. If no passkey was offered, it may live on another device.'],
  timeout: ['Nobody answered the passkey prompt in time.', 'Nothing was signed. Try again.'],
  aborted: ['You stopped it.', 'Nothing was signed.'],
  refused: ['The browser refused at once, without asking you.', 'There may be no passkey for this site here, or no screen lock, fingerprint, face or PIN is set up. Bring this window to the front, check that, and try again.'],
  unsupported: ['This browser cannot use passkeys here.', 'Use a current Safari, Chrome, Edge or Firefox on a device with a screen lock, or plug in a security key.'],
  insecure: ['Passkeys need a secure address.', 'Open this page with https://, or as http://localhost on your own machine. An IP address will not do.'],
  domain: ['This page may not use these passkeys.', 'Passkeys belong to one domain. Open the wallet under the address it was made for.'],
  exists: ['This device already holds a passkey for this account.', 'Sign in with it instead.'],
  unverified: ['Your device could not check who you are.', 'Set up a screen lock, fingerprint, face or PIN, then try again. Every signature of this account needs it.'],
  failed: ['The passkey did not work.', 'Try again. If it keeps failing, try another browser or device.'],
};

/** EntryPoint codes a person can do something about. @type {[RegExp, string, string][]} */
const CHAIN = [
  [/replacement/i, 'Another operation of this account is already on its way.', 'Wait until it is on the chain, then review again.'],
  [/AA21|insufficient|prefund|funds/i, 'The account cannot pay for this.', 'Add funds, or send less: the network fee comes out of the same balance.'],
  [/AA25|nonce/i, 'Another operation of this account went first.', 'Go back and review again; this one was not sent.'],
  [/AA24|signature/i, 'The account did not accept the signature.', 'Go back and review again. If it repeats, this passkey may no longer be a signer of the account.'],
  [/AA1[0-9]/i, 'The account could not be created on the chain.', 'Try again. If it repeats, this chain may lack the factory that makes these accounts.'],
  [/underpriced|fee/i, 'The network fee has risen.', 'Go back and review again with the new fee.'],
  [/revert/i, 'The recipient does not accept this transfer.', 'Check the address. A contract may refuse plain ETH.'],
];

/** Any error, as a sentence and a way out. @param {any} e @returns {Words} */
export function explain(e) {
  if (e?.name === 'CeremonyError') {
    const [title, way] = CEREMONY[/** @type {import('./ceremony.js').Kind} */ (e.kind)];
    return { title, way, detail: e.kind === 'failed' ? e.cause?.message : undefined }; // the browser's own words tell less
  }
  if (e?.name === 'Trouble') return { title: e.message, way: e.way, detail: e.cause?.message };
  if (e?.name === 'MalformedError') return { title: 'An answer was not well formed.', way: 'Nothing was sent. Try again; if it repeats, try another passkey provider, or ask whoever runs this server.', detail: e.message };
  if (e?.name === 'RpcError') {
    if (e.kind === 'refused') {
      const known = CHAIN.find(([pattern]) => pattern.test(e.message));
      return { title: known?.[1] ?? 'The server said no.', way: e.hint ?? known?.[2] ?? 'Nothing was sent. Try again.', detail: e.code === undefined ? e.message : `${e.message} (${e.code})` };
    }
    return { title: 'The server gave no usable answer.', way: 'Check that it is running and that you are connected, then try again.', detail: e.message };
  }
  return { title: 'Something went wrong in this page.', way: 'Reload it and sign in again; your account is not affected.', detail: String(e?.message ?? e) };
}
