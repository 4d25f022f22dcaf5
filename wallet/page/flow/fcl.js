// @ts-check
/** The page that apps open through FCL: one request, read by a person, signed by a passkey or not, answered, gone. */
import { CeremonyError, obstacle } from '../ceremony.js';
import { field } from '../field.js';
import { json } from '../rpc.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, element, input, lock, problem, rows, show, showing, status } from '../view.js';
import { Trouble, explain } from '../words.js';
import { Flow, strong } from './chain.js';
import { accounts, forget, keep } from './fclkept.js';
import { composite, loggedIn, proofOf, sameNetwork, signableOf } from './fclrequest.js';
import { View } from './fclview.js';
import { described, fromWhere, named } from './fclwords.js';
import { LAST, kept, nextUser, usedUser } from './kept.js';
import { revoking } from './keys.js';
import { challenge, digits, parseAddress, proofMessage, typedAddress } from './transaction.js';

/**
 * @typedef {import('./chain.js').Key} Key
 * @typedef {{address: Uint8Array, keys: Key[]}} Chosen an account, and the keys one of which signs
 */

/** Clicks that were meant for the app's window hit nothing here: milliseconds after the page, or something new on it, comes to the front. */
const SETTLE = 600;

const view = new View(window);
/** @type {Flow} set before any button works */ let flow;
/** @type {import('./fclview.js').Request} set before any button but “refuse” works */ let request;
/** How a passkey is made: fetched before the click. @type {any} */ let options;
/** A passkey whose account is not known yet. @type {import('./chain.js').Made | undefined} */ let made;
/** @type {Chosen | undefined} */ let chosen;
/** @type {import('./fclrequest.js').Proof | undefined} */ let proof;
/** What the passkey is asked to sign, if anything. @type {Uint8Array | undefined} */ let signing;
let reason = '';
let settled = 0;

function settle() {
  settled = performance.now() + SETTLE;
  lock(true);
  setTimeout(() => calm() && !busy() && lock(false), SETTLE);
}

const calm = () => performance.now() >= settled - 5;

/** As task; what it has brought to the front is given its time. @type {typeof task} */
async function act(...what) {
  await task(...what);
  if (!calm()) lock(true);
}

/** @param {string} section */
function turn(section) {
  show(section);
  status();
  settle();
}

/** @param {string} id @param {string} type @param {() => void} handler */
const click = (id, type, handler) => on(id, type, () => {
  if (!busy() && calm()) handler();
});

/** FCL closes the window, or goes on in it with the next request. @param {string} title */
function over(title) {
  $('done-title').textContent = title;
  turn('done');
}

/** @param {string} why what the app is told */
function no(why) {
  view.decline(why);
  over('The app was told no.');
  window.close();
}

/** Something that is not signed, whoever wants it. @param {unknown} e */
function refuse(e) {
  const words = explain(e);
  reason = words.detail ? `${words.title} ${words.detail}` : words.title;
  $('refused-title').textContent = words.title;
  $('refused-way').textContent = words.way;
  rows('refused-rows', [...(request ? /** @type {[string, string, string?][]} */ ([['Asked by', request.origin, 'strong']]) : []), ...(words.detail ? /** @type {[string, string][]} */ ([['Why', words.detail]]) : [])]);
  $('refused-rows').hidden = !$('refused-rows').children.length;
  $('refuse').textContent = view.gone || !request ? 'Close' : 'Tell the app, and close';
  turn('refused');
}

click('refuse', 'click', () => {
  if (view.gone || !request) {
    over('Nothing was answered.');
    return window.close();
  }
  act('', async () => no(reason));
});
for (const id of ['no', 'choose-no']) click(id, 'click', () => act('', async () => no('The user said no.')));

/** Which account? */
function choose() {
  chosen = signing = undefined;
  const known = accounts();
  /** @type {HTMLDetailsElement} */ ($('others')).open = !known.length;
  $('remembered').replaceChildren(...known.map((used, i) => {
    const button = element('button', `Use 0x${used.address}`, i ? 'code' : 'code primary');
    button.setAttribute('type', 'button');
    button.addEventListener('click', () => {
      if (!busy() && calm()) act('Reading the account…', () => use(used));
    });
    return button;
  }));
  rows('choose-rows', [['Asked by', request.origin, 'strong']]);
  if (!known.some((u) => '0x' + u.address === kept(LAST))) input('address').value ||= kept(LAST);
  turn('choose');
}

/** An account used here before, if its key still is what it was. @param {import('./fclkept.js').Used} used */
async function use(used) {
  const address = parseAddress(used.address);
  const account = await flow.look(address).catch((e) => {
    if (e.code !== 'no_account') throw e;
  });
  const key = account?.keys.find((k) => k.index === used.key && k.public === used.public);
  if (!key || !strong(key)) {
    forget(used.address);
    choose();
    throw new Trouble('Your passkey may no longer sign for that account.', 'Its key was revoked, or the account is on another network. Open one below.');
  }
  await logIn({ address, keys: [key] });
}

/** Whoever has shown to be an account's owner. @param {import('./chain.js').Owner} own */
async function entered(own) {
  const key = (await flow.look(own.address)).keys.find((k) => k.index === own.key);
  if (!key) throw new Trouble('The account has changed.', 'Try again.');
  await logIn({ address: own.address, keys: [key] });
}

click('open-form', 'submit', () => {
  const wanted = field('address', typedAddress);
  if (!wanted) return;
  if (!proof) return void act(asked, async (signal) => entered(await flow.enter(wanted, signal, () => answered('Looking for your key…'))), { ceremony: true });
  act('Reading the account…', async () => { // the proof itself says which key it is
    const keys = (await flow.look(wanted)).keys.filter(strong);
    if (!keys.length) throw new Trouble('No passkey can sign for that account alone.', 'Look at the address. Keys that sign together do so on the page for Flow.');
    await logIn({ address: wanted, keys });
  });
});

