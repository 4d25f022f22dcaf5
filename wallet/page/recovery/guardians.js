// @ts-check
/** An account's guardians: who they are, what they have proposed, and what its owner does about it. */
import { encodeExecute, signerBytes, signersOf } from '../account.js';
import { verify } from '../assertion.js';
import { toHex } from '../bytes.js';
import { get } from '../ceremony.js';
import { onItsWay, propose as review, serve, traffic } from '../grant/operation.js';
import { applySetup, cancel, cancelSetup, configHash, execute, install, schedule } from '../guardians.js';
import { nameOf, setupWords, when } from '../guardianwords.js';
import { checked } from '../operate.js';
import { hinter, hintsLength, pathOf } from '../path.js';
import { on, task } from '../task.js';
import { seal, stub } from '../userop.js';
import { $, element, show, showing, status } from '../view.js';
import { Trouble } from '../words.js';
import { useless } from './behind.js';
import { draw as drawDrills } from './drills.js';
import { named } from './names.js';
import { begin } from './request.js';
import { canSend, hasWallet, send, sendByWallet } from './sender.js';
import { session } from './session.js';
import { draw as drawForm, edited } from './setupform.js';

/** @typedef {import('./chain.js').State} State @typedef {import('./chain.js').Proposal} Proposal */

const WEEK = 7 * 86_400;

/** @type {State | undefined} */ let now;
/** @type {Uint8Array[]} */ let signers = [];

/** Opens the guardians of an account. @param {string} account */
export async function enter(account) {
  const chain = session.chain;
  const [state, list] = await Promise.all([chain.standing(account), signersOf(chain.call, account).catch(() => undefined)]);
  if (!list) throw new Trouble('Guardians are for Postern’s own accounts.', 'This account is of another kind. Its audit says what helps there.');
  session.address = account;
  [now, signers] = [state, list];
  drawForm(state.setup.tiers.length ? state.setup : undefined, account, signers);
  draw();
  await drawDrills(state);
  show('guardians');
  status();
  traffic();
}

/** Asks the chain again and draws what changed; the form stays as it is. */
export async function refresh() {
  const account = session.address;
  if (!account || !session.chain.module) return;
  const state = await session.chain.standing(account);
  if (account !== session.address) return;
  now = state;
  draw();
  await drawDrills(state);
}

const own = () => (session.own && session.own.account.address === session.address ? session.own : undefined);

/** How long it is until then. @param {number} seconds */
export function left(seconds) {
  if (seconds <= 0) return 'now';
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3600), Math.ceil((seconds % 3600) / 60)];
  if (days >= 2) return `in ${days} days`;
  if (days) return hours ? `in 1 day and ${hours} hour${hours === 1 ? '' : 's'}` : 'in 1 day';
  return hours ? `in ${hours} hour${hours === 1 ? '' : 's'}` : `in ${minutes} minute${minutes === 1 ? '' : 's'}`;
}

function draw() {
  const s = /** @type {State} */ (now);
  const account = /** @type {string} */ (session.address);
  const mine = own();
  const guarded = s.setup.tiers.length > 0;
  $('guardians-address').textContent = account;
  $('no-setup').hidden = guarded;
  $('setup-words').hidden = !guarded;
  $('setup-words').replaceChildren(...(guarded ? setupWords(s.setup) : []).map((w) => element('li', named(w, everybody(s.setup)))));
  $('not-own').hidden = !!mine;
  $('not-own').textContent = guarded ? 'You are looking on. To change guardians, or to stop a recovery, open the account with its passkey.' : 'You are looking on. To choose guardians, open the account with its passkey.';
  $('setup-form').hidden = !mine;
  $('setup-title').textContent = guarded ? 'Change the guardians' : 'Choose guardians';
  $('leave').hidden = !guarded || !mine;
  const frozen = s.frozenUntil > s.now;
  $('frozen').hidden = !frozen;
  $('frozen').textContent = frozen ? `Guardians have frozen this account. It can do nothing until ${when(s.frozenUntil)} (${left(s.frozenUntil - s.now)}). Recovery goes on.` : '';
  $('act-box').hidden = !guarded;
  $('ask-freeze').hidden = !s.setup.freeze || frozen;
  $('ask-unfreeze').hidden = !frozen;
  $('proposals').replaceChildren(...s.proposals.filter((p) => p.expiresAt > s.now).map((p) => drawProposal(p, s)));
  const stops = !!mine && s.proposals.some((p) => p.expiresAt > s.now);
  if ($('stop-box').hidden && frozen) /** @type {HTMLDetailsElement} */ ($('stop-box')).open = true; // the only way that is left
  $('stop-box').hidden = !stops;
  drawPending(s);
}

