// @ts-check
/** Sending: form, review in words, signature, receipt. */
import { toHex } from './bytes.js';
import { refresh } from './home.js';
import { prepare, receipt, send, sign } from './operate.js';
import { RpcError } from './rpc.js';
import { state } from './state.js';
import { answered, asked, busy, on, task } from './task.js';
import { $, fieldError, input, problem, rows, show, showing, status } from './view.js';
import { Trouble, explain, parseAddress, parseEther, roughly } from './words.js';

/**
 * @typedef {import('./operate.js').Prepared} Prepared
 * @typedef {{prepared: Prepared, signed?: import('./userop.js').UserOp}} Pending the operation on view
 */

/** @type {Pending | undefined} */ let pending;

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
  const s = state.session;
  if (!wanted || !s) return;
  task('Working out the fee…', async () => {
    const prepared = await prepare(state.chain, s.account, wanted.to, wanted.amount);
    if (s !== state.session) return;
    pending = { prepared };
    $('review-title').textContent = prepared.shown.sentence;
    $('sign').textContent = 'Sign with your passkey';
    rows('review-rows', prepared.shown.rows);
    rows('review-details', prepared.shown.details);
    show('review');
    status();
  });
});

on('review-back', 'click', () => {
  if (busy()) return;
  pending = undefined;
  show('account');
  status();
  input('amount').focus();
});

on('sign', 'click', () => {
  const s = state.session;
  const p = pending;
  if (!s || !p) return;
  if (p.signed) task('Sending again…', () => deliver(p));
  else {
    task(asked, async (signal) => {
      p.signed = await sign(state.chain, s.account, s.id, p.prepared, signal);
      answered('Sending…');
      await deliver(p);
    }, { ceremony: true });
  }
});

/** Sends what is signed. The same operation may be sent again without harm. @param {Pending} p */
async function deliver(p) {
  const signed = /** @type {import('./userop.js').UserOp} */ (p.signed);
  const opHash = toHex(p.prepared.digest);
  try {
    await send(state.chain, signed);
  } catch (e) {
    const landed = e instanceof RpcError && await state.chain.ask('eth_getUserOperationReceipt', opHash).catch(() => undefined);
    if (!landed) {
      if (!(e instanceof RpcError) || e.kind === 'refused') {
        p.signed = undefined;
        throw e;
      }
      $('sign').textContent = 'Send again';
      throw new Trouble('The server did not confirm that it took the operation.', 'It may have. Sending again sends the very same operation, which can happen only once.', e);
    }
  }
  pending = undefined;
  for (const id of ['to', 'amount']) input(id).value = '';
  $('done-step').textContent = 'Signed and sent';
  $('done-title').textContent = 'Waiting for the chain';
  rows('done-rows', [['Operation', opHash, 'code']]);
  show('done');
  follow(opHash, p.prepared);
}

/** Waits for the receipt beside whatever the person does next. @param {string} opHash @param {import('./operate.js').Prepared} prepared */
async function follow(opHash, prepared) {
  const s = state.session;
  const here = () => s === state.session && showing('done') && $('done-rows').textContent?.includes(opHash);
  status('Waiting for the receipt…', true);
  /** @type {any} */ let r;
  try {
    r = await receipt(state.chain, opHash, (seconds) => {
      if (here() && seconds && seconds % 20 === 0) status(`No receipt for ${seconds} seconds. The operation may still come; it is safe to leave this page.`, true);
      return s === state.session;
    });
  } catch (e) {
    if (here()) {
      status();
      problem(explain(e));
    }
  }
  if (!r || s !== state.session) return;
  refresh();
  const [to, amount] = prepared.shown.rows;
  if (here()) {
    $('done-step').textContent = 'Receipt';
    $('done-title').textContent = r.success ? `${amount[1]} sent` : 'The transfer failed';
    rows('done-rows', [
      ['To', to[1], 'code'],
      ...(r.success ? [] : /** @type {[string, string][]} */ ([['Why', r.reason && r.reason !== '0x' ? r.reason : 'The recipient does not accept this transfer. Only the fee was paid.']])),
      ['Network fee paid', `${roughly(BigInt(r.actualGasCost))} ETH (${BigInt(r.actualGasUsed).toLocaleString('en')} gas)`],
      ['Transaction', r.receipt?.transactionHash ?? '', 'code'],
      ['Block', r.receipt?.blockNumber ? String(BigInt(r.receipt.blockNumber)) : ''],
      ['Operation', opHash, 'code'],
    ]);
    show('done');
  }
  status(`The transfer of ${amount[1]} ${r.success ? 'is' : 'failed'} on the chain.`);
}

on('done-back', 'click', () => {
  if (!state.session) return;
  show('account');
  status();
  refresh();
});
