// @ts-check
/** An account of Flow on the page: what it holds, what it does, and signatures until their weights suffice. */
import { field } from '../page/field.js';
import { answered, asked, busy, on, task } from '../page/task.js';
import { $, element, fieldError, input, rows, show, showing, status } from '../page/view.js';
import { Trouble } from '../page/words.js';
import { equal } from '../page/bytes.js';
import { sha256 } from '../page/assertion.js';
import { digits, message } from '../page/flow/transaction.js';
import { AccessError } from './access.js';
import { THRESHOLD, complete, deeds, enough, keysOf, networkName, parseFlow, prepared, sign, told, weigh } from './flowaccount.js';
import { freshKey, kindOf, kinds, makePasskey, parsePublic, parseWeight } from './flowkeys.js';
import { inUnits, parseUnits } from './node.js';
import { session } from './session.js';

/**
 * @typedef {import('./holders.js').Holder} Holder
 * @typedef {import('./flowaccount.js').Signer} Signer
 * @typedef {import('./flowaccount.js').Held} Held
 * @typedef {import('./access.js').Account} Account
 * @typedef {{t: import('./flowaccount.js').Transaction, said: import('./flowaccount.js').Told, signers: Signer[], given: import('./flowaccount.js').Signature[], held?: Held}} Pending
 */

/** @type {import('./flowaccount.js').Scripts} */
const scripts = JSON.parse($('flow-scripts').textContent ?? '');

/** Everybody whose secret is in memory. @type {Set<Holder>} */ const holders = new Set();
/** What an account has sent that may run yet: `held` is on its way, of `refused` a node said no. @typedef {{held?: Held, refused?: Held}} Trail */
/** Trails by account, whichever is open: the network is in the address. @type {Map<string, Trail>} */ const trails = new Map();
/** @type {{account: Account, signers: Signer[], trail: Trail} | undefined} */ let now;
/** @type {Pending | undefined} */ let pending;
/** The transaction on the last screen. @type {Held | undefined} */ let done;
/** Whether all there is shall go. */ let everything = false;

const access = () => /** @type {import('./access.js').Access} */ (session().flow);
const state = () => /** @type {NonNullable<typeof now>} */ (now);
const written = (/** @type {Uint8Array} */ address) => '0x' + digits(address);

/** Whether an account waits for further signers. */
export const gathering = () => now !== undefined;

/** No secret of it stays in the page; what was sent with it does. */
export function clearFlow() {
  for (const h of holders) h.forget();
  holders.clear();
  now = pending = done = undefined;
  for (const id of ['flow-to', 'flow-amount']) input(id).value = '';
  offered('', '1,1');
  everyUnit(false);
}

/** Back to the account whose signers are gathered. */
export function flowAccount() {
  draw();
  show('flow');
  status();
}

/** What a holder leads to. @param {Holder} holder @param {string} [typed] an address @returns {Promise<Account[]>} */
export async function findFlow(holder, typed) {
  holders.add(holder);
  const node = access();
  if (typed) return [await node.account(parseFlow(typed, node.chain))];
  if (!node.indexer) throw new Trouble('Flow does not tell which account a key belongs to.', 'Enter the account’s address, or go back and name a key indexer.');
  const keys = holder.plain ? ['ECDSA_P256', 'ECDSA_secp256k1'].map((c) => holder.plain?.publicOf(c) ?? '') : holder.keys.map((k) => digits(k.x) + digits(k.y));
  /** @type {Map<string, Uint8Array>} */ const all = new Map();
  for (const k of keys.filter(Boolean)) for (const a of await node.known(k)) all.set(digits(a), a);
  /** @type {Account[]} */ const found = [];
  for (const a of [...all.values()].slice(0, 20)) {
    try {
      const account = await node.account(a);
      if (keysOf(account, holder).length) found.push(account);
    } catch (e) {
      if (!(e instanceof AccessError) || !['missing', 'refused'].includes(e.kind)) throw e; // of another network
    }
  }
  if (!found.length) throw new Trouble('No account was found with what you hold.', 'Enter the account’s address.');
  return found;
}

/** Opens an account, or adds a signer to the one that is open. @param {Holder} holder @param {Account} account */
export async function openFlow(holder, account) {
  const keys = keysOf(account, holder);
  const address = written(account.address);
  if (!keys.length) throw new Trouble('What you hold may not sign for this account.', `${address} has ${account.keys.length} keys, and this is none of them that is not revoked. Try another passkey or key of yours.`);
  const same = now && equal(now.account.address, account.address);
  const before = same ? state().signers.filter((s) => !keys.some((k) => k.index === s.key.index)) : [];
  const trail = trails.get(address) ?? {};
  trails.set(address, trail);
  now = { account, signers: [...before, ...keys.map((key) => ({ holder, key }))], trail };
  for (const h of holders) {
    if (now.signers.some((s) => s.holder === h)) continue;
    h.forget();
    holders.delete(h);
  }
  everyUnit(false);
  if (trail.held && !same) follow(trail.held = { ...trail.held, unsure: true }); // at this node from now on, whose no says nothing of the one before
  draw();
  show('flow');
  status('Your account is open.');
}

