// @ts-check
/** Any operation of the two pages: prepared, shown in words, signed, sent, and its receipt. Who signs is up to the page. */
import { handOver, heldFor, overtaken, release } from '../outbox.js';
import { assemble } from '../operate.js';
import { sponsor } from '../paymaster.js';
import { receipt } from '../receipt.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, element, rows, show, showing, status } from '../view.js';
import { toHex } from '../bytes.js';
import { Trouble, cautions, roughly } from '../words.js';

/**
 * @typedef {import('../outbox.js').Held} Held
 * @typedef {import('../userop.js').UserOp} UserOp
 * @typedef {{op: UserOp, shown: import('../operate.js').Shown, seal: Seal, passkey: boolean, held?: Held}} Pending
 * @typedef {(shown: import('../operate.js').Shown, signal: AbortSignal) => Promise<Uint8Array>} Seal asks for a signature, checks it and writes it as the account takes it
 * @typedef {{chain: () => import('./chain.js').Kernel, address: () => string | undefined, home: string, arrived: (held: Held) => void}} Page whose account is on view; home: its section; arrived: is told of receipts
 */

/** @type {Page} */ let page;
/** @type {Pending | undefined} */ let pending;
/** @type {Held | undefined} The operation on the last screen. */ let done;

/** What is on its way. */
export const onItsWay = () => {
  const address = page.address();
  return address && heldFor(page.chain(), address);
};

/** Shows that something is on its way, on the page's own section. */
export function traffic() {
  const held = onItsWay();
  $('held').hidden = !held;
  if (held) $('held-text').textContent = `Your ${held.shown.noun} is signed and may be on its way. Until the chain has answered, nothing else is sent, so that nothing happens twice.`;
}

/**
 * Puts an operation before the person who is to sign it.
 * @param {import('../paymaster.js').Sender} sender @param {string} callData @param {bigint} value wei @param {Seal} seal
 * @param {{by: string, passkey: boolean, gasless?: boolean, judge?: (op: UserOp) => string[]}} how by: who signs, in words; judge: doubts about what was put together, or an error
 */
export async function propose(sender, callData, value, seal, { by, passkey, gasless, judge = () => [] }) {
  const chain = page.chain();
  const held = onItsWay();
  if (held) await blocked(held);
  const pays = gasless && chain.paymasterUrl ? sponsor(chain, chain.paymasterUrl) : undefined;
  const [op, gasPrice] = await Promise.all([assemble(chain, sender, callData, value, pays), chain.gasPrice()]);
  const doubts = [...judge(op), ...cautions(op, pays ? 0n : value, gasPrice)];
  if (sender.address !== page.address()) return;
  pending = { op, shown: chain.read(op), seal, passkey };
  const { shown } = pending;
  $('review-title').textContent = shown.sentence;
  $('sign').textContent = passkey ? 'Sign with your passkey' : 'Sign';
  rows('review-rows', [...shown.rows, ['Signed by', by]]);
  rows('review-details', shown.details);
  $('cautions').replaceChildren(...doubts.map((text) => element('li', text)));
  $('cautions').hidden = !doubts.length;
  show('review');
  status();
}

on('sign', 'click', () => {
  const p = pending;
  if (!p) return;
  const { held } = p;
  if (held) task('Sending again…', () => deliver(held));
  else {
    task(p.passkey ? asked : 'Waiting for the signature…', async (signal) => {
      const signature = toHex(await p.seal(p.shown, signal));
      if (signature.length > p.op.signature.length) throw new Trouble('The signature is longer than the fee allows for.', 'Nothing was sent. Try another browser.');
      p.held = { op: { ...p.op, signature }, hash: p.shown.hash, shown: p.shown };
      answered('Sending…');
      await deliver(p.held);
    }, { ceremony: p.passkey });
  }
});

on('review-back', 'click', () => {
  if (busy()) return;
  pending = undefined;
  back();
});

function back() {
  show(page.home);
  traffic();
  status();
}

on('held-again', 'click', () => {
  const held = onItsWay();
  if (held) task('Sending again…', () => deliver(held));
});

on('done-back', 'click', () => back());

/** @param {Held} held */
async function deliver(held) {
  try {
    await handOver(page.chain(), held);
  } catch (e) {
    if (held.unsure) {
      $('sign').textContent = 'Send again';
      follow(held);
    } else if (pending?.held === held) pending.held = undefined;
    throw e;
  } finally {
    traffic();
  }
  if (pending?.held === held) pending = undefined;
  draw(held);
  follow(held);
}

/** Why nothing else can be sent now. @param {Held} held @returns {Promise<never>} */
async function blocked(held) {
  const gone = await overtaken(page.chain(), held);
  traffic();
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
    ...(r ? /** @type {import('../operate.js').Row[]} */ ([
      ...(r.success ? [] : [['Why', r.reason || 'The account or the recipient refused it. Only the fee was paid.']]),
      ['Network fee paid', `${roughly(r.cost)} ETH (${r.gas.toLocaleString('en')} gas)${op.paymaster ? ', by the paymaster' : ''}`],
      ['Account', shown.from, 'code'],
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
  const chain = page.chain();
  const r = await receipt(chain, held.hash, (seconds, doubt) => {
    if (showing('done') && done === held && seconds) {
      if (doubt) status(`The server gave a receipt that does not hold: ${doubt}. Asking again.`, true);
      else if (seconds % 20 === 0) status(`No receipt for ${seconds} seconds. The operation may still come; it is safe to leave this page.`, true);
    }
    return onItsWay() === held;
  });
  following.delete(held);
  if (!r) return;
  held.receipt = r;
  release(chain, held);
  await page.arrived(held);
  traffic();
  if ((showing('done') && done === held) || (showing('review') && pending?.held === held && !busy())) {
    pending = undefined;
    draw(held);
  } else if (!busy()) status(`The ${held.shown.noun} ${r.success ? 'is' : 'failed'} on the chain.`);
}

/** Says whose page this is. @param {Page} p */
export function serve(p) {
  page = p;
}