/** @param {Proposal} p @param {State} s */
function drawProposal(p, s) {
  const box = element('div', '', 'card proposal');
  const waiting = p.readyAt > s.now;
  const recovery = p.recovery;
  box.append(
    element('h2', waiting ? `A recovery is under way: it can be carried out ${left(p.readyAt - s.now)}` : 'A recovery is ready to be carried out'),
    element('p', `From ${when(p.readyAt)} until ${when(p.expiresAt)}, by anyone.`, 'hint'));
  const list = element('ul', '', 'words');
  if (recovery) {
    list.append(element('li', `${sentence(nameOf(recovery.newSigner))} takes the place of ${recovery.replaces.map(nameOf).join(', ')}.`), element('li', `Proposed by the guardians of tier ${p.tier + 1}.`));
  } else list.append(element('li', 'This node does not tell what was proposed. Look at it through another one before you trust it.'));
  box.append(list);
  const mine = own();
  if (waiting && mine) box.append(element('p', `Did you not ask for this? Stop it now. ${s.frozenUntil > s.now ? 'While the account is frozen your signature does it, which anybody may send' : 'It takes one operation of your account'}, and everything that guardians have signed so far is void.`));
  const row = element('div', '', 'row');
  const button = (/** @type {string} */ id, /** @type {string} */ text, /** @type {string} */ kind, /** @type {() => void} */ f) => {
    const b = element('button', text, kind);
    b.id = `${id}-${p.tier}`;
    b.setAttribute('type', 'button');
    b.addEventListener('click', f);
    row.append(b);
  };
  if (mine && s.frozenUntil <= s.now) button('stop', 'Stop it', 'danger', stop);
  if (!waiting && recovery) {
    if (canSend(session.chain)) button('execute', 'Carry it out', 'primary', () => anyone((to) => send(session.chain, to, execute(recovery))));
    if (hasWallet()) button('execute-wallet', 'Carry it out with a connected wallet', '', () => anyone((to) => sendByWallet(session.chain, to, execute(recovery))));
  }
  button('object', 'Ask guardians to stop it', 'small', () => task('Reading the account…', async () => {
    const at = await session.chain.standing(/** @type {string} */ (session.address));
    await begin(at, { kind: 'cancel', account: /** @type {string} */ (session.address), tier: p.tier, by: p.tier, nonce: at.nonces[p.tier], configHash: configOf(at) });
  }));
  box.append(row);
  return box;
}

/** @param {State} s */
function drawPending(s) {
  const p = s.pending && s.pending.expiresAt > s.now ? s.pending : undefined;
  $('pending').hidden = !p;
  if (!p) return;
  const ready = p.readyAt <= s.now;
  $('pending-when').textContent = ready ? `It can be put into force until ${when(p.expiresAt)}, by anyone.` : `It can be put into force ${left(p.readyAt - s.now)}, from ${when(p.readyAt)} on.`;
  $('pending-words').replaceChildren(...(p.setup.tiers.length ? setupWords(p.setup) : ['Nobody guards the account any more.']).map((w) => element('li', named(w, everybody(p.setup)))));
  $('apply').hidden = !ready || !(canSend(session.chain) || hasWallet());
  $('cancel-setup').hidden = !own();
}

/** @param {import('../guardians.js').Setup} s */
const everybody = (s) => s.tiers.flatMap((t) => t.guardians.map((g) => g.signer));