function draw() {
  const { account, signers, trail: { held } } = state();
  const { chain } = access();
  const weight = weigh(signers);
  $('flow-own').textContent = written(account.address);
  $('flow-balance').textContent = inUnits(account.balance, 8);
  $('flow-life').textContent = `Account on ${networkName(chain)}. You sign as ${signers.map((s) => `key ${s.key.index}`).join(', ')}.`;
  $('flow-alone').hidden = weight >= THRESHOLD;
  $('flow-alone-text').textContent = `Its keys must weigh ${THRESHOLD} together to sign, and yours weigh ${weight} so far. Nothing is signed before you have brought another one.`;
  for (const id of ['flow-send-form', 'flow-add-box']) $(id).hidden = weight < THRESHOLD;
  $('flow-send-form').hidden ||= !scripts.transfer[chain];
  $('flow-keys').replaceChildren(...account.keys.map((k) => {
    const mine = signers.some((s) => s.key.index === k.index);
    const line = element('li', `Key ${k.index}${mine ? ', yours' : ''}: ${k.public.slice(0, 12)}…, ${k.revoked ? 'revoked' : `weight ${k.weight} of ${THRESHOLD}`} `);
    if (!k.revoked && !mine && weight >= THRESHOLD) { // so that whoever revokes can sign afterwards
      const button = element('button', 'Revoke', 'small');
      button.setAttribute('type', 'button');
      button.addEventListener('click', () => task('Reading the account…', () => review(deeds.revoke(scripts, k.index))));
      line.append(button);
    }
    return line;
  }));
  $('flow-held').hidden = !held;
  if (held) $('flow-held-text').textContent = `Your ${held.noun} is signed and may be on its way. Until the chain has answered, nothing else is signed, so that nothing happens twice.`;
}

/** What the node says of the account, anew; a failure is said once. */
async function refresh() {
  try {
    const account = await access().account(state().account.address);
    if (now && equal(now.account.address, account.address)) now.account = account;
    return true;
  } catch (e) {
    if (!(e instanceof AccessError)) throw e;
    status('The access node does not tell the balance at the moment.');
    return false;
  } finally {
    if (now) draw();
  }
}

on('flow-more', 'click', () => {
  if (busy()) return;
  input('address').value = written(state().account.address);
  show('who');
  status('Bring another passkey or key of the same account.');
});

// What it shall do.

/** @param {boolean} yes */
function everyUnit(yes) {
  everything = yes;
  $('flow-all').setAttribute('aria-pressed', String(yes));
  input('flow-amount').disabled = yes;
  input('flow-amount').placeholder = yes ? 'all there is' : '0.1';
  if (yes) input('flow-amount').value = '';
  fieldError('flow-amount');
}
$('flow-all').addEventListener('click', () => !busy() && everyUnit(!everything));

on('flow-send-form', 'submit', () => {
  if (busy()) return;
  const { account } = state();
  const amount = everything ? 0n : field('flow-amount', (t) => parseUnits(t, 8));
  const to = field('flow-to', (t) => {
    const a = parseFlow(t, access().chain);
    if (equal(a, account.address)) throw new Error('That is this account itself.');
    return a;
  });
  if (amount === undefined || !to) return;
  task('Reading the account…', async () => {
    const node = access();
    const [has] = await Promise.all([
      node.units(scripts.available, { type: 'Address', value: written(account.address) }),
      node.account(to).catch((e) => {
        throw e instanceof AccessError && (e.kind === 'missing' || e.kind === 'refused') ? new Trouble('There is no account at this address.', `Check ${written(to)}. Nothing was signed.`, e.cause) : e;
      })]);
    const most = has - BigInt(scripts.reserve);
    if (most <= 0n || amount > most) throw new Trouble('The account does not hold that much.', `It can send ${inUnits(most > 0n ? most : 0n, 8)} FLOW: ${inUnits(BigInt(scripts.reserve), 8)} stay for the fee, and what its storage needs.`);
    await review(deeds.transfer(scripts, node.chain, to, amount || most));
  });
});

$('new-kind').replaceChildren(...kinds.map(([value, label]) => {
  const o = /** @type {HTMLOptionElement} */ (element('option', label));
  o.value = value;
  return o;
}));

