// @ts-check
/** The account's screen: address, balance, who can sign says the chain, and which step comes next. */
import { equal, toHex } from '../bytes.js';
import { ZERO, signersOf } from '../hybrid.js';
import { busy, on, task } from '../task.js';
import { $, element, show, showing, status } from '../view.js';
import { ether, roughly } from '../words.js';
import { follow, onItsWay, returns, settledOperations, traffic } from './operation.js';
import { adopt, hold, session } from './session.js';

/** @typedef {'create' | 'passkey' | 'lose' | 'send' | 'owner' | 'done'} Stage what is to be done next */

const STEPS = /** @type {const} */ (['key', 'create', 'passkey', 'lose', 'send', 'owner']);

/** @type {Set<() => void>} What else is to be done when an account is opened. */
export const arrivals = new Set();

/** Shows an account. @param {import('./session.js').Remembered} account @param {string} says @param {import('./session.js').Passkey[]} [passkeys] */
export async function enter(account, says, passkeys = []) {
  hold(account);
  session.now = undefined;
  session.chain.eoa = !!account.eoa;
  session.passkeys = passkeys;
  $('address').textContent = account.address;
  $('balance').textContent = '…';
  $('life').textContent = '';
  $('signers').replaceChildren();
  for (const id of ['steps-box', 'eoa-panel', 'gasless-box', 'faucet-box', 'reveal-box', 'all-done']) $(id).hidden = true; // until the chain has said which
  for (const greet of arrivals) greet();
  await refresh();
  show('account');
  status(says);
  const held = onItsWay();
  if (held) follow(held);
}

/** Reads the account from the chain; a failure is said and does not disturb. */
export async function refresh() {
  const mine = session.account;
  if (!mine) return;
  const { chain } = session;
  try {
    const [balance, deployed] = await Promise.all([chain.balance(mine.address), chain.hasCode(mine.address)]);
    const signers = deployed && !mine.eoa ? await signersOf(chain, mine.address) : { owner: mine.owner ?? ZERO, keys: [] };
    if (mine.address !== session.account?.address) return;
    session.now = { balance, deployed, ...signers };
    if (deployed && adopt(signers.owner)) hold({ ...mine, moved: true });
    $('life').textContent = mine.eoa ? `The address of a key${deployed ? ', running MetaMask’s code' : ''}.` : deployed ? 'On the chain.' : 'Not on the chain yet. It can receive already.';
  } catch (e) {
    if (mine.address !== session.account?.address) return;
    $('life').textContent = 'The account cannot be read at the moment. Trying again.';
  }
  draw();
}

/** Whether this tab's key is the one that the chain names. */
export const ownerHeld = () => session.owner !== undefined && session.owner.address === session.now?.owner;

/** @returns {Stage} */
export function stage() {
  const { now, account } = session;
  if (!now?.deployed) return 'create';
  const moved = account?.moved || (account?.owner !== undefined && account.owner !== now.owner);
  if (!now.keys.length) return 'passkey';
  if (moved) return account?.sent ? 'done' : 'send';
  if (ownerHeld()) return 'lose';
  return account?.sent ? 'owner' : 'send';
}

function draw() {
  const { now, account, chain } = session;
  if (!now || !account) return;
  const focused = document.activeElement;
  $('balance').textContent = ether(now.balance).length > 14 ? roughly(now.balance) : ether(now.balance);
  $('balance').title = `${ether(now.balance)} ETH`;
  $('steps-box').hidden = !!account.eoa;
  $('eoa-panel').hidden = !account.eoa;
  const here = stage();
  const at = here === 'done' ? STEPS.length : STEPS.indexOf(here);
  STEPS.forEach((step, i) => {
    const line = $(`step-${step}`);
    line.className = i < at ? (step === 'key' && !session.owner ? 'past without' : 'past') : i === at ? 'present' : 'future';
    if (i === at) line.setAttribute('aria-current', 'step');
    else line.removeAttribute('aria-current');
    const panel = document.getElementById(`${step}-panel`);
    if (panel) panel.hidden = i !== at && !(here === 'done' && step === 'send');
  });
  $('all-done').hidden = here !== 'done';
  const says = notes(at);
  for (const step of STEPS) $(`${step}-note`).replaceChildren(...says[step]);
  $('signers').replaceChildren(...signerLines());
  $('faucet-box').hidden = !chain.config.faucet;
  $('fund-text').hidden = !!chain.config.faucet || now.balance > 0n;
  $('gasless-box').hidden = !chain.paymasterUrl;
  for (const [panel, ok] of /** @type {const} */ ([['create', session.owner?.address === account.owner], ['passkey', ownerHeld()]])) {
    $(`${panel}-blocked`).hidden = ok;
    $(`${panel}-form`).hidden = !ok;
    $(`${panel}-blocked`).textContent = `This page does not have the owner key ${now.owner}. Leave this account and import it.`;
  }
  $('new-owner').hidden = !chain.development;
  $('owner-none').hidden = chain.development;
  $('reveal-box').hidden = !session.owner;
  if (focused?.closest('[hidden]')) point(); // what had the focus is gone
}