click('create-form', 'submit', () => act(made ? 'Making the account…' : asked, async (signal) => {
  if (!made && !options) throw new Trouble('The page is not ready.', 'Close it, and try again in the app.');
  made ??= await flow.make(options, input('name').value, signal);
  answered('Making the account…');
  const own = await flow.account(made);
  made = options = undefined;
  usedUser();
  kept(LAST, '0x' + digits(own.address));
  await entered(own);
}, { ceremony: true }));

/** @param {string} title @param {string[]} cautions @param {[string, string, string?][]} what @param {[string, string, string?][]} details @param {string} yes */
function present(title, cautions, what, details, yes) {
  $('review-title').textContent = title;
  $('cautions').replaceChildren(...cautions.map((c) => element('li', c)));
  $('cautions').hidden = !cautions.length;
  rows('review-rows', what);
  rows('review-signed', details);
  $('review-more').hidden = !details.length;
  $('yes').textContent = yes;
  turn('review');
}

/** @param {Chosen} own */
async function logIn(own) {
  chosen = own;
  signing = proof && await challenge(proofMessage(proof.app, own.address, proof.nonce));
  /** @type {[string, string, string?][]} */
  const who = [['Asked by', request.origin, 'strong'], ['Account', '0x' + digits(own.address), 'code']];
  $('other').hidden = false;
  if (!proof || !signing) {
    return present('Show the app your account', fromWhere(request.origin), [...who, ['What happens', 'The app learns the address of your account. It can ask for signatures; you see each before it is made.']], [], 'Show it to the app');
  }
  present('Prove to the app that the account is yours', [...fromWhere(request.origin), ...named(proof.app, request.origin)],
    [...who, ['The app calls itself', proof.app], ['What happens', 'Nothing is sent to the chain. The app learns that you have the account’s key.']],
    [['Nonce', digits(proof.nonce), 'code'], ['Challenge', digits(signing), 'code']], 'Sign with your passkey');
}

click('other', 'click', choose);

click('yes', 'click', () => act(signing ? asked : '', async (signal) => {
  const { address, keys } = /** @type {Chosen} */ (chosen);
  const a = signing && await flow.signedBy(keys, signing, signal);
  const key = /** @type {Key} */ (keys.find((k) => !a || k.index === a.key));
  const signature = a && composite(address, key.index, a);
  if (request.type === 'authz') view.approve(/** @type {object} */ (signature));
  else view.approve(loggedIn(location.origin + location.pathname, address, key.index, proof && signature && { proof, signature }));
  keep({ address: digits(address), key: key.index, public: key.public });
  over(request.type === 'authz' ? 'Signed. The app goes on from here.' : proof ? 'The app knows that the account is yours.' : 'The app knows your account.');
}, { ceremony: !!signing }));

/** A transaction: read, held against the chain, shown. @param {any} body */
async function transaction(body) {
  const s = signableOf(body);
  const account = await flow.look(parseAddress(s.address));
  const key = account.keys.find((k) => k.index === s.key);
  if (!key || !strong(key)) throw new Trouble(`Key ${s.key} of the account is none that a passkey can sign with alone.`, 'It was revoked, or it is another kind of key. Log out in the app and in again.');
  signing = await challenge(s.message);
  chosen = { address: parseAddress(s.address), keys: [key] };
  const said = await described(s, request.origin, signing);
  const late = s.roles.proposes && s.t.proposer.key === s.key && s.t.proposer.sequence < key.sequence;
  const about = said.revokes === undefined ? { caution: '' } : revoking(account.keys, said.revokes, s.key);
  if (about.dead) throw about.dead; // which the app is told
  present(said.title, [...(about.caution ? [about.caution] : []), ...said.cautions, ...(late ? ['Its sequence number was used up already: it will not run.'] : [])], said.rows, said.details, 'Sign with your passkey');
  /** @type {HTMLDetailsElement} */ ($('review-more')).open = !said.known;
}

async function boot() {
  status('Waiting for the app…', true);
  addEventListener('focus', () => !busy() && settle());
  const patience = setTimeout(() => {
    $('nobody').hidden = !showing('start');
  }, 5000);
  try {
    const [config, got] = await Promise.all([json('./config.json'), view.request()]);
    request = got;
    setInterval(gone, 500);
    if (!config.flow) throw new Trouble('This wallet speaks to no Flow chain.', 'Whoever runs it can start it with “postern up --flow URL”.');
    flow = await Flow.open(config);
    $('network').textContent = flow.config.network;
    $('network').hidden = false;
    const missing = obstacle();
    if (missing) throw new CeremonyError(missing);
    sameNetwork(request.network, flow.config.network);
    if (request.type === 'authz') return await transaction(request.body);
    if (request.type === 'user-signature') throw new Trouble('The app wants a message signed.', 'What verifies such signatures on Flow takes none of a passkey, so none is made. It can ask for an account proof, or for a transaction.');
    if (request.type !== 'authn') throw new Trouble('The app asks for something that this wallet does not do.', 'It logs in, and signs transactions.');
    proof = proofOf(request.body, request.origin);
    $('create-form').hidden = !flow.config.accounts;
    choose();
    if (flow.config.accounts) options = await flow.options(nextUser());
  } catch (e) {
    if (showing('choose')) return problem(explain(e)); // an account can be opened, and none made
    refuse(e);
  } finally {
    clearTimeout(patience);
  }
}

/** Nobody is left to answer. */
function gone() {
  if (!view.gone || view.answered || busy() || showing('refused') || showing('done')) return;
  refuse(new Trouble('The app has gone.', 'Its window was closed. Nothing was handed over.'));
}

boot();
