// @ts-check
/**
 * The kinds of account that this page opens, behind one face: how each is found, who
 * may sign for it, how its transfers are written and read back, what is signed and
 * how signatures are put.
 */
import { encode, encodeCall, keccak, word } from '../page/abi.js';
import { checksum, decodeExecute, encodeExecute, fresh, passkeySigner, signersOf } from '../page/account.js';
import { delegateOf } from '../page/authorization.js';
import { concat, equal, fromHex, toHex, uint, utf8 } from '../page/bytes.js';
import * as hybrid from '../page/hybrid.js';
import * as kernel from '../page/kernel.js';
import { hinter, hintsLength, pathOf } from '../page/path.js';
import { entryPoint, hash, seal, stub } from '../page/userop.js';
import { Trouble } from '../page/words.js';

/**
 * @typedef {import('./node.js').Node} Node
 * @typedef {import('./node.js').Call} Call
 * @typedef {import('../page/userop.js').UserOp} UserOp
 * @typedef {import('../page/assertion.js').Key} Key
 * @typedef {import('../page/assertion.js').Signed} Signed
 * @typedef {import('./holders.js').Holder} Holder
 *
 * @typedef {object} Account
 * @property {string} title its kind, for people
 * @property {string} version of the EntryPoint
 * @property {string} address
 * @property {boolean} deployed
 * @property {string} [factory] @property {string} [factoryData] of one that is not deployed
 * @property {Key} [key] the passkey that signs
 * @property {number} [rule] that the account has for it
 * @property {Share} [share] of an account whose signers weigh
 * @property {string} [until] a sentence about operations that wait
 * @property {bigint} [nonceKey] @property {bigint} [unseen]
 * @property {(call: Call) => string} execute
 * @property {(callData: string) => Call | undefined} parse
 * @property {(op: UserOp, ep: import('../page/userop.js').EntryPoint, chainId: bigint) => Uint8Array} digest
 * @property {(node: Node, holder: Holder) => Promise<{stub: string, seal: Seal}>} approval
 *
 * @typedef {(digest: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array>} Seal
 * @typedef {{signer: Uint8Array, weight: bigint, threshold: bigint}} Share what one signer weighs, and what all must together
 * @typedef {{account: Account, holder: Holder}} Part an account, and who signs for it
 */

const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
const same = (/** @type {string} */ a, /** @type {string} */ b) => a.toLowerCase() === b.toLowerCase();
const sameKey = (/** @type {Key} */ a, /** @type {Key} */ b) => equal(a.x, b.x) && equal(a.y, b.y);

/** A passkey's answer for this account's key, or an error. @param {Holder} holder @param {Uint8Array} digest @param {Account} a @param {AbortSignal} [signal] */
const ask = (holder, digest, a, signal) => holder.assert(digest, /** @type {Key} */ (a.key), a.rule ?? 1, signal);

// Our own account.

/** @param {{address: string, version: string, deployed: boolean, factory?: string, factoryData?: string, signer?: import('../page/userop.js').PasskeySigner, share?: Share, until?: string}} a @returns {Account} */
function postern({ signer, ...a }) {
  /** @type {Account} */
  const account = {
    ...a, title: 'Postern account', key: signer, rule: signer?.rule,
    execute: ({ to, value, data }) => encodeExecute(to, value, data),
    parse: decodeExecute,
    digest: hash,
    async approval(node, holder) {
      if (!signer) {
        const sealed = (/** @type {Uint8Array} */ signature) => concat(Uint8Array.of(1), fromHex(/** @type {string} */ (holder.address), 20), signature);
        return { stub: toHex(sealed(kernel.STUB_KEY)), seal: async (digest) => sealed(holder.sign(digest)) };
      }
      const path = await pathOf(node, { address: a.address, signer });
      const hint = await hinter(path);
      return {
        stub: toHex(stub(signer, holder.origin, hint ? hintsLength(path) : 0)),
        seal: async (digest, signal) => {
          const assertion = await ask(holder, digest, account, signal);
          return seal(signer, assertion, await hint?.(assertion, signer));
        },
      };
    },
  };
  return account;
}

