// @ts-check
/**
 * A transaction in words, then its signatures, one passkey after the other until they weigh enough, here or on another
 * device, then the receipt. Account proofs go the same way.
 */
import { equal, fromHex, utf8 } from '../bytes.js';
import { copy, draw as drawCode, link, packed } from '../grant/share.js';
import { answered, asked, on, task } from '../task.js';
import { $, element, input, problem, rows, show, status } from '../view.js';
import { Trouble, explain } from '../words.js';
import { EXPIRY, Refused, WEIGHT, usable } from './chain.js';
import { LAST, kept } from './kept.js';
import { keyNames, revoking, sentence } from './keys.js';
import { parse } from './read.js';
import { session } from './session.js';
import { MAX_GAS, challenge, digits, gathered, message, parseAddress, sponsored } from './transaction.js';
import { handed } from './together.js';
import { shown } from './words.js';

/**
 * @typedef {import('./chain.js').Key} Key
 * @typedef {{script: string, args: unknown[], done: string, brings?: boolean}} Wanted brings: it makes the newest passkey a key
 * @typedef {object} Job what is being signed
 * @property {import('./chain.js').Account} account as it was when this began
 * @property {Uint8Array} challenge
 * @property {import('./transaction.js').KeySigned[]} signatures
 * @property {string} done what its receipt says
 * @property {import('./transaction.js').Transaction} [t] none: it is a proof
 * @property {{app: string, nonce: string}} [proof]
 * @property {Wanted} [wanted] none: it was begun elsewhere
 * @property {number} [revokes] a key that must not sign, because the others show that they can do without it
 * @property {{bytes: Uint8Array, id: string}} [signed] the whole
 */

/** @type {Job | undefined} */ let job;

const weigh = (/** @type {Job} */ j, /** @type {Key[]} */ keys = j.account.keys.filter((k) => j.signatures.some((s) => s.key === k.index))) => keys.reduce((sum, k) => sum + k.weight, 0);

/** Whether nobody has to sign any more. @param {Job} j */
const complete = (j) => weigh(j) >= WEIGHT && (!j.t || j.signatures.some((s) => s.key === j.t?.key));

/** Passkeys of the account that have not signed. @param {Job} j */
const able = (j) => j.account.keys.filter((k) => usable(k) && k.weight > 0 && k.index !== j.revokes && !j.signatures.some((s) => s.key === k.index));

/** Keys that can sign next: first the one that opened the account here, which proposes, then whichever the person has. @param {Job} j @returns {Key[]} */
function next(j) {
  const keys = able(j);
  const { owner } = session;
  const own = owner && equal(owner.address, j.account.address) ? keys.filter((k) => k.index === owner.key) : [];
  if (own.length) return own;
  return weigh(j) < WEIGHT ? keys : keys.filter((k) => k.index === j.t?.key);
}

/** Shows a transaction of the account that is open, before it is signed. @param {Wanted} wanted @param {boolean} [paid] by the service */
export async function review(wanted, paid = false) {
  const { flow, owner } = session;
  const sponsor = paid ? flow.config.sponsor : undefined;
  const made = await flow.prepare(/** @type {import('./chain.js').Owner} */ (owner), utf8(wanted.script), wanted.args.map((a) => utf8(JSON.stringify(a))), sponsor ? Math.min(MAX_GAS, sponsor.gas) : MAX_GAS, sponsor && parseAddress(sponsor.address));
  job = { ...made, wanted, done: wanted.done, signatures: [] };
  await present(job, made.t);
}

/** Shows what somebody has begun to sign elsewhere. @param {string} given a link, or what it carries */
export async function received(given) {
  const { flow } = session;
  let read;
  try {
    read = parse(fromHex('0x' + await handed(given)));
  } catch (e) {
    throw new Trouble('This is no transaction that passkeys of one account sign.', 'Take the whole link, or the whole text, from the other device.', e);
  }
  const { t, signatures, paid } = read;
  if (t.payer && digits(t.payer) !== flow.config.sponsor?.address.replace(/^0x/, '')) throw new Trouble('Somebody else is to pay for this transaction, whom this page does not know.', `Its payer is 0x${digits(t.payer)}. “postern flow tx sign” can go on with it.`);
  if (!signatures.length) throw new Trouble('No key of the account has signed this transaction.', 'This page goes on with what a passkey of the account has begun. Anybody could have made this one.');
  if (paid) throw new Trouble('Everybody has signed this transaction.', '“postern flow tx send” sends it.');
  const account = await flow.look(t.account);
  const asks = await challenge(message(t));
  await flow.genuine(account, signatures, asks);
  job = { t, challenge: asks, account, signatures, done: 'The transaction is sealed' };
  await present(job, t, await standing(job, t));
}

