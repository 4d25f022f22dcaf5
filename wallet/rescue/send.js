// @ts-check
/** The account's own screen: what it holds, and the way out of it. Form, review in words, signature, receipt. */
import { field } from '../page/field.js';
import { assemble } from '../page/operate.js';
import { addressOf, generate } from '../page/secp256k1.js';
import { answered, asked, busy, on, task } from '../page/task.js';
import { $, element, fieldError, input, rows, show, showing, status } from '../page/view.js';
import { concat, equal, fromHex, toHex } from '../page/bytes.js';
import { encodeCall, word } from '../page/abi.js';
import { Trouble, cautions, ether, maxFee, parseAddress, parseEther, roughly } from '../page/words.js';
import { enough, wanting } from './accounts.js';
import { deliver, outcome } from './deliver.js';
import { parseSecret } from './fields.js';
import { key } from './holders.js';
import { Node, inUnits, parseUnits, tokenTransfer } from './node.js';
import { assembleAlone, carry, doubts, most } from './relay.js';
import { session } from './session.js';

/**
 * @typedef {import('./accounts.js').Account} Account
 * @typedef {import('./deliver.js').Held} Held
 * @typedef {import('../page/userop.js').UserOp} UserOp
 * @typedef {{node: Node, op: UserOp, shown: import('../page/operate.js').Shown, steps: {holder: import('./holders.js').Holder, seal: import('./accounts.js').Seal}[], given: Uint8Array[], carrier?: {plan: import('./relay.js').Carrier, payer: import('./holders.js').Holder}, held?: Held}} Pending
 */

/** What is signed and may be on its way, by chain and account, whichever is open: nothing of it is secret. @type {Map<string, Held>} */ const underway = new Map();
/** @type {Pending | undefined} */ let pending;
/** @type {Held | undefined} The operation on the last screen. */ let done;
/** Whether all there is shall go. */ let everything = false;

/** @param {Node} node @param {string} address */
const place = (node, address) => `${node.id} ${address.toLowerCase()}`;

/** Of the account that is open. */
function heldNow() {
  const { node, account } = session();
  return account && underway.get(place(node, account.address));
}

/** Whether an account waits for further signers, or is open. */
export const several = () => session().parts.length > 0;

/** The account that is open, once more. */
export const resume = () => enter(/** @type {Account} */ (session().parts.at(-1)?.account), false);

/** Opens an account, or adds a signer to the one that is open. @param {Account} account @param {boolean} [more] false: there is no other signer than before */
export async function enter(account, more = true) {
  const s = session();
  if (more) {
    const holder = /** @type {import('./holders.js').Holder} */ (s.holder);
    const { share } = account;
    const stay = s.parts.filter((p) => share && p.account.address === account.address && p.account.share && !equal(p.account.share.signer, share.signer));
    for (const p of s.parts) if (!stay.includes(p) && p.holder !== holder) p.holder.forget();
    s.parts = [...stay, { account, holder }];
  } else {
    if (!s.parts.some((p) => p.holder === s.holder)) s.holder?.forget();
    s.holder = s.parts.at(-1)?.holder;
  }
  const missing = wanting(s.parts);
  s.account = account;
  s.node = s.node.for(account);
  pending = done = undefined;
  again();
  $('own').textContent = account.address;
  $('balance').textContent = '…';
  $('life').textContent = `${account.title}. ${account.deployed ? 'On the chain.' : 'Not created yet: its first transfer does that.'}`;
  $('alone').hidden = !missing;
  $('send-form').hidden = missing > 0n;
  $('alone-text').textContent = `Its signers must weigh ${account.share?.threshold} together to sign, and yours lack ${missing}. Nothing is signed before you have brought another one.`;
  $('frozen').textContent = account.until ?? '';
  $('frozen').hidden = !account.until;
  const { bundlerUrl } = s.node.place;
  $('bundler-option').hidden = !bundlerUrl;
  $('ways').hidden = !bundlerUrl;
  input(bundlerUrl ? 'way-bundler' : 'way-key').checked = true;
  $('payer-hint').textContent = s.holder?.address
    ? 'Leave it empty to pay with the key that you have entered, or enter that of any ordinary address which holds a little ether on this chain.'
    : 'Of any ordinary address that holds a little ether on this chain. It gets no power over the account.';
  payer();
  way();
  all(false);
  show('account');
  traffic();
  if (await refresh()) status('Your account is open.');
}

