// @ts-check
/** The form in which an owner chooses guardians: groups, whose word counts how much, how long they wait. */
import { DAY, problems, sorted, weightOf } from '../guardians.js';
import { nameOf, setupWords } from '../guardianwords.js';
import { passkeySigner } from '../account.js';
import { fromBase64url, fromHex, toHex } from '../bytes.js';
import { carried } from '../grant/share.js';
import { on } from '../task.js';
import { $, element, input } from '../view.js';
import { parseAddress } from '../words.js';
import { call, called, named } from './names.js';
import { session } from './session.js';

/** @typedef {import('../guardians.js').Setup} Setup @typedef {import('../guardians.js').Tier} Tier */
/** @typedef {{text: string, weight: string}} Person @typedef {{delay: string, was: Was, threshold: string, guardians: Person[], open?: boolean}} Draft open: weights are on view */
/** What a field showed at first, and the exact seconds that this stands for. @typedef {[string, number] | undefined} Was */

/** @type {Draft[]} */ let tiers = [];
/** Of the fields that are there once. @type {Record<string, Was>} */ let were = {};
/** @type {{account: string, signers: Uint8Array[]}} */ let about = { account: '', signers: [] };

const MOST_TIERS = 4;
const MOST = 16;

/** A guardian as people pass one on: an address, or the link or text of the page "Become somebody's guardian". Throws a sentence. @param {string} given @returns {Uint8Array} */
export function parseGuardian(given) {
  const t = carried(given, 'guardian').trim();
  if (!t) throw new Error('Enter an address or a guardian’s link.');
  if (/^0x[0-9a-f]{40}$/i.test(t)) return fromHex(parseAddress(t), 20);
  const b = /^0x[0-9a-f]{42,}$/i.test(t) ? read(() => fromHex(t)) : /^[A-Za-z0-9_-]{28,1400}$/.test(t) ? read(() => fromBase64url(t)) : undefined;
  if (!b || b.length < 20 || b.length > 1024) throw new Error('That is neither an address nor a guardian’s link.');
  return b;
}

/** @param {() => Uint8Array} f */
function read(f) {
  try {
    return f();
  } catch {
    return undefined;
  }
}

/** Seconds as a field shows them: days, with hundredths where it is hours. @param {number} seconds */
const inDays = (seconds) => String(Number((seconds / DAY).toFixed(2)));

/** A field's seconds: what it showed at first is not rounded. Throws a sentence. @param {string} text @param {Was} [was] */
function secondsOf(text, was) {
  const t = text.trim();
  if (was && t === was[0]) return was[1];
  if (!/^\d{1,4}(\.\d{1,2})?$/.test(t)) throw new Error('Write a number of days.');
  return Math.round(Number(t) * 24) * 3600;
}

/** A new form: of the setup in force, or of a fresh one. @param {Setup | undefined} s @param {string} account @param {Uint8Array[]} signers of the account */
export function draw(s, account, signers) {
  about = { account, signers };
  tiers = s ? s.tiers.map((t) => {
    const guardians = t.guardians.map((g) => ({ text: toHex(g.signer), weight: String(g.weight) }));
    return { delay: inDays(t.delay), was: [inDays(t.delay), t.delay], threshold: String(t.threshold), guardians, open: weighted(guardians) };
  }) : [{ delay: '7', was: undefined, threshold: '2', guardians: [empty(), empty(), empty()] }];
  const usual = !s || s.changeDelay === Math.min(...s.tiers.map((t) => t.delay)) + DAY;
  const expiry = s?.expiry ?? 30 * DAY;
  const set = (/** @type {string} */ id, /** @type {number | undefined} */ seconds) => {
    input(id).value = seconds === undefined ? '' : inDays(seconds);
    were[id] = seconds === undefined ? undefined : [input(id).value, seconds];
  };
  were = {};
  set('freeze-days', s?.freeze || 14 * DAY);
  set('expiry-days', expiry);
  set('change-days', usual ? undefined : s.changeDelay);
  input('freeze-on').checked = !!s?.freeze;
  $('freeze-box').hidden = !s?.freeze;
  /** @type {HTMLDetailsElement} */ ($('setup-more')).open = !usual || expiry !== 30 * DAY;
  drawTiers();
  $('setup-preview').hidden = $('setup-problems').hidden = true;
}

