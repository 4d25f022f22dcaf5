// @ts-check
/** Any step that changes the account: prepared, shown in words, signed by owner key or passkey, sent, and its receipt. */
import { verify } from '../assertion.js';
import { authorize, delegateOf, unsigned } from '../authorization.js';
import { equal, fromHex, quantity, toHex } from '../bytes.js';
import { get } from '../ceremony.js';
import { NO_LIBRARY, OWNER_STUB, V130, account, credentialId, encodeAction, keyId, keyIdHash, keyOf, passkeyStub, sealPasskey } from '../hybrid.js';
import { assemble, checked } from '../operate.js';
import { handOver, heldFor, overtaken, release } from '../outbox.js';
import { sponsor } from '../paymaster.js';
import { receipt } from '../receipt.js';
import { sign as signWithKey, signer } from '../secp256k1.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, element, input, rows, show, showing, status } from '../view.js';
import { Trouble, cautions, roughly } from '../words.js';
import { session } from './session.js';

/**
 * @typedef {import('../outbox.js').Held & {shown: import('./chain.js').Shown}} Held
 * @typedef {'owner' | 'passkey'} By who signs
 * @typedef {{op: import('../userop.js').UserOp, shown: import('./chain.js').Shown, by: By, held?: Held}} Pending
 */

/** @type {Pending | undefined} The operation in review. */ let pending;
/** @type {Held | undefined} The operation on the last screen. */ let done;

/** @type {Set<(held: Held) => void | Promise<void>>} Told when an operation is on the chain, before anything is drawn. */
export const settledOperations = new Set();
/** @type {Set<() => void>} Told when what is on its way changes. */
export const traffic = new Set();
/** @type {Set<() => void>} Told when a review is left unsigned. */
export const returns = new Set();

/** What this account has on its way. */
export const onItsWay = () => /** @type {Held | undefined} */ (session.account && heldFor(session.chain, session.account.address));

/** Prepares an action and shows it. Call it within a task. @param {import('../hybrid.js').Action} action @param {By} by */
export async function propose(action, by) {
  const { chain } = session;
  const mine = /** @type {NonNullable<typeof session.account>} */ (session.account);
  const held = onItsWay();
  if (held) await blocked(held);
  const value = action.kind === 'send' ? action.value : 0n;
  const sender = { address: mine.address, stub: stubFor(by), ...(mine.eoa ? await grant(mine.address) : creation(mine)), ...(by === 'passkey' && await chain.hasP256() ? { pretend: NO_LIBRARY } : {}) };
  const pays = input('gasless').checked && chain.paymasterUrl ? sponsor(chain, chain.paymasterUrl) : undefined;
  const [op, gasPrice] = await Promise.all([assemble(chain, sender, encodeAction(action), value, pays), chain.gasPrice()]);
  if (mine.address !== session.account?.address) return;
  pending = { op, shown: chain.read(op), by };
  review(pending, [...starved(op), ...cautions(op, pays ? 0n : value, gasPrice)]);
}

/** A call that cannot do anything with its gas: the proxy alone takes more. @param {import('../userop.js').UserOp} op */
const starved = (op) => (op.callData !== '0x' && op.callGasLimit < 5000n ? [`The server allows the call ${op.callGasLimit} gas: it would fail, and the fee be paid all the same.`] : []);

/** What would put the account on the chain, where its first parameters are known. @param {import('./session.js').Remembered} mine */
function creation({ address, owner, salt }) {
  if (!owner || !salt) return {};
  const { factory, factoryData, address: made } = account(V130, { owner, salt: fromHex(salt, 32) });
  return made === address ? { factory, factoryData } : {};
}

/** The permission that the key's address runs MetaMask's code, where it does not yet; signed with the operation, not before. @param {string} address */
async function grant(address) {
  const { chain, owner } = session;
  const code = fromHex(await chain.ask('eth_getCode', address, 'latest'));
  const now = delegateOf(code);
  if (now && now === V130.stateless.toLowerCase()) return {};
  if (code.length) throw new Trouble('This address runs other code already.', `It is ${now ?? 'a contract'}. Nothing was signed; another key’s address is free.`);
  if (owner?.address !== address) throw new Trouble('This page does not have the key of this address.', 'Leave this account and import it.');
  const nonce = quantity(await chain.ask('eth_getTransactionCount', address, 'latest'), 'the nonce');
  return { eip7702Auth: unsigned(chain.id, V130.stateless, nonce) };
}

/** @param {By} by */
function stubFor(by) {
  if (by === 'owner') return OWNER_STUB;
  const hash = session.now?.keys[0]?.hash;
  if (!hash) throw new Trouble('This account has no passkey on the chain.', 'Add one with the owner key first.');
  return passkeyStub(hash, location.origin);
}

/** @param {Pending} p @param {string[]} doubts */
function review({ shown, by }, doubts) {
  $('review-title').textContent = shown.sentence;
  $('sign').textContent = SIGN[by];
  rows('review-rows', [...shown.rows, ['Signed by', by === 'owner' ? `the owner key in this tab, ${session.owner?.address}` : 'your passkey; the owner key is not needed']]);
  rows('review-details', shown.details);
  $('cautions').replaceChildren(...doubts.map((text) => element('li', text)));
  $('cautions').hidden = !doubts.length;
  show('review');
  status();
}

const SIGN = { owner: 'Sign with the owner key', passkey: 'Sign with your passkey' };

/** @param {Pending} p @returns {Uint8Array} */
function byOwner({ op, shown }) {
  if (!session.owner) throw new Trouble('This page does not have the owner key.', 'Import it, or sign with a passkey of the account.');
  const signature = signWithKey(shown.digest, session.owner.secret);
  if (signer(shown.digest, signature) !== session.owner.address) throw new Trouble('The signature came out wrong.', 'Nothing was sent. Reload and try again.');
  const grant = op.eip7702Auth;
  if (grant) op.eip7702Auth = authorize(session.chain.id, grant.address, BigInt(grant.nonce), session.owner.secret);
  return signature;
}