/** What the account has under way is asked for at the node that is open now, and at no other. */
function again() {
  const { node } = session();
  const before = heldNow();
  if (!before) return;
  const bundlerUrl = before.tx ? undefined : node.place.bundlerUrl ?? before.node.place.bundlerUrl;
  const held = { ...before, receipt: undefined, unsure: true, node: new Node({ ...node.place, bundlerUrl }, node.id, node.account, node.tokens) };
  underway.set(place(node, held.op.sender), held);
  follow(held);
}

on('more', 'click', () => {
  if (busy()) return;
  input('address').value = /** @type {Account} */ (session().account).address;
  show('who');
  status('Bring another passkey or key of the same account.');
});

/** Balances from the node; a failure is said once. */
async function refresh() {
  const s = session();
  const { account, node } = s;
  if (!account) return false;
  try {
    const [balance] = await Promise.all([node.balance(account.address), ...node.tokens.map(async (t) => s.balances.set(t.address, word(await node.call(t.address, encodeCall('balanceOf(address)', account.address)))))]);
    if (account !== session().account) return false;
    s.balance = balance;
    $('balance').textContent = ether(balance).length > 14 ? roughly(balance) : ether(balance);
    $('balance').title = `${ether(balance)} ETH`;
    $('tokens').replaceChildren(...node.tokens.map((t) => element('li', `${inUnits(s.balances.get(t.address) ?? 0n, t.decimals)} ${t.symbol}`)));
  } catch {
    if (account !== session().account) return false;
    $('balance').textContent = '?';
    status('The node does not tell the balance at the moment.');
    return false;
  } finally {
    if (account === session().account) choices();
  }
  return true;
}

/** What can be sent: ether, and tokens that were looked at. */
function choices() {
  const { node } = session();
  const what = /** @type {HTMLSelectElement} */ ($('what'));
  const before = what.value;
  what.replaceChildren(...[['', 'ETH'], ...node.tokens.map((t) => [t.address, t.symbol])].map(([value, label]) => {
    const o = /** @type {HTMLOptionElement} */ (element('option', label));
    o.value = value;
    return o;
  }));
  if (node.tokens.some((t) => t.address === before)) what.value = before;
  $('what-box').hidden = !node.tokens.length;
  unit();
}

/** The token that is chosen; undefined: ether. */
const chosen = () => session().node.tokens.find((t) => t.address === /** @type {HTMLSelectElement} */ ($('what')).value);

function unit() {
  $('amount-label').textContent = `Amount in ${chosen()?.symbol ?? 'ETH'}`;
}

$('what').addEventListener('change', () => {
  all(false);
  unit();
});

on('token-form', 'submit', () => {
  const address = busy() ? undefined : field('token', parseAddress);
  if (!address) return;
  task('Asking the node…', async () => {
    const s = session();
    try {
      const t = await s.node.token(address, /** @type {Account} */ (s.account).address);
      s.balances.set(t.address, t.balance);
    } catch (e) {
      if (/** @type {any} */ (e)?.kind === 'network' || /** @type {any} */ (e)?.kind === 'timeout') throw e;
      return fieldError('token', 'There is no token at this address on this chain.');
    }
    input('token').value = '';
    if (await refresh()) status('The token is in the list.');
  });
});