/** The accounts that a passkey has begun, one for each EntryPoint. @param {import('./node.js').Place} place @param {Key} key @param {Uint8Array} salt */
const begun = (place, key, salt) => place.deployments.map((d) => {
  const a = fresh(d, key, salt);
  return postern({ address: a.address, version: d.entryPoint, deployed: false, factory: d.factory, factoryData: a.factoryData, signer: a.signer });
});

const ID = utf8('postern.webauthnaccount.');

/** @param {Node} node @param {string} address @param {Holder} holder @returns {Promise<Account | undefined>} */
async function openPostern(node, address, holder) {
  const [id, ep] = await Promise.all(['accountId()', 'entryPoint()'].map((f) => node.call(address, encodeCall(f)).catch(() => new Uint8Array())));
  if (id.length < 96 || !equal(id.subarray(64, 64 + ID.length), ID) || ep.length !== 32) return undefined;
  const version = ['0.7', '0.8', '0.9'].find((v) => same(toHex(ep.slice(12)), entryPoint(v).address));
  if (!version) throw new Trouble('This account belongs to an entry point that this page does not know.', `It is ${checksum(toHex(ep.slice(12)))}. Take a newer rescue page.`);
  const signers = await signersOf(node.call, address);
  const mine = signers.find((b) => holder.address !== undefined ? b.length === 20 && same(toHex(b), holder.address) : holder.keys.some((k) => {
    const s = passkeySigner(b);
    return s && sameKey(s, k);
  }));
  if (!mine) throw new Trouble('What you hold may not sign for this account.', `${checksum(address)} has ${signers.length} ${signers.length === 1 ? 'signer' : 'signers'}, and this is none of them. Try another passkey or key of yours.`);
  const [threshold, weight, frozen] = await Promise.all([
    node.call(address, encodeCall('threshold()')), node.call(address, encodeCall('signerWeight(bytes)', mine)),
    node.call(address, encodeCall('frozenUntil()')).catch(() => new Uint8Array())]);
  const until = frozen.length === 32 ? Number(word(frozen)) : 0;
  return postern({
    address: checksum(address), version, deployed: true, signer: passkeySigner(mine),
    share: { signer: mine, weight: word(weight), threshold: word(threshold) },
    ...(until * 1000 > Date.now() ? { until: `Its guardians have frozen this account until ${new Date(until * 1000).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' })}. Until then it does nothing.` } : {}),
  });
}

/** What is still wanting when these sign together; 0n if nothing is. @param {Part[]} parts */
export function wanting(parts) {
  const left = (parts[0]?.account.share?.threshold ?? 0n) - parts.reduce((sum, p) => sum + (p.account.share?.weight ?? 0n), 0n);
  return left > 0n ? left : 0n;
}

/** As few of them as suffice, the heaviest first, in the order that the account reads them in. @param {Part[]} parts */
export function enough(parts) {
  const weight = (/** @type {Part} */ p) => p.account.share?.weight ?? 0n;
  /** @type {Part[]} */ const out = [];
  for (const p of [...parts].sort((a, b) => (weight(a) < weight(b) ? 1 : weight(a) > weight(b) ? -1 : 0))) if (!out.length || wanting(out)) out.push(p);
  const id = (/** @type {Part} */ p) => toHex(keccak(p.account.share?.signer ?? new Uint8Array()));
  return out.sort((a, b) => (id(a) < id(b) ? -1 : 1));
}

// MetaMask's.

const HYBRID_EXECUTE = keccak(utf8('execute((address,uint256,bytes))')).slice(0, 4);
/** One call of a Hybrid account, as its operation has it. @param {Call} c */
export const hybridExecute = (c) => toHex(concat(HYBRID_EXECUTE, uint(32, 32), encode(['address', 'uint256', 'bytes'], [c.to, c.value, c.data])));

/** @param {string} callData @returns {Call | undefined} */
export function hybridParse(callData) {
  const b = fromHex(callData);
  if (b.length < 4 + 5 * 32) return undefined;
  const size = Number(word(b.subarray(4), 4));
  const call = { to: checksum(toHex(b.slice(4 + 32 + 12, 4 + 64))), value: word(b.subarray(4), 2), data: toHex(b.slice(4 + 160, 4 + 160 + size)) };
  return hybridExecute(call) === callData ? call : undefined;
}