/** @param {string} publicKey @param {string} kind @param {string} [secret] */
function offered(publicKey, kind, secret = '') {
  input('new-key').value = publicKey;
  input('new-kind').value = kind;
  $('new-secret').textContent = secret;
  $('new-secret-box').hidden = !secret;
  fieldError('new-key');
}

on('new-make', 'click', () => {
  if (busy()) return;
  const { publicKey, kind, secret } = freshKey();
  offered(publicKey, kind, secret);
  status('Write the private key down: it is the only way to sign with what you add.');
});

on('new-passkey', 'click', () => task(asked, async (signal) => {
  const { publicKey, kind } = await makePasskey(session().rpId ?? location.hostname, `Flow ${written(state().account.address)}`, signal);
  offered(publicKey, kind);
  status('The passkey is made. It is a key of your account once you have added it.');
}, { ceremony: true }));

on('new-form', 'submit', () => {
  if (busy()) return;
  const kind = kindOf(input('new-kind').value);
  const publicKey = field('new-key', (t) => {
    const p = parsePublic(t, kind.curve);
    if (state().account.keys.some((k) => k.public === p && !k.revoked)) throw new Error('That is a key of your account already.');
    return p;
  });
  const weight = field('new-weight', parseWeight);
  if (publicKey && weight) task('Reading the account…', () => review(deeds.add(scripts, { ...kind, public: publicKey, weight })));
});

// Before it is signed.

/** @param {import('./flowaccount.js').Deed} deed */
async function review(deed) {
  const s = state();
  const node = access();
  const { held, refused } = s.trail;
  if (held) throw new Trouble(`Your ${held.noun} is still on its way.`, 'Wait for its receipt, or send the same transaction again, which can happen only once.');
  const account = await node.account(s.account.address);
  const signers = enough(s.signers);
  const t = await prepared(node, account, signers, deed);
  const said = await told(t, scripts, node.chain);
  // By the same key and with the same sequence number only one of the two can run.
  const apart = refused && (refused.t.key !== t.key || t.sequence !== refused.t.sequence);
  const cautions = [...said.cautions,
    ...($('new-secret').textContent && deed.script === scripts.add ? ['Have you written down its private key? This page forgets it.'] : []),
    ...(apart ? [`The node said no to your ${refused.noun}, and ${refused.t.key === t.key ? 'since then the account has done something' : 'now another key begins'}: both could happen. Look whether that one has, ${refused.id}, and give it ten minutes, before you sign again.`] : [])];
  pending = { t, said, signers, given: [] };
  $('flow-review-title').textContent = said.title;
  rows('flow-review-rows', [...said.rows, ['Account', written(t.account), 'code'], ['Network fee', 'Paid by the account'], ['On', networkName(node.chain)],
    ['Signed by', signers.map((g) => `${g.holder.words} (key ${g.key.index})`).join(', then ')]]);
  rows('flow-review-details', [
    ['Its key, and the key’s sequence number', `${t.key}, ${t.sequence}`], ['Reference block', digits(t.block), 'code'], ['Most computation', String(t.gas)],
    ['Script', new TextDecoder().decode(t.script), 'code pre'], ...t.args.map((a, i) => /** @type {[string, string, string]} */ ([`Argument ${i + 1}`, new TextDecoder().decode(a), 'code'])),
    ['As a passkey’s challenge', digits(await sha256(message(t))), 'code'],
  ]);
  $('flow-cautions').replaceChildren(...cautions.map((text) => element('li', text)));
  $('flow-cautions').hidden = !cautions.length;
  label();
  show('flow-review');
  status();
}

/** Who signs next. @param {Pending} p @returns {Signer | undefined} */
const next = (p) => p.signers[p.given.length];

function label() {
  const p = /** @type {Pending} */ (pending);
  const [one, ...later] = p.signers.slice(p.given.length);
  const which = p.signers.length > 1 ? ` (${p.given.length + 1} of ${p.signers.length})` : '';
  $('flow-sign').textContent = p.held || !one ? 'Send again' : one.holder.prompts ? `Sign with your passkey${which}` : later.some((s) => s.holder.prompts) ? `Sign${which}` : 'Sign and send';
}

on('flow-sign', 'click', () => {
  const p = pending;
  if (!p) return;
  const { held } = p;
  if (held) return void task('Sending again…', () => hand(held));
  const prompts = next(p)?.holder.prompts === true;
  task(prompts ? asked : 'Signing…', async (signal) => {
    for (let s = next(p); s; s = next(p)) {
      p.given.push(await sign(p.t, s, signal));
      if (next(p)?.holder.prompts) { // a prompt must belong to a click of its own
        label();
        return status(`${p.given.length} of ${p.signers.length} signatures. Now ${next(p)?.holder.words}.`);
      }
    }
    answered('Sending…');
    p.held = { t: p.t, ...complete(p.t, p.given), noun: p.said.noun, done: p.said.done };
    await hand(p.held);
  }, { ceremony: prompts });
});