/** Why a transaction that was begun elsewhere cannot run, and how long it can. @param {Job} j @param {import('./transaction.js').Transaction} t */
async function standing(j, t) {
  const anew = 'Make it anew, and sign that.';
  const proposes = j.account.keys.find((k) => k.index === t.key);
  if (!proposes || !usable(proposes)) return { dead: new Trouble(`Key ${t.key}, which proposes it, can no longer sign for the account.`, anew), left: 0 };
  if (proposes.sequence > t.sequence) return { dead: new Trouble('It cannot run any more.', `It has run already, or another transaction of key ${t.key} came first. Look at the account before you make it anew.`), left: 0 };
  let age = EXPIRY;
  try {
    age = await session.flow.age(t.block);
  } catch (e) {
    if (!(e instanceof Refused) || e.code !== 'unknown_block') throw e;
  }
  if (age >= EXPIRY) return { dead: new Trouble('The transaction has expired.', `It can be sent for ${EXPIRY} blocks after it was begun, which are some minutes. ${anew}`), left: 0 };
  return { left: EXPIRY - age, early: proposes.sequence < t.sequence };
}

/** @param {Job} j @param {import('./transaction.js').Transaction} t @param {{dead?: Trouble, left: number, early?: boolean}} [stands] */
async function present(j, t, stands) {
  const said = await shown(t);
  j.revokes = said.revokes;
  const cautions = [...said.cautions];
  let dead = stands?.dead;
  if (said.revokes !== undefined) {
    const about = revoking(j.account.keys, said.revokes);
    dead ??= about.dead;
    if (about.caution) cautions.unshift(about.caution);
  }
  if (!j.wanted) cautions.unshift(`${sentence(keyNames(j.signatures.map((a) => a.key), 'and'))} began this elsewhere. Sign only if you know of it.`);
  if (stands?.early) cautions.push(`An earlier transaction of key ${t.key} is not sealed yet. This one runs only after it.`);
  const paid = sponsored(t);
  const address = '0x' + digits(t.account);
  draw(j, said.title, cautions, [
    ...said.rows, ...(j.wanted ? [] : [/** @type {[string, string, string]} */ (['Account', address, 'code'])]),
    ...(paid ? [/** @type {[string, string]} */ (['Fees', 'The service pays them.'])] : []),
    ...(stands && !dead ? [/** @type {[string, string]} */ (['Can be sent for', `${stands.left} more ${stands.left === 1 ? 'block' : 'blocks'}`])] : []),
  ], [
    [paid ? 'Account: proposes and authorizes' : 'Account: proposes, pays and authorizes', address, 'code'],
    ...(paid ? [/** @type {[string, string, string]} */ (['Payer', '0x' + digits(/** @type {Uint8Array} */ (t.payer)), 'code'])] : []),
    ['Its key', `${t.key}, sequence number ${t.sequence}`],
    ['Reference block', digits(t.block), 'code'], ['Most computation', String(t.gas)], ['SHA-256 of the script', said.hash, 'code'],
    ['Script', new TextDecoder().decode(t.script), 'code pre'], ['Challenge', digits(j.challenge), 'code'],
  ]);
  /** @type {HTMLDetailsElement} */ ($('review-more')).open = !said.known;
  const { sponsor } = session.flow.config;
  const offered = sponsor && j.wanted && sponsor.address.replace(/^0x/, '') !== digits(t.account);
  $('pays').hidden = !(offered && sponsor.scripts.includes(said.hash));
  $('pays-not').hidden = !(offered && !sponsor.scripts.includes(said.hash));
  input('paid').checked = paid;
  await drawSignatures(j, dead);
}

/** @param {Job} j @param {string} title @param {string[]} cautions @param {[string, string, string?][]} what @param {[string, string, string?][]} details */
function draw(j, title, cautions, what, details) {
  job = j;
  $('review-title').textContent = title;
  $('cautions').replaceChildren(...cautions.map((c) => element('li', c)));
  $('cautions').hidden = !cautions.length;
  rows('review-rows', what);
  rows('review-details', details);
  for (const id of ['again', 'pays', 'pays-not']) $(id).hidden = true;
  show('review');
  status();
}

/** Who has signed, and who is asked next. @param {Job} j @param {Trouble} [dead] why nobody is */
async function drawSignatures(j, dead) {
  const have = weigh(j);
  const keys = next(j);
  const reach = have + weigh(j, able(j)) >= WEIGHT;
  const alone = !have && keys.length === 1 && keys[0].weight >= WEIGHT;
  $('together').hidden = alone || (Boolean(dead) && !have);
  $('signed-by').replaceChildren(...j.signatures.map((s) => element('li', `Key ${s.key} has signed: ${weigh(j, j.account.keys.filter((k) => k.index === s.key))} of ${WEIGHT}.`)));
  $('signed-by').hidden = !j.signatures.length;
  $('still').textContent = dead || complete(j) ? ''
    : have >= WEIGHT ? `Key ${j.t?.key} proposes it and has to sign, too.`
    : !reach ? `${WEIGHT - have} ${have ? 'more ' : ''}are needed, and the keys that are left are no passkeys: hand the text over to “postern flow tx sign”.`
    : have ? `${WEIGHT - have} more are needed.`
    : `Keys that weigh ${WEIGHT} together have to sign.`;
  if (j.signatures.length) $('pays').hidden = $('pays-not').hidden = true; // who pays is signed
  $('sign').hidden = Boolean(dead) || (!keys.length && !complete(j));
  $('sign').textContent = alone ? 'Sign with your passkey' : complete(j) ? 'Send it' : `Sign with ${keyNames(keys.map((k) => k.index), 'or')}`;
  const hands = j.t && j.signatures.length > 0 && !complete(j) && !dead;
  $('hand-box').hidden = !hands;
  if (hands && j.t) {
    const text = digits(gathered(j.t, j.signatures).bytes);
    $('hand-link').textContent = link('flow', 'sign', await packed(btoa(text), []));
    $('hand-text').textContent = text;
    drawCode('hand-code', $('hand-link').textContent ?? '');
  }
  if (dead) problem(explain(dead));
}

