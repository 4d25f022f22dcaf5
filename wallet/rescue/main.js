// @ts-check
/** The rescue page's way in: a node, what somebody still holds, and the account that it opens. */
import { obstacle } from '../page/ceremony.js';
import { field } from '../page/field.js';
import { answered, asked, busy, on, task } from '../page/task.js';
import { digits } from '../page/flow/transaction.js';
import { $, element, fieldError, input, problem, show, status } from '../page/view.js';
import { Trouble, chainName, explain, parseAddress, roughly } from '../page/words.js';
import { Access } from './access.js';
import { find } from './accounts.js';
import { MOST, forget, parseExport } from './exported.js';
import { parseSecret, parseUrl } from './fields.js';
import { clearFlow, findFlow, flowAccount, gathering, openFlow } from './flow.js';
import { networkName, parseFlow } from './flowaccount.js';
import { clearFurther, offerFurther } from './further.js';
import * as holders from './holders.js';
import { Node, inUnits } from './node.js';
import { drop, enter, resume, several } from './send.js';
import { isSealed, openSealed } from './sealed.js';
import { begin, beginFlow, hold, open, session } from './session.js';

/** @typedef {import('./holders.js').Holder} Holder @typedef {Awaited<ReturnType<typeof find>>['accounts']} Found */

/** Optional fields: nothing typed is fine. @template T @param {(text: string) => T} parse @returns {(text: string) => T | 'none'} */
const optional = (parse) => (text) => (text.trim() ? parse(text) : 'none');

// Step 1: the chain.

const flowChosen = () => input('chain-flow').checked;

/** What is asked depends on the chain. */
function chosenChain() {
  const flow = flowChosen();
  $('rpc-label').textContent = flow ? 'Address of an access node (REST)' : 'Address of a node (RPC)';
  $('rpc-hint').textContent = flow
    ? 'Anybody’s: Flow’s own are https://rest-mainnet.onflow.org and https://rest-testnet.onflow.org. It learns your address and can withhold or misstate what it likes; it cannot move anything.'
    : 'Of the chain that your account is on: your own, or any provider’s. It learns your address and can withhold or misstate balances; it cannot move anything.';
  $('bundler-box').hidden = flow;
  $('indexer-box').hidden = !flow;
}
for (const id of ['chain-evm', 'chain-flow']) $(id).addEventListener('change', chosenChain);

/** The next screen, for the network. @param {string} name @param {string} badge */
function who(name, badge) {
  $('network').textContent = badge;
  $('network').hidden = false;
  const flow = session().flow !== undefined;
  $('address-hint').textContent = flow && !session().flow?.indexer
    ? 'Flow does not tell which account a key belongs to.'
    : `Leave it empty and the page looks for accounts ${flow ? 'of what you hold' : 'that began with what you hold'}.`;
  offerFurther(!flow && !$('passkey-form').hidden);
  show('who');
  status(`The node is of ${name}.`);
}