/** @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Sends what anyone may send, and looks again. @param {(to: string) => Promise<string>} by */
function anyone(by) {
  task('Sending…', async () => {
    await by(/** @type {string} */ (session.chain.module));
    await refresh();
    status('It is done.');
  });
}

on('apply', 'click', () => anyone((to) => (canSend(session.chain) ? send : sendByWallet)(session.chain, to, applySetup(/** @type {string} */ (session.address)))));

/** Puts an operation of the account before its owner. @param {string} to @param {Uint8Array} data */
async function operate(to, data) {
  const mine = own();
  const chain = session.chain;
  if (!mine) throw new Trouble('This page does not know your passkey yet.', 'Go back and open the account with it.');
  const { account, id } = mine;
  if (account.shared) throw new Trouble('This passkey alone cannot approve for this account.', 'Further signers must approve as well, which this page cannot gather. “postern guardian” on the command line can: with --key for each key that is there, and --with for signers elsewhere.');
  const path = pathOf(chain, account);
  const hinting = path.then(hinter);
  const stubbed = hinting.then(async (hint) => toHex(stub(account.signer, location.origin, hint ? hintsLength(await path) : 0)));
  await review({ ...account, stub: stubbed }, encodeExecute(to, 0n, toHex(data)), 0n, async (shown, signal) => {
    const got = await get({ rpId: chain.config.rpId, challenge: shown.digest, allow: [id], signal });
    const assertion = checked(chain, got, shown.digest);
    if (!await verify(assertion, account.signer)) throw new Trouble('The signature is not by this account’s key.', 'Nothing was sent. Open the account again with the right passkey.');
    return seal(account.signer, assertion, await (await hinting)?.(assertion, account.signer));
  }, { by: nameOf(signerBytes(account.signer)), passkey: true });
}

const module = () => /** @type {string} */ (session.chain.module);
const work = 'Working out the fee…';

function stop() {
  task(work, () => operate(module(), cancel()).catch((e) => {
    /** @type {HTMLDetailsElement} */ ($('stop-box')).open = true; // what does not take the account's money
    throw e;
  }));
}
on('cancel-setup', 'click', () => task(work, () => operate(module(), cancelSetup())));
on('leave', 'click', () => task(work, () => operate(module(), schedule({ expiry: 0, changeDelay: 0, freeze: 0, tiers: [] }))));

on('setup-form', 'submit', () => {
  const s = edited();
  if (!s) return;
  task(work, async () => {
    const account = /** @type {string} */ (session.address);
    const why = await useless(session.chain, everybody(s), account, signers);
    if (why) throw new Trouble('One of the guardians could never sign.', why);
    const at = await session.chain.standing(account);
    if (at.setup.tiers.length) await operate(module(), schedule(s));
    else await operate(account, install(module(), s));
  });
});

/** @param {State} s */
const configOf = (s) => configHash(s.setup);

on('ask-freeze', 'click', () => askFor('freeze'));
on('ask-unfreeze', 'click', () => askFor('unfreeze'));

/** @param {'freeze' | 'unfreeze'} kind */
function askFor(kind) {
  task('Reading the account…', async () => {
    const account = /** @type {string} */ (session.address);
    const at = await session.chain.standing(account);
    const tier = at.setup.tiers.findIndex((t) => t.guardians.length > 1);
    if (tier < 0) throw new Trouble('Nobody could freeze this account.', 'It takes two guardians of one tier at least.');
    await begin(at, { kind, account, tier, nonce: at.any, deadline: at.now + WEEK, configHash: configOf(at) });
  });
}

/** What this page signs for its account, from here on. */
export function ready() {
  serve({ chain: () => /** @type {any} */ (session.chain), address: () => session.address, home: 'guardians', arrived: async () => {
    const account = session.address;
    if (!account) return;
    const [state, list] = await Promise.all([session.chain.standing(account), signersOf(session.chain.call, account)]);
    [now, signers] = [state, list];
    drawForm(state.setup.tiers.length ? state.setup : undefined, account, signers);
    draw();
    await drawDrills(state);
  } });
  setInterval(() => document.visibilityState === 'visible' && showing('guardians') && !onItsWay() && refresh().catch(() => {}), 5000);
}