/** Proves that the account which is open is one's own. */
export async function prove() {
  const { flow } = session;
  const owner = /** @type {import('./chain.js').Owner} */ (session.owner);
  const [asks, account] = [await flow.asksProof(owner), await flow.look(owner.address)];
  const j = { account, challenge: asks.challenge, proof: asks, signatures: [], done: 'The account is yours' };
  draw(j, 'Prove that the account is yours', [], [['To', asks.app], ['Account', '0x' + digits(owner.address), 'code'], ['What happens', 'Nothing is sent to the chain. Who asked learns that you have the account’s key.']],
    [['Nonce', asks.nonce, 'code'], ['Challenge', digits(asks.challenge), 'code']]);
  await drawSignatures(j);
}

on('paid', 'change', () => task('Reading the account…', async () => {
  if (job?.wanted && !job.signatures.length) await review(job.wanted, input('paid').checked);
}));

on('sign', 'click', () => {
  const j = job;
  const keys = j && !complete(j) ? next(j) : [];
  const prompt = keys.length === 1 && weigh(/** @type {Job} */ (j), keys) < WEIGHT ? `Waiting for the passkey of key ${keys[0].index}…` : asked;
  return task(prompt, async (signal) => {
    if (!j) throw new Trouble('There is nothing to sign.', 'Go back.');
    const { flow, owner } = session;
    if (!complete(j)) {
      const own = owner && keys.length === 1 && keys[0].index === owner.key && equal(owner.address, j.account.address);
      j.signatures.push(await flow.signedBy(keys, j.challenge, signal, own ? [owner.id] : undefined));
      kept(LAST, '0x' + digits(j.account.address)); // not before: a link of somebody else's names no account of ours
      if (j.wanted?.brings) await session.used().catch(() => {}); // whatever comes of it, no later passkey replaces this one; without an offer the page asks to be reloaded
      if (!complete(j)) {
        await drawSignatures(j);
        return status(`Key ${j.signatures[j.signatures.length - 1].key} has signed.`);
      }
    }
    if (j.proof && owner) {
      answered('The server looks at the proof…');
      await flow.prove(owner, j.proof.nonce, j.signatures);
      return finished(j.done, [['Account', '0x' + digits(owner.address), 'code'], ['Shown to', j.proof.app]]);
    }
    await deliver(j);
  }, { ceremony: true });
});

on('again', 'click', () => task('Sending…', () => deliver(/** @type {Job} */ (job))));

/** Refusals after which the same transaction can be sent later. */
const LATER = ['paid_often', 'paid_enough', 'other_paid', 'sequence_early', 'not_ready'];

/** @param {Job} j */
async function deliver(j) {
  answered('Sending, and waiting until it is sealed…');
  const t = /** @type {import('./transaction.js').Transaction} */ (j.t);
  const signed = (j.signed ??= gathered(t, j.signatures));
  $('hand-box').hidden = $('pays').hidden = true;
  let result;
  try {
    result = sponsored(t) ? await session.flow.sponsor(t, signed) : await session.flow.send(signed);
  } catch (e) {
    const code = e instanceof Refused ? String(e.code) : 'chain_failed';
    const unclear = code === 'chain_failed' || code === 'busy';
    $('sign').hidden = true; // what may be on its way is not signed anew
    $('again').hidden = !(unclear || LATER.includes(code));
    if (!unclear || e instanceof Trouble && !(e instanceof Refused)) throw e;
    throw new Trouble('It is not known whether the transaction was taken.', 'Send the same one again: it runs once.', e);
  }
  if (result.failure || result.status !== 'Sealed') finished('The transaction did nothing', [['Transaction', result.id, 'code'], ['Status', result.status], ['Why', result.failure]]);
  else finished(j.done, [['Transaction', result.id, 'code'], ['Status', 'Sealed'], ...(sponsored(t) ? [/** @type {[string, string]} */ (['Fees', 'The service has paid them.'])] : [])]);
}

/** @param {string} title @param {[string, string, string?][]} what */
function finished(title, what) {
  job = undefined;
  $('done-title').textContent = title;
  rows('done-rows', what);
  show('done');
  status();
}

on('hand-copy', 'click', () => copy($('hand-link').textContent ?? '', 'Link'));
on('hand-copy-text', 'click', () => copy($('hand-text').textContent ?? '', 'Text'));
for (const id of ['review-back', 'done-back']) on(id, 'click', () => task('Reading the account…', () => session.home()));