const empty = () => ({ text: '', weight: '1' });

/** @param {Person[]} guardians */
const weighted = (guardians) => guardians.some((g) => g.weight.trim() !== '1');

function drawTiers() {
  $('tiers').replaceChildren(...tiers.map((t, i) => {
    const box = /** @type {HTMLFieldSetElement} */ (element('fieldset', '', 'card'));
    box.append(element('legend', i ? `Tier ${i + 1}, slower` : 'Tier 1'));
    t.guardians.forEach((g, j) => box.append(guardianField(t, i, j, g)));
    const add = element('button', 'One more', 'small');
    add.setAttribute('type', 'button');
    add.id = `more-${i}`;
    add.hidden = t.guardians.length >= MOST;
    add.addEventListener('click', () => {
      t.guardians.push(empty());
      drawTiers();
      document.getElementById(`guardian-${i}-${t.guardians.length - 1}`)?.focus();
      changed();
    });
    const pair = element('div', '', 'pair');
    const threshold = numberField(`threshold-${i}`, needed(t), t.threshold, (v) => (t.threshold = v));
    const says = () => (/** @type {HTMLElement} */ (threshold.firstChild).textContent = needed(t));
    pair.append(threshold, numberField(`delay-${i}`, 'Days that you can object', t.delay, (v) => (t.delay = v)));
    box.append(add, pair, weightFields(t, i, says));
    if (i) {
      const drop = element('button', 'Without this tier', 'small');
      drop.setAttribute('type', 'button');
      drop.addEventListener('click', () => {
        tiers.splice(i, 1);
        drawTiers();
        changed();
      });
      box.append(drop);
    }
    return box;
  }));
  $('add-tier').hidden = tiers.length >= MOST_TIERS;
}

/** @param {Draft} t */
const needed = (t) => (weighted(t.guardians) ? 'Weight that must agree' : 'How many must agree');

/** Whose word counts for more: out of the way until somebody's does. @param {Draft} t @param {number} i @param {() => void} says that a weight has changed */
function weightFields(t, i, says) {
  const box = /** @type {HTMLDetailsElement} */ (element('details'));
  box.id = `weights-${i}`;
  box.hidden = t.guardians.length < 2 && !weighted(t.guardians); // one alone weighs what it has to
  box.open = !!t.open;
  box.addEventListener('toggle', () => (t.open = box.open));
  box.append(element('summary', 'Let one count for more than another'), element('p', 'Everybody’s word weighs 1 unless you say otherwise. Those who agree must reach the weight above together.', 'hint'));
  const grid = element('div', '', 'pair');
  grid.append(...t.guardians.map((g, j) => numberField(`weight-${i}-${j}`, `Weight of guardian ${j + 1}`, g.weight, (v) => {
    g.weight = v;
    says();
  })));
  box.append(grid);
  return box;
}