on('node-form', 'submit', () => {
  const rpcUrl = busy() ? undefined : field('rpc', (t) => parseUrl(t, 'node'));
  if (rpcUrl && flowChosen()) {
    const indexer = field('indexer', optional((t) => parseUrl(t, 'key indexer')));
    if (indexer) {
      task('Asking the node…', async () => {
        const access = await Access.at(rpcUrl, indexer === 'none' ? undefined : indexer);
        beginFlow(access);
        who(networkName(access.chain), networkName(access.chain));
      });
    }
    return;
  }
  const bundlerUrl = rpcUrl && field('bundler', optional((t) => parseUrl(t, 'bundler')));
  if (!rpcUrl || !bundlerUrl) return;
  task('Asking the node…', async () => {
    const node = await Node.at({ rpcUrl, ...(bundlerUrl === 'none' ? {} : { bundlerUrl }), deployments: JSON.parse($('deployments').textContent ?? '') });
    begin(node);
    who(chainName(node.id), chainName(node.id).replace(/ \(.*/, ''));
  });
});

on('who-back', 'click', () => {
  if (busy()) return;
  if (gathering()) return flowAccount();
  if (several()) return void task('Asking the node…', resume);
  clear();
  show('start');
  status();
});

/** Nothing of what was held stays in the page. */
function clear() {
  dropFile();
  drop();
  clearFlow();
  clearFurther();
  hold();
  for (const id of ['secret', 'payer', 'file', 'to', 'amount']) input(id).value = '';
}

// Step 2: what somebody holds.

/** The account's address, if it was given. */
const named = () => field('address', optional((t) => (session().flow ? flowAddress(t) : parseAddress(t))));

/** @param {string} text */
function flowAddress(text) {
  parseFlow(text, session().flow?.chain ?? '');
  return text.trim();
}

on('passkey-form', 'submit', () => {
  const address = busy() ? undefined : named();
  const rpId = address && field('rp', (t) => {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(t.trim())) throw new Error('Enter a domain, such as wallet.example.org');
    return t.trim().toLowerCase();
  });
  if (!address || !rpId) return;
  task(asked, async (signal) => {
    const holder = await holders.passkeyHere(rpId, session().flow !== undefined, signal);
    answered('Looking for your account…');
    session().rpId = rpId;
    await look(holder, address);
  }, { ceremony: true });
});

on('key-form', 'submit', () => {
  const address = busy() ? undefined : named();
  const secret = address && field('secret', parseSecret);
  if (!secret) return;
  input('secret').value = '';
  task('Looking for your account…', () => look(session().flow ? holders.flowKey(secret) : holders.key(secret), address));
});

/** @type {Uint8Array | undefined} A file that waits for its password. */ let sealed;

$('file').addEventListener('change', async () => {
  const file = input('file').files?.[0];
  dropFile();
  fieldError('file');
  if (!file) return;
  try {
    if (file.size > MOST) throw new Error('The file is too long to be an export of passkeys.');
    const content = new Uint8Array(await file.arrayBuffer());
    if (isSealed(content)) {
      sealed = content;
      $('sealed-form').hidden = false;
      input('password').focus();
      return status('The export wants its password.');
    }
    offer(content);
  } catch (e) {
    fieldError('file', sentence(e));
  }
});

on('sealed-form', 'submit', () => task('Opening the export…', async () => {
  if (!sealed) return;
  try {
    const plain = await openSealed(sealed, input('password').value);
    dropFile();
    offer(plain);
    plain.fill(0);
    fieldError('password');
  } catch (e) {
    status();
    fieldError('password', sentence(e));
  }
}));

function dropFile() {
  forget(session().exported);
  session().exported = [];
  sealed = undefined;
  input('password').value = '';
  $('sealed-form').hidden = true;
  $('exported').replaceChildren();
}

/** Puts the passkeys of an export before the person. @param {Uint8Array} content */
function offer(content) {
  const { passkeys, left } = parseExport(content);
  session().exported = passkeys;
  $('exported').replaceChildren(...passkeys.map((p) => choice(p.name || 'No name', `for ${p.rpId}`, () => {
    const address = named();
    if (address) task('Looking for your account…', () => look(holders.exported(p), address));
  })));
  status(`${passkeys.length === 1 ? 'One passkey' : `${passkeys.length} passkeys`} in the file${left.length ? `, and ${left.length} of a kind that cannot sign here` : ''}. Choose the account’s.`);
}

$('file').addEventListener('click', () => (input('file').value = '')); // so that the same file can be chosen again

/** @param {any} e */
function sentence(e) {
  const text = String(e?.message ?? e);
  const s = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(s) ? s : `${s}.`;
}

/** @param {string} title @param {string} more @param {() => void} go */
function choice(title, more, go) {
  const item = element('li');
  const button = element('button');
  button.setAttribute('type', 'button');
  button.append(element('strong', title), element('small', more));
  button.addEventListener('click', () => !busy() && go());
  item.append(button);
  return item;
}

