// @ts-check
/** Sending: form, review in words, signature, receipt. What is signed is paid once, whatever becomes of the answers. */
import { Own, prepare, sign } from './approve.js';
import { confirmed, refresh } from './home.js';
import { handOver, heldFor, overtaken, release } from './outbox.js';
import { receipt } from './receipt.js';
import { state } from './state.js';
import { answered, asked, busy, on, task } from './task.js';
import { $, element, fieldError, input, rows, show, showing, status } from './view.js';
import { Trouble, parseAddress, parseEther, roughly } from './words.js';

/**
 * @typedef {import('./approve.js').Prepared} Prepared
 * @typedef {import('./outbox.js').Held} Held
 */

/** @type {{prepared: Prepared, held?: Held} | undefined} The operation in review. */ let pending;
/** @type {Held | undefined} The operation on the last screen. */ let done;

state.chain = new Own(state.chain.config, state.chain.rpIdHash); // which reads operations of our account

/** What the form says; undefined, with the fields marked, if it says nothing usable. */
function readForm() {
  /** @type {any} */ const out = {};
  for (const [id, parse] of /** @type {const} */ ([['amount', parseEther], ['to', parseAddress]])) {
    try {
      out[id] = parse(input(id).value);
      fieldError(id);
    } catch (e) {
      fieldError(id, /** @type {Error} */ (e).message);
      input(id).focus();
    }
  }
  if (out.to && out.to === state.session?.account.address) {
    fieldError('to', 'That is this account itself.');
    input('to').focus();
    return undefined;
  }
  return 'to' in out && 'amount' in out ? out : undefined;
}

on('send-form', 'submit', () => {
  const wanted = busy() ? undefined : readForm();
  if (wanted) review({ to: wanted.to, value: wanted.amount });
});

/** Puts a call before the person who is to sign it. @param {{to: string, value: bigint, data?: string}} call */
export function review(call) {
  const s = state.session;
  if (!s) return;
  task('Working out the fee…', async () => {
    if (s.account.shared) throw new Trouble('This passkey alone cannot approve for this account.', 'Further signers must approve as well, which this page cannot gather. Use the tool that the account was set up with.');
    const held = heldFor(state.chain, s.account.address);
    if (held) await blocked(held);
    const prepared = await prepare(state.chain, s.account, call);
    if (s !== state.session) return;
    pending = { prepared };
    $('review-title').textContent = prepared.shown.sentence;
    $('sign').textContent = 'Sign with your passkey';
    rows('review-rows', prepared.shown.rows);
    rows('review-details', prepared.shown.details);
    $('cautions').replaceChildren(...prepared.cautions.map((text) => element('li', text)));
    $('cautions').hidden = !prepared.cautions.length;
    show('review');
    status();
  });
}

on('review-back', 'click', () => {
  if (busy()) return;
  const transfer = pending?.prepared.shown.to;
  pending = undefined;
  show('account');
  status();
  showHeld();
  if (transfer) input('amount').focus();
});

on('sign', 'click', () => {
  const s = state.session;
  const p = pending;
  if (!s || !p) return;
  const { held } = p;
  if (held) task('Sending again…', () => deliver(held));
  else {
    task(asked, async (signal) => {
      const op = await sign(state.chain, s.account, s.id, p.prepared, signal);
      confirmed(s);
      p.held = { op, hash: p.prepared.shown.hash, shown: p.prepared.shown };
      answered('Sending…');
      await deliver(p.held);
    }, { ceremony: true });
  }
});

on('held-again', 'click', () => {
  const held = state.session && heldFor(state.chain, state.session.account.address);
  if (held) task('Sending again…', () => deliver(held));
});

/** @param {Held} held */
async function deliver(held) {
  try {
    await handOver(state.chain, held);
  } catch (e) {
    if (held.unsure) {
      $('sign').textContent = 'Send again';
      showHeld();
      follow(held);
    } else if (pending?.held === held) pending.held = undefined;
    throw e;
  }
  if (pending?.held === held) pending = undefined;
  emptyForm(held);
  draw(held);
  follow(held);
}