/** @param {boolean} yes */
function all(yes) {
  everything = yes;
  $('all').setAttribute('aria-pressed', String(yes));
  input('amount').disabled = yes;
  if (yes) {
    input('amount').value = '';
    fieldError('amount');
  }
  input('amount').placeholder = yes ? 'all there is' : '0.1';
}

$('all').addEventListener('click', () => !busy() && all(!everything));

function way() {
  $('payer-box').hidden = !input('way-key').checked;
}

/** Whose address the typed key is, so that it can be given ether. */
function payer() {
  const box = $('payer-address');
  try {
    const secret = parseSecret(input('payer').value);
    const address = addressOf(secret);
    secret.fill(0);
    box.replaceChildren('Its address is ', element('code', address), '.');
    box.hidden = false;
  } catch {
    box.hidden = true;
  }
}
$('payer').addEventListener('input', () => {
  input('payer').type = 'password';
  payer();
});

on('payer-make', 'click', () => {
  if (busy()) return;
  const secret = generate();
  input('payer').type = 'text'; // to be written down: what is left over stays with it
  input('payer').value = toHex(secret);
  secret.fill(0);
  fieldError('payer');
  payer();
  status('Write the key down, and send a little ether to its address.');
});

for (const id of ['way-key', 'way-bundler']) $(id).addEventListener('change', way);

/** What the form says; undefined, with the fields marked, if it says nothing usable. */
function read() {
  const s = session();
  const token = chosen();
  const own = s.holder?.address;
  /** @type {Uint8Array | 'own' | 'none' | undefined} 'own': the holder's key pays; 'none': the account does */
  const secret = input('way-key').checked ? field('payer', (t) => (own && !t.trim() ? 'own' : parseSecret(t))) : 'none';
  /** @type {bigint | 'all' | undefined} */
  const amount = everything ? (token ? s.balances.get(token.address) ?? 0n : 'all') : field('amount', (t) => (token ? parseUnits(t, token.decimals) : parseEther(t)));
  const to = field('to', (t) => {
    const a = parseAddress(t);
    if (a === s.account?.address) throw new Error('That is this account itself.');
    return a;
  });
  if (!secret || amount === undefined || !to) return undefined;
  if (amount === 0n) return void fieldError('amount', `The account has no ${token?.symbol ?? 'ETH'}.`);
  if (token && amount !== 'all' && amount > (s.balances.get(token.address) ?? 0n)) return void fieldError('amount', `The account has ${inUnits(s.balances.get(token.address) ?? 0n, token.decimals)} ${token.symbol}.`);
  return { to, amount, token, secret };
}

on('send-form', 'submit', () => {
  const wanted = busy() ? undefined : read();
  if (wanted) task('Working out the fee…', () => review(wanted));
});