/** @param {Draft} t @param {number} i @param {number} j @param {Person} g */
function guardianField(t, i, j, g) {
  const box = element('div', '', 'stack');
  const id = `guardian-${i}-${j}`;
  const label = element('label', `Guardian ${j + 1}`);
  label.setAttribute('for', id);
  const field = document.createElement('input');
  Object.assign(field, { id, className: 'code', autocomplete: 'off', spellcheck: false, placeholder: '0x… or a link', value: g.text });
  field.setAttribute('autocapitalize', 'off');
  field.setAttribute('aria-describedby', `${id}-error`);
  const error = element('p', '', 'field-error');
  error.id = `${id}-error`;
  const hint = element('p', '', 'hint');
  const row = element('div', '', 'row nowrap');
  const drop = element('button', '×', 'small');
  drop.setAttribute('type', 'button');
  drop.setAttribute('aria-label', `Without guardian ${j + 1}`);
  drop.hidden = t.guardians.length < 2;
  drop.addEventListener('click', () => {
    t.guardians.splice(j, 1);
    drawTiers();
    changed();
  });
  row.append(field, drop);
  const name = document.createElement('input');
  Object.assign(name, { id: `${id}-name`, autocomplete: 'off', maxLength: 40, placeholder: 'What you call them' });
  name.setAttribute('aria-label', `What you call guardian ${j + 1}; it stays in this browser`);
  name.addEventListener('change', () => {
    const b = read(() => parseGuardian(g.text));
    if (b) call(b, name.value);
    later();
  });
  box.append(label, row, name, error, hint);
  const says = () => {
    const b = g.text.trim() ? read(() => parseGuardian(g.text)) : undefined;
    hint.textContent = !b ? '' : passkeySigner(b) && g.text.includes(`${location.origin}/`) ? 'A passkey of this same website: if this website goes, that guardian goes with it.' : '';
    hint.hidden = !hint.textContent;
    if (b && !name.value) name.value = called(b);
    else if (b) call(b, name.value);
  };
  field.addEventListener('input', () => {
    g.text = field.value;
  });
  field.addEventListener('change', () => {
    setTimeout(says, SETTLE);
    later();
  });
  says();
  return box;
}

/** @param {string} id @param {string} text @param {string} value @param {(v: string) => void} write */
function numberField(id, text, value, write) {
  const box = element('div', '', 'stack');
  const label = element('label', text);
  label.setAttribute('for', id);
  label.id = `${id}-label`;
  const field = document.createElement('input');
  Object.assign(field, { id, inputMode: 'numeric', autocomplete: 'off', value });
  field.setAttribute('aria-describedby', `${id}-error`);
  const error = element('p', '', 'field-error');
  error.id = `${id}-error`;
  field.addEventListener('input', () => write(field.value));
  field.addEventListener('change', later);
  box.append(label, field, error);
  return box;
}

on('add-tier', 'click', () => {
  tiers.push({ delay: String(Math.ceil(Number(tiers.at(-1)?.delay) || 7) + 23), was: undefined, threshold: '1', guardians: [empty()] });
  drawTiers();
  changed();
});
on('freeze-on', 'change', () => {
  $('freeze-box').hidden = !input('freeze-on').checked;
  changed();
});
for (const field of ['freeze-days', 'expiry-days', 'change-days']) on(field, 'change', later);

/** What the form says, as far as it can be read. @param {boolean} complain @returns {Setup | undefined} */
function draft(complain) {
  let good = true;
  /** @param {string} id @param {() => any} f */
  const field = (id, f) => {
    try {
      const value = f();
      mark(id, '');
      return value;
    } catch (e) {
      if (complain) mark(id, /** @type {Error} */ (e).message);
      good = false;
      return undefined;
    }
  };
  const whole = (/** @type {string} */ text, /** @type {string} */ words) => {
    if (!/^\d{1,20}$/.test(text.trim())) throw new Error(words);
    return BigInt(text.trim());
  };
  const once = (/** @type {string} */ name) => field(name, () => secondsOf(input(name).value, were[name]));
  const read_ = tiers.map((t, i) => ({
    delay: field(`delay-${i}`, () => secondsOf(t.delay, t.was)),
    threshold: field(`threshold-${i}`, () => whole(t.threshold, 'Write how many.')),
    guardians: t.guardians.map((g, j) => ({ weight: field(`weight-${i}-${j}`, () => whole(g.weight, 'Write a whole number.')), signer: field(`guardian-${i}-${j}`, () => parseGuardian(g.text)) })),
  }));
  const freeze = input('freeze-on').checked ? once('freeze-days') : 0;
  const expiry = once('expiry-days');
  const change = input('change-days').value.trim() ? once('change-days') : Math.min(...read_.map((t) => t.delay)) + DAY;
  return good ? sorted({ expiry, changeDelay: change, freeze, tiers: read_ }) : undefined;
}