/** What was asked for is done, if the form asked for it. @param {Held} held */
function emptyForm(held) {
  for (const id of ['to', 'amount']) if (held.shown.to) input(id).value = '';
}

/** Why nothing else can be sent now. @param {Held} held @returns {Promise<never>} */
async function blocked(held) {
  const { noun, to } = held.shown;
  if (await overtaken(state.chain, held)) {
    showHeld();
    throw new Trouble(`Your earlier ${noun} has run or can never run, for the account has gone past it.`, `The server has no receipt of it. ${to ? 'Check with the recipient' : 'See what your account says of it'} before you send again.`);
  }
  showHeld();
  follow(held);
  throw new Trouble(`Your ${noun} is still on its way.`, 'Another one now could pay twice. Wait for its receipt, or send the same operation again, which can happen only once.');
}

/** On the account's screen: what is still on its way. */
function showHeld() {
  const held = state.session && heldFor(state.chain, state.session.account.address);
  $('held').hidden = !held;
  if (held) $('held-text').textContent = `Your ${held.shown.noun}${held.shown.to ? ` to ${held.shown.to}` : ''} is signed and may be on its way. Until the chain has answered, nothing else is sent, so that nothing is paid twice.`;
}

/** Somebody has signed in. */
export function arrive() {
  pending = done = undefined;
  showHeld();
  const held = state.session && heldFor(state.chain, state.session.account.address);
  if (held) follow(held);
}

/** Its last screen: waiting, or the receipt. @param {Held} held */
function draw(held) {
  done = held;
  const { receipt: r, shown, hash } = held;
  $('done-step').textContent = r ? 'Receipt' : 'Signed and sent';
  $('done-title').textContent = !r ? 'Waiting for the chain' : r.success ? shown.done : `The ${shown.to ? 'transfer' : 'operation'} failed`;
  rows('done-rows', [
    ...(r ? /** @type {[string, string, string?][]} */ ([
      ...(shown.to ? [['To', shown.to, 'code']] : []),
      ...(r.success ? [] : [['Why', r.reason || `The ${shown.to ? 'recipient does not accept this transfer' : 'contract refused'}. Only the fee was paid.`]]),
      ['Network fee paid', `${roughly(r.cost)} ETH (${r.gas.toLocaleString('en')} gas)`],
      ['Transaction', r.transaction, 'code'],
      ['Block', String(r.block)],
    ]) : []),
    ['Operation', hash, 'code'],
  ]);
  show('done');
  if (r) status(`The ${shown.noun} ${r.success ? 'is' : 'failed'} on the chain.`);
  else status('Waiting for the receipt…', true);
}

/** @type {WeakMap<Held, object>} by which session each is waited for */ const following = new WeakMap();

/** Waits for the receipt beside whatever the person does next. @param {Held} held */
async function follow(held) {
  const s = state.session;
  if (!s || held.receipt || following.get(held) === s) return;
  following.set(held, s);
  const r = await receipt(state.chain, held.hash, (seconds, doubt) => {
    if (s === state.session && showing('done') && done === held && seconds) {
      if (doubt) status(`The server gave a receipt that does not hold: ${doubt}. Asking again.`, true);
      else if (seconds % 20 === 0) status(`No receipt for ${seconds} seconds. The operation may still come; it is safe to leave this page.`, true);
    }
    return s === state.session && heldFor(state.chain, s.account.address) === held;
  });
  following.delete(held);
  if (!r || s !== state.session) return;
  held.receipt = r;
  release(state.chain, held);
  showHeld();
  refresh();
  if ((showing('done') && done === held) || (showing('review') && pending?.held === held && !busy())) {
    pending = undefined;
    if (showing('review')) emptyForm(held);
    draw(held);
  } else if (!busy()) status(`The ${held.shown.noun} ${r.success ? 'is' : 'failed'} on the chain.`);
}

on('done-back', 'click', () => {
  if (!state.session) return;
  show('account');
  status();
  showHeld();
  refresh();
});