/** @param {NonNullable<ReturnType<typeof read>>} wanted */
async function review({ to, amount, token, secret }) {
  const s = session();
  const account = /** @type {Account} */ (s.account);
  const holder = /** @type {import('./holders.js').Holder} */ (s.holder);
  const held = heldNow();
  if (held) throw new Trouble(`Your ${held.shown.noun} is still on its way.`, 'Wait for its receipt, or send the same operation again, which can happen only once.');
  const alone = secret !== 'none';
  const node = alone ? new Node({ ...s.node.place, bundlerUrl: undefined }, s.node.id, account, s.node.tokens) : s.node.for(account);
  const balance = await node.balance(account.address);
  const callOf = (/** @type {bigint} */ value) => account.execute(token ? { to: token.address, value: 0n, data: tokenTransfer(to, value) } : { to, value, data: '0x' });
  const parts = enough(s.parts);
  const approvals = await Promise.all(parts.map((p) => p.account.approval(node, p.holder)));
  const sender = { address: account.address, stub: toHex(concat(...approvals.map((a) => fromHex(a.stub)))), factory: account.factory, factoryData: account.factoryData, nonceKey: account.nonceKey, unseen: account.unseen };
  /** @type {UserOp} */ let op;
  /** @type {Pending['carrier']} */ let carrier;
  if (alone) {
    const value = amount === 'all' ? balance : amount;
    if (!value) throw new Trouble('The account holds no ether.', 'Look at its tokens, or check that the node is of the right chain.');
    const payer = secret === 'own' ? holder : key(secret);
    const from = /** @type {string} */ (payer.address);
    const plan = await assembleAlone(node, sender, callOf(value), token ? 0n : value, from, to).catch((e) => {
      if (payer !== holder) payer.forget();
      throw e;
    });
    op = plan.op;
    carrier = { plan: plan.carrier, payer };
    node.payer = { from, most: most(plan.carrier) };
  } else if (amount === 'all') {
    op = await emptied(node, sender, callOf, balance);
  } else op = await assemble(node, sender, callOf(amount), token ? 0n : amount);
  const gasPrice = alone ? undefined : await node.gasPrice();
  const shown = node.read(op);
  const value = token ? 0n : shown.value;
  const odd = carrier ? doubts(carrier.plan, value) : cautions(op, value, gasPrice);
  pending = { node, op, shown, steps: parts.map(({ holder }, i) => ({ holder, seal: approvals[i].seal })), given: [], carrier };
  $('review-title').textContent = shown.sentence;
  label();
  rows('review-rows', [...shown.rows, ['Signed by', parts.map((p) => p.holder.words).join(', then ')], ...(account.until ? /** @type {[string, string][]} */ ([['But', account.until]]) : [])]);
  rows('review-details', shown.details);
  $('cautions').replaceChildren(...odd.map((text) => element('li', text)));
  $('cautions').hidden = !odd.length;
  show('review');
  status();
}

/** Everything but the fee that a bundler may take. @param {Node} node @param {import('../page/paymaster.js').Sender} sender @param {(value: bigint) => string} callOf @param {bigint} balance */
async function emptied(node, sender, callOf, balance) {
  const op = await assemble(node, sender, callOf(1n), 1n);
  op.preVerificationGas += 600n; // the whole amount has more digits than the one that was estimated with
  const deposit = word(await node.call(node.entryPoint.address, encodeCall('balanceOf(address)', sender.address)));
  const fee = maxFee(op) > deposit ? maxFee(op) - deposit : 0n;
  if (balance <= fee) throw new Trouble('The fee would take all that the account holds.', `It has ${ether(balance)} ETH, and the fee may be ${ether(fee)} ETH. Have a key pay it instead.`);
  return { ...op, callData: callOf(balance - fee) };
}

/** Who signs next. @param {Pending} p @returns {Pending['steps'][number] | undefined} */
const next = (p) => p.steps[p.given.length];

function label() {
  const p = /** @type {Pending} */ (pending);
  const [one, ...later] = p.steps.slice(p.given.length);
  const which = p.steps.length > 1 ? ` (${p.given.length + 1} of ${p.steps.length})` : '';
  $('sign').textContent = one?.holder.prompts ? `Sign with your passkey${which}` : later.some((s) => s.holder.prompts) ? `Sign${which}` : 'Sign and send';
}

on('sign', 'click', () => {
  const p = pending;
  if (!p) return;
  const { held } = p;
  if (held) task('Sending again…', () => hand(held));
  else {
    const prompts = next(p)?.holder.prompts === true;
    task(prompts ? asked : 'Signing…', async (signal) => {
      for (let s = next(p); s; s = next(p)) {
        p.given.push(await s.seal(p.shown.digest, signal));
        if (next(p)?.holder.prompts) { // a prompt must belong to a click of its own
          label();
          return status(`${p.given.length} of ${p.steps.length} signatures. Now ${next(p)?.holder.words}.`);
        }
      }
      const signature = toHex(concat(...p.given));
      p.given = []; // if it is not sent, it is signed anew
      label();
      if (signature.length > p.op.signature.length) throw new Trouble('The signature is longer than the fee allows for.', 'Nothing was sent. Try another browser.');
      answered('Sending…');
      const op = { ...p.op, signature };
      const tx = p.carrier && await carry(p.node, op, p.carrier.plan, p.carrier.payer);
      p.held = { op, hash: p.shown.hash, shown: p.shown, node: p.node, tx };
      await hand(p.held);
    }, { ceremony: prompts });
  }
});

