// @ts-check
/** The page for Flow: an account of a passkey, transactions in words before they are signed, and proofs that it is yours. */
import { fromBase64url, toBase64url, utf8 } from '../bytes.js';
import { CeremonyError, obstacle } from '../ceremony.js';
import { RpcError, json } from '../rpc.js';
import { random } from '../state.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, element, fieldError, input, problem, rows, show, status } from '../view.js';
import { Trouble, explain } from '../words.js';
import { Flow } from './chain.js';
import { MAX_GAS, digits, parseAddress, whole } from './transaction.js';
import { shown } from './words.js';

/**
 * @typedef {import('./chain.js').Owner} Owner
 * @typedef {{owner: Owner, t: import('./transaction.js').Transaction, challenge: Uint8Array, signed?: {bytes: Uint8Array, id: string}, done: string, brings: boolean}} Waiting a transaction to sign; brings: it makes the newest passkey a key
 * @typedef {{owner: Owner, app: string, nonce: string, challenge: Uint8Array}} Proof
 */

/** @type {Flow} set before any button works */ let flow;
/** @type {Owner | undefined} */ let owner;
/** How the next passkey is made: fetched before the click. @type {any} */ let options;
/** A passkey whose account is not known yet. @type {import('./chain.js').Made | undefined} */ let made;
/** @type {Waiting | undefined} */ let waiting;
/** @type {Proof | undefined} */ let proof;

const LAST = 'postern.flow.last';
const USER = 'postern.flow.user';

/** What the browser keeps, where it may. @param {string} name @param {string} [value] '' removes it @returns {string} */
function kept(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else if (value === '') localStorage.removeItem(name);
    return localStorage.getItem(name) ?? '';
  } catch {
    return ''; // works without
  }
}

/** The next passkey's user.id: the same until it is a key of an account, so that a second attempt leaves no first behind. */
async function offer() {
  let id = new Uint8Array();
  try {
    id = fromBase64url(kept(USER));
  } catch {
    // made anew below
  }
  if (id.length !== 32) kept(USER, toBase64url(id = random()));
  options = await flow.options(id);
}

/** The passkey is a key now: the next one is another's. */
async function used() {
  made = options = undefined;
  kept(USER, '');
  await offer();
}

/** Call it from the click itself. @param {string} name @param {AbortSignal} signal */
function newPasskey(name, signal) {
  if (!options) throw new Trouble('The page is not ready.', 'Reload it.');
  return flow.make(options, name, signal);
}

on('create-form', 'submit', () => task(made ? 'Making the account…' : asked, async (signal) => {
  made ??= await newPasskey(input('name').value, signal);
  answered('Making the account…');
  owner = await flow.account(made);
  await used();
  await account();
}, { ceremony: true }));

on('open-form', 'submit', () => {
  if (busy()) return;
  let address;
  try {
    address = parseAddress(input('address').value);
  } catch {
    fieldError('address', 'An address of Flow has 16 digits, 0–9 and a–f.');
    return input('address').focus();
  }
  fieldError('address');
  const wanted = address;
  task(asked, async (signal) => {
    owner = await flow.enter(wanted, signal, () => answered('Looking for your key…'));
    await account();
  }, { ceremony: true });
});

/** Shows the account. */
async function account() {
  const own = /** @type {Owner} */ (owner);
  const a = await flow.look(own.address);
  const address = '0x' + digits(own.address);
  kept(LAST, address);
  $('account-address').textContent = address;
  const units = a.balance.toString().padStart(9, '0');
  $('balance').textContent = `${units.slice(0, -8)}.${units.slice(-8).replace(/0{0,7}$/, '')}`;
  const live = a.keys.filter((k) => !k.revoked);
  $('keys').replaceChildren(...a.keys.map((k) => {
    const line = element('li', `Key ${k.index}${k.index === own.key ? ', which you use here' : ''}: ${k.public.slice(0, 12)}…, ${k.revoked ? 'revoked' : `weight ${k.weight} of 1000`} `);
    if (!k.revoked && k.index !== own.key && live.length > 1) {
      const button = element('button', 'Revoke', 'small danger');
      button.setAttribute('type', 'button');
      button.addEventListener('click', () => task('Reading the account…', () => review(flow.config.scripts.revoke, [{ type: 'Int', value: String(k.index) }], `Key ${k.index} is revoked`)));
      line.append(button);
    }
    return line;
  }));
  show('account');
  status();
}

/** Shows a transaction before it is signed. @param {string} script @param {unknown[]} args @param {string} done @param {boolean} [brings] */
async function review(script, args, done, brings = false) {
  const own = /** @type {Owner} */ (owner);
  const { t, challenge } = await flow.prepare(own, utf8(script), args.map((a) => utf8(JSON.stringify(a))), MAX_GAS);
  waiting = { owner: own, t, challenge, done, brings };
  proof = undefined;
  const said = await shown(t);
  present(said.title, said.cautions, said.rows, [
    ['Account: proposes, pays and authorizes', '0x' + digits(t.account), 'code'], ['Its key', `${t.key}, sequence number ${t.sequence}`],
    ['Reference block', digits(t.block), 'code'], ['Most computation', String(t.gas)], ['SHA-256 of the script', said.hash, 'code'],
    ['Script', new TextDecoder().decode(t.script), 'code pre'], ['Challenge', digits(challenge), 'code'],
  ]);
  /** @type {HTMLDetailsElement} */ ($('review-more')).open = !said.known;
}

