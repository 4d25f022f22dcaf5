// @ts-check
/** An approval held against its key and the chain, before anybody acts with it. */
import { bytesAt, encode } from '../abi.js';
import { parseClientData, verify } from '../assertion.js';
import { equal } from '../bytes.js';
import { enable, parseFactoryData, parsePasskey, permissionId, personal, provenRoot, signer } from '../kernel.js';
import { NOT_OPS, asked, entry } from '../policies.js';
import { signer as recovered } from '../secp256k1.js';
import { Trouble } from '../words.js';
import { keyWords } from './request.js';

/**
 * @typedef {import('../approval.js').Approval} Approval
 * @typedef {import('../kernel.js').Root} Root
 * @typedef {import('../kernel.js').Permission} Permission
 * @typedef {{good: boolean, text: string}} Check
 * @typedef {object} Opened
 * @property {Approval} approval
 * @property {Permission} permission
 * @property {import('./chain.js').State} now
 * @property {boolean} installed
 * @property {import('../policydecide.js').Left[]} left
 * @property {number} time the chain's clock
 * @property {string} [factory]
 * @property {string} [factoryData]
 * @property {Check[]} checks all good, or nothing can be done with it
 */

/** The permission of an approval if this is its key; undefined if it is another's. @param {Approval} a @param {Root} key @returns {Permission | undefined} */
export function permissionFor(a, key) {
  const p = { policies: a.policies.map(entry), signer: signer(key) };
  return equal(permissionId(p), a.permissionId) ? p : undefined;
}

/** What the chain says of it. @param {import('./chain.js').Kernel} chain @param {Approval} approval @param {Permission} permission @param {Root} key @returns {Promise<Opened>} */
export async function hold(chain, approval, permission, key) {
  const made = parseFactoryData(approval.initCode);
  if (made && made.address !== approval.account) throw new Trouble('The approval contradicts itself.', `What creates the account makes ${made.address}, not ${approval.account}. Do not use it.`);
  const [now, time] = await Promise.all([chain.state(approval.account), chain.now()]);
  if (!now.deployed && !made) throw new Trouble('The account of this approval is not on this chain.', 'It may be meant for another chain. Open it on that chain’s server.');
  const [root, version] = now.deployed ? [now.root, now.version] : [made?.root, made?.version];
  const { there, valid } = now.deployed ? await chain.installed(approval.account, approval.permissionId) : { there: false, valid: false };
  const left = there ? await chain.left(approval.account, approval.permissionId, approval.policies) : [];
  /** @type {Check[]} */ const checks = [
    { good: true, text: key.kind === 'passkey' ? `Your passkey ${keyWords(key).slice('the passkey '.length)} is the session key that it is for.` : `The session key is in it: ${key.owner}.` },
    { good: root !== undefined, text: root ? `The account is ${approval.account}, owned by ${keyWords(root)}, on Kernel ${version}.` : `The account ${approval.account} obeys a validator that this page does not know.` },
  ];
  if (there) checks.push({ good: valid, text: valid ? 'The account has this session key.' : 'The owner has revoked every session key of that time, this one too.' });
  else if (now.deployed && await chain.revoked(approval.account, approval.permissionId, approval.policies)) checks.push({ good: false, text: 'The owner has revoked it. The same session key with the same limits is never let in again.' });
  else if (!approval.signature) checks.push({ good: false, text: 'The account does not have this session key, and the approval has no signature that would let it in.' });
  else if (root) {
    const good = await signedBy(root, enable({ version: /** @type {string} */ (version), address: approval.account }, chain.id, now.nonce, permission).digest, approval.signature);
    checks.push({ good, text: good ? 'The owner has signed exactly these limits, for this chain. The first operation installs the session key.' : 'The owner’s signature does not fit: it is for another chain, was used up or revoked, or something was changed.' });
  }
  for (const p of approval.policies) {
    if (p.kind === 'timestamp' && asked(p, NOT_OPS) && p.validUntil && p.validUntil < time) checks.push({ good: false, text: 'Its time is over.' });
  }
  return { approval, permission, now, installed: there, left, time, factory: made?.factory, factoryData: made?.factoryData, checks };
}

/** Whether the owner has signed this, alone or in a tree of several. @param {Root} root @param {Uint8Array} digest @param {Uint8Array} signature */
export async function signedBy(root, digest, signature) {
  try {
    if (root.kind === 'ecdsa') {
      if (signature.length === 65) return recovered(digest, signature) === root.owner;
      return root.multi === true && recovered(personal(provenRoot(signature.slice(65), digest)), signature.slice(0, 65)) === root.owner;
    }
    let [challenge, inner] = [digest, signature];
    if (root.multi) {
      const tree = bytesAt(signature, 0);
      inner = bytesAt(signature, 1);
      if (!equal(encode(['bytes', 'bytes'], [tree, inner]), signature)) return false;
      if (tree.length) challenge = personal(provenRoot(tree, digest));
    }
    const a = parsePasskey(inner);
    const { challenge: answers, type } = parseClientData(a.clientDataJSON);
    return type === 'webauthn.get' && equal(answers, challenge) && (a.authenticatorData[32] & 5) === 5 && await verify(a, root);
  } catch {
    return false;
  }
}