// The accounts that it opens.

/** @param {Holder} holder @param {string | 'none'} address */
async function look(holder, address) {
  if (session().flow) return lookFlow(holder, address === 'none' ? undefined : address);
  hold(holder);
  const { accounts, looked } = await find(session().node, holder, address === 'none' ? undefined : address);
  if (!accounts.length) {
    throw new Trouble('No account was found with what you hold.',
      looked.length ? `${looked.length === 1 ? 'This address is' : `These ${looked.length} addresses are`} empty on ${chainName(session().node.id)}. Check that the node is of the right chain. Where only tokens are, enter the account’s address.` : 'Enter the account’s address.',
      looked.length ? new Error(`Looked at: ${looked.join(', ')}`) : undefined);
  }
  if (accounts.length === 1) return enter(accounts[0].account);
  draw(accounts);
}

/** @param {Holder} holder @param {string} [address] */
async function lookFlow(holder, address) {
  const accounts = await findFlow(holder, address);
  if (accounts.length === 1) return openFlow(holder, accounts[0]);
  $('found-lead').textContent = `What you hold is a key of ${accounts.length} accounts.`;
  $('again-box').hidden = true;
  $('accounts').replaceChildren(...accounts.map((a) => choice('0x' + digits(a.address), `${inUnits(a.balance, 8)} FLOW`, () => task('Opening the account…', () => openFlow(holder, a)))));
  show('found');
  status();
}

/** @param {Found} accounts */
function draw(accounts) {
  const { holder } = session();
  const keys = new Set(accounts.map(({ account }) => String(account.key?.x)));
  $('found-lead').textContent = `What you hold leads to ${accounts.length} accounts.`;
  $('again-box').hidden = !holder?.prompts || keys.size < 2;
  $('accounts').replaceChildren(...accounts.map(({ account, balance }) => choice(account.address, `${account.title}, ${roughly(balance)} ETH${account.deployed ? '' : ', not created yet'}`, () => task('Opening the account…', () => enter(account)))));
  show('found');
  status();
}

on('again', 'click', () => task(asked, async (signal) => {
  const s = session();
  const settled = await holders.settled(/** @type {Holder} */ (s.holder), s.rpId ?? location.hostname, signal);
  answered('Looking for your account…');
  await look(settled, 'none');
}, { ceremony: true }));

on('found-back', 'click', () => {
  if (busy()) return;
  clearFlow();
  hold();
  show('who');
  status();
});

for (const id of ['leave', 'flow-leave']) {
  on(id, 'click', () => {
    if (busy()) return;
    clear();
    show('who');
    status('This page has forgotten all keys. The account stays where it is.');
  });
}

// Browsers keep a page that somebody has left, to go back to: with no key in it.
addEventListener('pagehide', () => {
  if (!open.now) return;
  clear();
  show('start');
});

// Where no passkey can work, that is said before anybody tries.
function boot() {
  const missing = location.protocol === 'file:' ? 'file' : obstacle();
  if (missing) {
    $('passkey-form').hidden = $('new-passkey').hidden = true;
    $('no-passkey').hidden = false;
    $('no-passkey').textContent = missing === 'file'
      ? 'This page was opened from a file, where browsers allow no passkeys. Put the file on any web server of the passkey’s own domain and open it there – or take one of the ways below. A security key also works on the command line: postern rescue.'
      : missing === 'insecure' ? 'Passkeys need a secure address: open this page with https://, or take one of the ways below.' : 'This browser has no passkeys. Take one of the ways below, or another browser.';
  }
  if (location.protocol !== 'file:') {
    input('rp').value = location.hostname;
    /** @type {HTMLAnchorElement} */ ($('keep-link')).href = location.pathname;
    $('keep').hidden = false;
  }
  chosenChain();
  if (!globalThis.crypto?.subtle) problem(explain(new Trouble('This browser does no cryptography on this page.', 'Open it from a file, with https://, or as http://localhost.')));
}

boot();