/** Asks for the passkey and checks what it answers. @param {Pending} p @param {AbortSignal} signal */
async function byPasskey({ shown }, signal) {
  const { chain } = session;
  const keys = session.now?.keys ?? [];
  const allow = keys.map((k) => credentialId(k.keyId)).filter((id) => id !== undefined);
  const got = await get({ rpId: chain.config.rpId, challenge: shown.digest, allow, signal });
  answered('Checking the signature…');
  const assertion = checked(chain, got, shown.digest);
  const id = keyId(got.id);
  const hash = keyIdHash(id);
  const listed = keys.find((k) => equal(k.hash, hash));
  const key = session.passkeys.find((k) => k.keyId === id) ?? (listed && await keyOf(chain, shown.from, id));
  if (!listed || !key) throw new Trouble('This passkey may not sign for this account.', 'Nothing was sent. Choose a passkey that the account lists.');
  if (!await verify(assertion, key)) throw new Trouble('The signature is not by the key that the account lists.', 'Nothing was sent. Choose another passkey of this account.');
  return sealPasskey(hash, assertion);
}

on('sign', 'click', () => {
  const p = pending;
  if (!p) return;
  const { held, by } = p;
  const finish = async (/** @type {Uint8Array} */ signature) => {
    if (signature.length * 2 + 2 > p.op.signature.length) throw new Trouble('The signature is longer than the fee allows for.', 'Nothing was sent. Try another browser, or another passkey of this account.');
    p.held = { op: { ...p.op, signature: toHex(signature) }, hash: p.shown.hash, shown: p.shown };
    answered('Sending…');
    await deliver(p.held);
  };
  if (held) task('Sending again…', () => deliver(held));
  else if (by === 'owner') task('Signing…', async () => finish(byOwner(p)));
  else task(asked, async (signal) => finish(await byPasskey(p, signal)), { ceremony: true });
});

on('review-back', 'click', () => {
  if (busy()) return;
  pending = undefined;
  for (const go of returns) go();
});

on('held-again', 'click', () => {
  const held = onItsWay();
  if (held) task('Sending again…', () => deliver(held));
});

/** @param {Held} held */
async function deliver(held) {
  try {
    await handOver(session.chain, held);
  } catch (e) {
    if (held.unsure) {
      $('sign').textContent = 'Send again';
      follow(held);
    } else if (pending?.held === held) pending.held = undefined;
    throw e;
  } finally {
    for (const tell of traffic) tell();
  }
  if (pending?.held === held) pending = undefined;
  draw(held);
  follow(held);
}

/** Why nothing else can be sent now. @param {Held} held @returns {Promise<never>} */
async function blocked(held) {
  const gone = await overtaken(session.chain, held);
  for (const tell of traffic) tell();
  if (gone) throw new Trouble(`Your earlier ${held.shown.noun} has run or can never run, for the account has gone past it.`, 'The server has no receipt of it. Look at the account before you do it again.');
  follow(held);
  throw new Trouble(`Your ${held.shown.noun} is still on its way.`, 'Wait for its receipt, or send the same operation again, which can happen only once.');
}

/** Its last screen: waiting, or the receipt. @param {Held} held */
function draw(held) {
  done = held;
  const { receipt: r, shown, hash, op } = held;
  $('done-step').textContent = r ? 'Receipt' : 'Signed and sent';
  $('done-title').textContent = !r ? 'Waiting for the chain' : r.success ? shown.done : `The ${shown.noun} failed`;
  rows('done-rows', [
    ...(r ? /** @type {import('./chain.js').Row[]} */ ([
      ...(shown.action.kind === 'send' ? [['To', shown.to, 'code']] : []),
      ...(r.success ? [] : [['Why', r.reason || 'The account or the recipient refused it. Only the fee was paid.']]),
      ['Network fee paid', `${roughly(r.cost)} ETH (${r.gas.toLocaleString('en')} gas)${op.paymaster ? ', by the paymaster' : ''}`],
      [op.signature.length > OWNER_STUB.length ? 'From the same address' : 'Account', shown.from, 'code'],
      ['Transaction', r.transaction, 'code'],
      ['Block', String(r.block)],
    ]) : []),
    ['Operation', hash, 'code'],
  ]);
  show('done');
  if (r) status(`The ${shown.noun} ${r.success ? 'is' : 'failed'} on the chain.`);
  else status('Waiting for the receipt…', true);
}

/** @type {WeakSet<Held>} */ const following = new WeakSet();

/** Waits for the receipt beside whatever the person does next. @param {Held} held */
export async function follow(held) {
  if (held.receipt || following.has(held)) return;
  following.add(held);
  const r = await receipt(session.chain, held.hash, (seconds, doubt) => {
    if (showing('done') && done === held && seconds) {
      if (doubt) status(`The server gave a receipt that does not hold: ${doubt}. Asking again.`, true);
      else if (seconds % 20 === 0) status(`No receipt for ${seconds} seconds. The operation may still come; it is safe to leave this page.`, true);
    }
    return onItsWay() === held;
  });
  following.delete(held);
  if (!r) return;
  held.receipt = r;
  release(session.chain, held);
  for (const tell of settledOperations) await tell(held);
  for (const tell of traffic) tell();
  if ((showing('done') && done === held) || (showing('review') && pending?.held === held && !busy())) {
    pending = undefined;
    draw(held);
  } else if (!busy()) status(`The ${held.shown.noun} ${r.success ? 'is' : 'failed'} on the chain.`);
}