/** @param {{address: string, deployed: boolean, factory?: string, factoryData?: string, keyHash?: Uint8Array, key?: Key}} a @returns {Account} */
function gator({ keyHash, ...a }) {
  /** @type {Account} */
  const account = {
    ...a, title: 'MetaMask Hybrid account', version: '0.7',
    execute: hybridExecute, parse: hybridParse, digest: hybrid.digest,
    async approval(_, holder) {
      if (!keyHash) return { stub: hybrid.OWNER_STUB, seal: async (digest) => holder.sign(digest) };
      return { stub: hybrid.passkeyStub(keyHash, holder.origin), seal: async (digest, signal) => hybrid.sealPasskey(keyHash, await ask(holder, digest, account, signal)) };
    },
  };
  return account;
}

/** @param {Node} node @param {string} address @param {Holder} holder */
async function openHybrid(node, address, holder) {
  if (holder.address !== undefined) {
    const { owner } = await hybrid.signersOf(node, address);
    if (same(owner, holder.address)) return gator({ address, deployed: true });
    throw new Trouble('What you hold may not sign for this account.', `${owner} owns ${address}, which is another key than yours.`);
  }
  const id = hybrid.keyId(/** @type {Uint8Array} */ (holder.id));
  const key = await hybrid.keyOf(node, address, id);
  if (!key || !holder.keys.some((k) => sameKey(k, key))) throw new Trouble('What you hold may not sign for this account.', `Your passkey is no signer of ${address}. Try another one, or its owner key.`);
  return gator({ address, deployed: true, keyHash: hybrid.keyIdHash(id), key });
}

// ZeroDev's.

/** @param {kernel.Account & {deployed: boolean}} a @returns {Account} */
function zerodev({ root, version: _, ...a }) {
  const key = root.kind === 'passkey' ? { x: root.x, y: root.y } : undefined;
  const wrap = (/** @type {Uint8Array} */ signature) => (root.kind === 'passkey' && root.multi ? encode(['bytes', 'bytes'], ['0x', signature]) : signature);
  /** @type {Account} */
  const account = {
    ...a, title: 'Kernel account', version: '0.7', key, nonceKey: kernel.rootKey(root), unseen: key ? kernel.UNSEEN : 0n,
    execute: (c) => kernel.execute([c]),
    parse: (callData) => {
      const calls = kernel.parseExecute(callData);
      return calls?.length === 1 ? calls[0] : undefined;
    },
    digest: hash,
    async approval(node, holder) {
      if (!key) return { stub: toHex(kernel.STUB_KEY), seal: async (digest) => holder.sign(kernel.personal(digest)) };
      const precompiled = await node.hasP256();
      return {
        stub: toHex(wrap(kernel.stubPasskey(holder.origin, precompiled))),
        seal: async (digest, signal) => wrap(kernel.sealPasskey(await ask(holder, digest, account, signal), precompiled)),
      };
    },
  };
  return account;
}

/** @param {Node} node @param {string} address @param {string} version @param {Holder} holder */
async function openKernel(node, address, version, holder) {
  const validator = toHex((await node.call(address, encodeCall('rootValidator()'))).slice(1, 21));
  const { VALIDATORS: v } = kernel;
  const kind = /** @type {(keyof typeof v)[]} */ (Object.keys(v)).find((k) => same(v[k], validator));
  if (kind === 'ecdsa' || kind === 'multiECDSA') {
    const owner = checksum(toHex((await node.call(validator, encodeCall('ecdsaValidatorStorage(address)', address))).slice(12, 32)));
    if (holder.address !== undefined && same(owner, holder.address)) return zerodev({ address, version, deployed: true, root: { kind: 'ecdsa', owner, multi: kind === 'multiECDSA' } });
    throw new Trouble('What you hold may not sign for this account.', `${owner} owns ${address}.`);
  }
  if (kind) {
    const b = await node.call(validator, encodeCall('webAuthnValidatorStorage(address)', address));
    const key = { x: b.slice(0, 32), y: b.slice(32, 64) };
    if (b.length === 64 && holder.keys.some((k) => sameKey(k, key))) return zerodev({ address, version, deployed: true, root: { kind: 'passkey', credentialHash: new Uint8Array(32), ...key, multi: kind === 'multiPasskey' } });
    throw new Trouble('What you hold may not sign for this account.', `Another passkey owns ${address}.`);
  }
  throw new Trouble('This page does not know who signs for this account.', `The validator of ${address} is ${checksum(validator)}. It opens accounts whose owner is a passkey or a key.`);
}