/** @param {string} id @param {string} words */
function mark(id, words) {
  const [error, field] = [document.getElementById(`${id}-error`), document.getElementById(id)];
  if (error) error.textContent = words;
  if (words) field?.setAttribute('aria-invalid', 'true');
  else field?.removeAttribute('aria-invalid');
}

/** A click that leaves a field must hit what it was aimed at: nothing moves before it is over. Milliseconds. */
const SETTLE = 300;
/** @type {ReturnType<typeof setTimeout> | undefined} */ let waiting;

function later() {
  clearTimeout(waiting);
  waiting = setTimeout(changed, SETTLE);
}

/** The setup in words while it is written, and what is wrong with it. */
function changed() {
  clearTimeout(waiting);
  const s = draft(false);
  $('setup-preview').hidden = !s;
  $('setup-problems').hidden = true;
  if (!s) return;
  $('setup-preview').replaceChildren(...setupWords(s).map((w) => element('li', named(w, s.tiers.flatMap((t) => t.guardians.map((g) => g.signer))))));
  complain(s);
}

/** @param {Setup} s whether it is refused */
function complain(s) {
  const wrong = problems(s, about.account, about.signers, { module: session.chain.module ?? '', verifier: session.chain.verifier });
  const texts = [...new Set([...wrong.map(({ field, why }) => `${where(field, s)}${why}.`), ...(wrong.length ? [] : s.tiers.flatMap(doubts))])];
  $('setup-problems').replaceChildren(...texts.map((w) => element('li', w)));
  $('setup-problems').hidden = !texts.length;
  return wrong.length > 0;
}

/** Who could do it alone, and without whom nobody can. @param {Tier} t @param {number} i @returns {string[]} */
function doubts(t, i) {
  if (t.guardians.length < 2) return [];
  const all = weightOf(t);
  const alone = t.guardians.filter((g) => g.weight >= t.threshold);
  const vital = t.guardians.filter((g) => all - g.weight < t.threshold && g.weight < t.threshold);
  const who = (/** @type {import('../guardians.js').Guardian[]} */ list) => list.map((g) => called(g.signer) || nameOf(g.signer)).join(' and ');
  return [
    ...(alone.length === t.guardians.length ? ['One guardian of a tier is enough: each of them alone could begin to take your account, and you would have to object in time.']
      : alone.length ? [`Tier ${i + 1}: ${who(alone)} alone could begin to take your account, and you would have to object in time.`] : []),
    ...(!vital.length ? [] : vital.length === t.guardians.length ? [`Tier ${i + 1}: all of them must agree. If one of them loses a key, this tier cannot help you any more.`]
      : [`Tier ${i + 1}: without ${who(vital)} the others are too few. If that key is lost, this tier cannot help you any more.`]),
  ];
}

/** @param {string} field @param {Setup} s */
function where(field, s) {
  const m = /^tiers\[(\d)\](?:\.guardians\[(\d+)\])?/.exec(field);
  if (!m) return { freeze: 'Freeze: ', changeDelay: 'Changes: ', expiry: 'Recoveries: ' }[field] ?? '';
  const signer = m[2] && s.tiers[Number(m[1])].guardians[Number(m[2])].signer;
  return `Tier ${Number(m[1]) + 1}${signer ? `, ${signer.length < 20 ? 'a guardian' : called(signer) || nameOf(signer)}` : ''}: `;
}

/** The setup, when it can be signed; else the form says what is wrong. @returns {Setup | undefined} */
export function edited() {
  const s = draft(true);
  if (!s) {
    const field = /** @type {HTMLElement | null} */ (document.querySelector('#setup-form [aria-invalid="true"]'));
    for (let box = field?.closest('details'); box; box = box.parentElement?.closest('details')) box.open = true;
    field?.focus();
    return undefined;
  }
  changed();
  return complain(s) ? undefined : s;
}