/** Leads to what is to be done next: with the focus, and on small screens into view. */
function point() {
  const line = document.querySelector('.steps > .present');
  if (!line || session.account?.eoa) return;
  const heading = /** @type {HTMLElement} */ (line.querySelector('h2'));
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  line.scrollIntoView({ block: 'nearest' });
}

/** Back to the account's screen, and to the step that is next. */
export function back() {
  show('account');
  point();
  status();
  for (const tell of traffic) tell();
}

/** What is said under each step's heading. @param {number} at @returns {Record<typeof STEPS[number], (string | Node)[]>} */
function notes(at) {
  const { now, account, owner, lost } = session;
  const code = (/** @type {string} */ text, className = 'code') => element('code', text, className);
  return {
    key: owner ? [code(owner.address), ' is held by this tab.'] : lost ? [code(lost, 'gone'), ' – this page has forgotten it.'] : ['No owner key is held by this page.'],
    create: at > 1 ? ['On the chain.'] : [],
    passkey: at > 2 ? [`${now?.keys.length === 1 ? 'One passkey' : `${now?.keys.length} passkeys`} may sign.`] : [],
    lose: at > 3 ? [account?.moved ? 'Lost, and replaced.' : lost ? 'Lost. The account is the same.' : 'This page does not have it.'] : [],
    send: at > 4 ? ['Sent by the passkey alone, from the same address.'] : [],
    owner: at > 5 ? [code(now?.owner ?? ''), ' is the owner now.'] : [],
  };
}

/** @param {string} kind @param {string} name @param {string} more */
function line(kind, name, more) {
  const li = element('li', kind);
  li.append(element('code', name), more);
  return li;
}

function signerLines() {
  const { now, account, owner, passkeys } = session;
  if (!now) return [];
  if (account?.eoa) return [line('The key itself ', account.address, owner?.address === account.address ? ' – held by this tab' : ' – not held by this page')];
  if (!now.deployed) return [line('Not on the chain yet. It will begin with the owner key ', account?.owner ?? '', ' alone.')];
  const keys = now.keys.map((k) => {
    const mine = passkeys.some((p) => equal(p.hash, k.hash));
    return line('Passkey ', `${toHex(k.hash).slice(0, 12)}…`, mine ? ' – the one you use here' : k.keyId ? '' : ' – its name is not known to this node');
  });
  if (now.owner === ZERO) return [element('li', 'No owner key'), ...keys];
  return [line('Owner key ', now.owner, owner?.address === now.owner ? ' – held by this tab' : session.lost === now.owner ? ' – lost: this page has forgotten it' : ''), ...keys];
}

settledOperations.add(async ({ shown, receipt }) => {
  const mine = session.account;
  if (!mine || mine.address !== shown.from) return;
  if (receipt?.success) {
    if (shown.action.kind === 'send' && !mine.eoa) hold({ ...mine, sent: true });
    if (shown.action.kind === 'owner') hold({ ...mine, moved: true });
  }
  await refresh();
});

traffic.add(() => {
  const held = onItsWay();
  $('held').hidden = !held;
  if (held) $('held-text').textContent = `Your ${held.shown.noun} is signed and may be on its way. Until the chain has answered, nothing else is sent from this account.`;
});
arrivals.add(() => { for (const tell of traffic) tell(); });
returns.add(back);

on('done-back', 'click', () => {
  if (!session.account) return;
  back();
  refresh();
});

on('copy', 'click', async () => {
  try {
    await navigator.clipboard.writeText($('address').textContent ?? '');
    status('Address copied.');
  } catch {
    getSelection()?.selectAllChildren($('address'));
    status('The address is selected; copy it with your keyboard.');
  }
});

on('faucet', 'click', () => task('Asking for test ETH…', async () => {
  const mine = session.account;
  const before = session.now?.balance;
  await session.chain.ask('postern_faucet', mine?.address);
  for (let i = 0; i < 40 && mine?.address === session.account?.address; i++) {
    await refresh();
    if (session.now?.balance !== before) return status('Test ETH has arrived.');
    await new Promise((done) => setTimeout(done, 250));
  }
  status('Test ETH is on its way.');
}));

/** Looks at the chain again while the account is on view. */
export function keepLooking() {
  setInterval(() => document.visibilityState === 'visible' && showing('account') && !busy() && refresh(), 4000);
}