// All of them.

/** Opens what stands at an address, for who holds something. @param {Node} node @param {string} address @param {Holder} holder @returns {Promise<Account>} */
export async function openAt(node, address, holder) {
  const code = fromHex(await node.ask('eth_getCode', address, 'latest'));
  if (!code.length) throw new Trouble('There is no account at this address on this chain.', `Nothing stands at ${address}. Check the address, and that the node is of the right chain.`);
  const delegate = delegateOf(code);
  if (delegate) throw new Trouble('This is the address of an ordinary key.', `It lets ${checksum(delegate)} be its code (EIP-7702), but its own key still moves everything: import that key into any wallet.`);
  if (await hybrid.isHybrid(node, address)) return openHybrid(node, address, holder);
  const slot = toHex(fromHex(await node.ask('eth_getStorageAt', address, IMPLEMENTATION_SLOT, 'latest'), 32).slice(12));
  const d = kernel.DEPLOYMENTS.find((k) => same(slot, k.implementation));
  if (d) return openKernel(node, address, d.version, holder);
  const own = await openPostern(node, address, holder);
  if (own) return own;
  throw new Trouble('What is at this address is no account that this page knows.', 'It knows Postern’s own, MetaMask’s Hybrid 1.3.0 and ZeroDev’s Kernel 0.3.1 to 0.3.3.');
}

/** Accounts whose addresses follow from what somebody holds, whether they are there or not. @param {Node} node @param {Holder} holder @returns {Account[]} */
export function computed(node, holder) {
  const { handle } = holder;
  if (holder.address !== undefined) {
    const owner = holder.address;
    const g = hybrid.account(hybrid.V130, { owner, salt: new Uint8Array(32) });
    return [
      ...kernel.DEPLOYMENTS.flatMap((d) => [false, true].map((multi) => zerodev({ ...kernel.account(d.version, { kind: 'ecdsa', owner, multi }), deployed: false }))),
      gator({ address: g.address, deployed: false, factory: g.factory, factoryData: g.factoryData })];
  }
  if (handle?.kind === 'salt') return holder.keys.flatMap((k) => begun(node.place, k, handle.salt));
  if (handle?.kind === 'address') return [];
  const credentialHash = keccak(/** @type {Uint8Array} */ (holder.id));
  return holder.keys.flatMap((k) => kernel.DEPLOYMENTS.flatMap((d) => [false, true].map((multi) => zerodev({ ...kernel.account(d.version, { kind: 'passkey', ...k, credentialHash, multi }), deployed: false }))));
}

/**
 * What a holder leads to: accounts that are on the chain or hold ether, and the addresses that were looked at.
 * @param {Node} node @param {Holder} holder @param {string} [address] that somebody named
 * @returns {Promise<{accounts: {account: Account, balance: bigint}[], looked: string[]}>}
 */
export async function find(node, holder, address) {
  const at = address ?? (holder.handle?.kind === 'address' ? holder.handle.address : undefined);
  const all = computed(node, holder);
  const own = at && all.find((a) => same(a.address, at));
  if (at && !(own && !await node.hasCode(at))) return { accounts: [{ account: await openAt(node, at, holder), balance: await node.balance(at) }], looked: [at] };
  /** @type {{account: Account, balance: bigint}[]} */ const accounts = [];
  for (let i = 0; i < all.length; i += 4) { // a few at a time: public nodes count requests
    accounts.push(...(await Promise.all(all.slice(i, i + 4).map(async (a) => {
      const [deployed, balance] = await Promise.all([node.hasCode(a.address), node.balance(a.address)]);
      if (!deployed) return balance || own === a ? { account: a, balance } : undefined;
      const there = await openAt(node, a.address, holder).catch((e) => {
        if (e instanceof Trouble) return undefined; // it is somebody else's by now
        throw e;
      });
      return there && { account: there, balance };
    }))).filter((f) => f !== undefined));
  }
  return { accounts, looked: all.map((a) => a.address) };
}