/** @param {string} title @param {string[]} cautions @param {[string, string, string?][]} what @param {[string, string, string?][]} details */
function present(title, cautions, what, details) {
  $('review-title').textContent = title;
  $('cautions').replaceChildren(...cautions.map((c) => element('li', c)));
  $('cautions').hidden = !cautions.length;
  rows('review-rows', what);
  rows('review-details', details);
  $('sign').hidden = false;
  $('again').hidden = true;
  show('review');
  status();
}

on('add', 'click', () => task(asked, async (signal) => {
  const key = await newPasskey('Flow account, another passkey', signal);
  answered('Reading the account…');
  await review(flow.config.scripts.add, [
    { type: 'Array', value: [{ type: 'String', value: key.publicHex }] }, { type: 'Array', value: [{ type: 'UInt8', value: '1' }] },
    { type: 'Array', value: [{ type: 'UInt8', value: '1' }] }, { type: 'Array', value: [{ type: 'UFix64', value: '1000.00000000' }] },
  ], 'The passkey is a key of your account', true);
}, { ceremony: true }));

on('write-form', 'submit', () => {
  if (busy()) return;
  const script = input('script').value;
  let args;
  try {
    args = JSON.parse(input('args').value.trim() || '[]');
    if (!Array.isArray(args)) throw new TypeError('no list');
  } catch {
    fieldError('args', 'Write a list: [ … ], each part {"type": …, "value": …}.');
    return input('args').focus();
  }
  fieldError('args');
  fieldError('script', script.trim() ? '' : 'Write the script.');
  if (!script.trim()) return input('script').focus();
  task('Reading the account…', () => review(script, args, 'The transaction is sealed'));
});

on('prove', 'click', () => task('Asking for a nonce…', async () => {
  const own = /** @type {Owner} */ (owner);
  proof = { owner: own, ...await flow.asksProof(own) };
  waiting = undefined;
  present('Prove that the account is yours', [], [['To', proof.app], ['Account', '0x' + digits(own.address), 'code'], ['What happens', 'Nothing is sent to the chain. Who asked learns that you have the account’s key.']],
    [['Nonce', proof.nonce, 'code'], ['Challenge', digits(proof.challenge), 'code']]);
}));

on('sign', 'click', () => task(asked, async (signal) => {
  const job = waiting ?? proof;
  if (!job) throw new Trouble('There is nothing to sign.', 'Go back.');
  const a = await flow.sign(job.owner, job.challenge, signal);
  if (job === proof) {
    answered('The server looks at the proof…');
    await flow.prove(job.owner, proof.nonce, a);
    finished('The account is yours', [['Account', '0x' + digits(job.owner.address), 'code'], ['Shown to', proof.app]]);
    return;
  }
  const w = /** @type {Waiting} */ (job);
  w.signed = whole(w.t, a);
  if (w.brings) await used().catch(() => {}); // whatever comes of it, no later passkey replaces this one; without an offer the page asks to be reloaded
  await deliver(w);
}, { ceremony: true }));

on('again', 'click', () => task('Sending…', () => deliver(/** @type {Waiting} */ (waiting))));

/** @param {Waiting} w */
async function deliver(w) {
  answered('Sending, and waiting until it is sealed…');
  const signed = /** @type {NonNullable<Waiting['signed']>} */ (w.signed);
  let result;
  try {
    result = await flow.send(signed);
  } catch (e) {
    const unclear = !(e instanceof RpcError) || e.kind !== 'refused' || e.code === 'chain_failed' || e.code === 'busy';
    $('sign').hidden = unclear; // what may be on its way is not signed anew
    $('again').hidden = !unclear;
    if (unclear) {
      throw new Trouble('It is not known whether the transaction was taken.', 'Send the same one again: it runs once.', e);
    }
    throw e;
  }
  if (result.failure || result.status !== 'Sealed') finished('The transaction did nothing', [['Transaction', signed.id, 'code'], ['Status', result.status], ['Why', result.failure]]);
  else finished(w.done, [['Transaction', signed.id, 'code'], ['Status', 'Sealed']]);
}

/** @param {string} title @param {[string, string, string?][]} what */
function finished(title, what) {
  waiting = proof = undefined;
  $('done-title').textContent = title;
  rows('done-rows', what);
  show('done');
  status();
}

for (const id of ['review-back', 'done-back']) on(id, 'click', () => task('Reading the account…', account));
on('leave', 'click', () => {
  if (busy()) return;
  owner = undefined;
  show('start');
});

async function boot() {
  status('Getting ready…', true);
  try {
    const config = await json('./config.json');
    if (!config.flow) {
      $('no-flow').hidden = false;
      return status();
    }
    flow = await Flow.open(config);
    await offer();
  } catch (e) {
    status();
    return problem(explain(e));
  }
  status();
  $('network').textContent = flow.config.network;
  $('network').hidden = false;
  input('address').value = kept(LAST);
  const missing = obstacle();
  if (missing) return problem(explain(new CeremonyError(missing)));
  $('create-form').hidden = !flow.config.accounts;
  $('open-form').hidden = false;
}

boot();