on('flow-review-back', 'click', () => {
  if (busy()) return;
  pending = undefined;
  flowAccount();
});

on('flow-held-again', 'click', () => {
  const { held } = state().trail;
  if (held) task('Sending again…', () => hand(held));
});

// On its way.

/** @param {Held} held */
async function hand(held) {
  const { trail } = state();
  trail.held = held;
  try {
    await access().send(held);
  } catch (e) {
    const said = /** @type {any} */ (e);
    if (said.kind === 'refused' && !held.unsure) {
      Object.assign(trail, { held: undefined, refused: held });
      if (pending?.held === held) pending.held = undefined;
      if (pending) label();
      throw e;
    }
    held.unsure = true;
    if (pending) label();
    follow(held);
    throw new Trouble(said.message, 'It may be on its way all the same. “Send again” sends the same transaction, which can happen only once.', said.cause);
  } finally {
    if (now) draw();
  }
  trail.refused = undefined;
  pending = undefined;
  receipt(held);
  follow(held);
}

/** Its last screen: waiting, or what became of it. @param {Held} held @param {import('./access.js').Result} [r] */
function receipt(held, r) {
  done = held;
  const expired = r?.status === 'Expired';
  $('flow-done-step').textContent = r ? 'Receipt' : 'Signed and sent';
  $('flow-done-title').textContent = !r ? 'Waiting for the chain' : expired ? 'The transaction has expired' : r.failure ? 'The transaction did nothing' : held.done;
  rows('flow-done-rows', [
    ...(expired ? /** @type {[string, string][]} */ ([['Why', 'It was in no block in time, and can be in none any more. Review again.']]) : []),
    ...(r?.failure ? /** @type {[string, string][]} */ ([['Why', r.failure]]) : []),
    ['Transaction', held.id, 'code'], ...(r?.block ? /** @type {[string, string, string][]} */ ([['Block', r.block, 'code']]) : []),
    ...(r ? /** @type {[string, string, string][]} */ ([['As this node says', new URL(access().base).host, 'code']]) : []),
  ]);
  show('flow-done');
  if (r) status(r.failure || expired ? `The ${held.noun} did not happen.` : `The ${held.noun} is sealed.`);
  else status('Waiting for the seal…', true);
}

/** @type {WeakSet<Held>} */ const following = new WeakSet();

/** Waits for the seal beside whatever the person does next, as long as the account is open. @param {Held} held */
async function follow(held) {
  if (following.has(held)) return;
  following.add(held);
  const open = () => now?.trail.held === held;
  const started = Date.now();
  /** @type {import('./access.js').Result | undefined} */ let r;
  for (let [pause, unknown] = [300, 0]; open(); pause = Math.min(pause * 1.4, 4000)) {
    let doubt = '';
    try {
      r = await access().result(held.id).catch((e) => {
        if (e instanceof AccessError && e.kind === 'missing') return undefined;
        throw e;
      });
      if ((!r || !r.status || r.status === 'Unknown') && ++unknown % 4 === 0 && await access().expired(held.t.block)) r = { status: 'Expired', failure: '', block: '' };
    } catch (e) {
      if (!(e instanceof AccessError)) throw e;
      doubt = String(/** @type {any} */ (e.cause).message);
    }
    if (r?.status === 'Sealed' || r?.status === 'Expired') break;
    const seconds = Math.round((Date.now() - started) / 1000);
    if (open() && showing('flow-done') && done === held && seconds >= 10) status(doubt ? `The node gives no usable answer: ${doubt}. Asking again.` : `No seal for ${seconds} seconds. It may still come.`, true);
    await new Promise((f) => setTimeout(f, pause));
  }
  following.delete(held);
  if (!r || !now || !open()) return;
  now.trail.held = undefined;
  if (r.status === 'Expired') now.trail.refused = held; // says a node, which may send it yet
  if ((showing('flow-done') && done === held) || (showing('flow-review') && pending?.held === held && !busy())) {
    pending = undefined;
    receipt(held, r);
  } else if (!busy()) status(r.failure || r.status === 'Expired' ? `The ${held.noun} did not happen.` : `The ${held.noun} is sealed.`);
  await refresh();
}

on('flow-done-back', 'click', () => {
  if (busy()) return;
  for (const id of ['flow-to', 'flow-amount']) input(id).value = '';
  offered('', '1,1');
  everyUnit(false);
  flowAccount();
  task('Asking the node…', async () => {
    if (await refresh()) status();
  });
});