/** Writes over the key that was to pay, unless it is the account's own. */
function forgetPayer() {
  const { carrier } = pending ?? {};
  if (carrier && carrier.payer !== session().holder) carrier.payer.forget();
}

/** The key that paid is not needed any more. */
function paid() {
  forgetPayer();
  input('payer').value = '';
  payer();
}

/** What waits for a signature is not sent. */
export function drop() {
  forgetPayer();
  pending = undefined;
}

on('review-back', 'click', () => {
  if (busy()) return;
  drop();
  show('account');
  traffic();
  status();
});

on('held-again', 'click', () => {
  const held = heldNow();
  if (held) task('Sending again…', () => hand(held));
});

/** @param {Held} held */
async function hand(held) {
  underway.set(place(held.node, held.op.sender), held);
  try {
    await deliver(held);
  } catch (e) {
    if (held.unsure) {
      $('sign').textContent = 'Send again';
      paid();
      follow(held);
    } else {
      underway.delete(place(held.node, held.op.sender));
      if (pending?.held === held) pending.held = undefined;
    }
    throw e;
  } finally {
    traffic();
  }
  paid();
  pending = undefined;
  draw(held);
  follow(held);
}

/** On the account's screen: what is still on its way. */
function traffic() {
  const held = heldNow();
  $('held').hidden = !held;
  if (held) $('held-text').textContent = `Your ${held.shown.noun} to ${held.shown.to} is signed and may be on its way. Until the chain has answered, nothing else is sent, so that nothing is paid twice.`;
}

/** Its last screen: waiting, or the receipt. @param {Held} held */
function draw(held) {
  done = held;
  const { receipt: r, shown, hash } = held;
  $('done-step').textContent = r ? 'Receipt' : 'Signed and sent';
  $('done-title').textContent = !r ? 'Waiting for the chain' : r.success ? shown.done : 'The transfer failed';
  rows('done-rows', [
    ...(r ? /** @type {[string, string, string?][]} */ ([
      ['To', shown.to, 'code'],
      ...(r.success ? [] : [['Why', r.reason || 'The recipient does not accept this transfer. Only the fee was paid.']]),
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

/** @type {WeakSet<Held>} */ const following = new WeakSet();

/** Waits for the receipt beside whatever the person does next, as long as the account is open. @param {Held} held */
async function follow(held) {
  if (held.receipt || following.has(held)) return;
  following.add(held);
  const r = await outcome(held, (seconds, doubt) => {
    if (showing('done') && done === held && seconds) {
      if (doubt) status(`There is a receipt that does not hold: ${doubt}. Asking again.`, true);
      else if (seconds % 20 === 0) status(`No receipt for ${seconds} seconds. It may still come.`, true);
    }
    return heldNow() === held;
  }).catch(() => undefined);
  following.delete(held);
  if (!r || heldNow() !== held) return;
  underway.delete(place(held.node, held.op.sender));
  const s = session();
  if (s.account) s.account.deployed = true;
  traffic();
  if ((showing('done') && done === held) || (showing('review') && pending?.held === held && !busy())) {
    pending = undefined;
    draw(held);
  } else if (!busy()) status(`The ${held.shown.noun} ${r.success ? 'is' : 'failed'} on the chain.`);
  await refresh();
}

on('done-back', 'click', () => {
  show('account');
  status();
  traffic();
  for (const id of ['to', 'amount']) input(id).value = '';
  all(false);
  task('Asking the node…', async () => {
    if (await refresh()) status();
  });
});
