// @ts-check
/** The form in which an owner chooses guardians: groups, how many must agree, how long they wait. */
import { DAY, problems, sorted, weightOf } from '../guardians.js';
import { setupWords } from '../guardianwords.js';
import { passkeySigner } from '../account.js';
import { fromBase64url, fromHex, toHex } from '../bytes.js';
import { carried } from '../grant/share.js';
import { on } from '../task.js';
import { $, element, input } from '../view.js';
import { parseAddress } from '../words.js';
import { call, called, named } from './names.js';
import { session } from './session.js';

/** @typedef {import('../guardians.js').Setup} Setup @typedef {import('../guardians.js').Tier} Tier */
/** @typedef {{delay: string, threshold: string, guardians: {text: string, weight: bigint}[]}} Draft */

/** @type {Draft[]} */ let tiers = [];
let expiry = 30 * DAY;
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

/** A new form: of the setup in force, or of a fresh one. @param {Setup | undefined} s @param {string} account @param {Uint8Array[]} signers of the account */
export function draw(s, account, signers) {
  about = { account, signers };
  expiry = s?.expiry ?? 30 * DAY;
  tiers = s
    ? s.tiers.map((t) => ({ delay: String(t.delay / DAY), threshold: String(t.threshold), guardians: t.guardians.map((g) => ({ text: toHex(g.signer), weight: g.weight })) }))
    : [{ delay: '7', threshold: '2', guardians: [empty(), empty(), empty()] }];
  input('freeze-on').checked = !!s?.freeze;
  input('freeze-days').value = String(s?.freeze ? s.freeze / DAY : 14);
  $('freeze-box').hidden = !s?.freeze;
  drawTiers();
  $('setup-preview').hidden = $('setup-problems').hidden = true;
}

const empty = () => ({ text: '', weight: 1n });

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
    pair.append(numberField(`threshold-${i}`, t.guardians.some((g) => g.weight !== 1n) ? 'Weight that must agree' : 'How many must agree', t.threshold, (v) => (t.threshold = v)), numberField(`delay-${i}`, 'Days that you can object', t.delay, (v) => (t.delay = v)));
    box.append(add, pair);
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

/** @param {Draft} t @param {number} i @param {number} j @param {{text: string, weight: bigint}} g */
function guardianField(t, i, j, g) {
  const box = element('div', '', 'stack');
  const id = `guardian-${i}-${j}`;
  const label = element('label', `Guardian ${j + 1}${g.weight === 1n ? '' : ` (weighs ${g.weight})`}`);
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
  tiers.push({ delay: String(Number(tiers.at(-1)?.delay || 7) + 23), threshold: '1', guardians: [empty()] });
  drawTiers();
  changed();
});
on('freeze-on', 'change', () => {
  $('freeze-box').hidden = !input('freeze-on').checked;
  changed();
});
on('freeze-days', 'change', later);

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
  const days = (/** @type {string} */ text) => {
    if (!/^\d{1,4}(\.\d{1,2})?$/.test(text.trim())) throw new Error('Write a number of days.');
    return Math.round(Number(text) * 24) * 3600;
  };
  const freeze = input('freeze-on').checked;
  const read_ = tiers.map((t, i) => ({
    delay: field(`delay-${i}`, () => days(t.delay)),
    threshold: field(`threshold-${i}`, () => {
      if (!/^\d{1,19}$/.test(t.threshold.trim())) throw new Error('Write how many.');
      return BigInt(t.threshold.trim());
    }),
    guardians: t.guardians.map((g, j) => ({ weight: g.weight, signer: field(`guardian-${i}-${j}`, () => parseGuardian(g.text)) })),
  }));
  const frozen = freeze ? (/^\d{1,3}$/.test(input('freeze-days').value.trim()) ? Number(input('freeze-days').value) * DAY : undefined) : 0;
  if (!good || frozen === undefined) return undefined;
  const first = Math.min(...read_.map((t) => t.delay));
  return sorted({ expiry, changeDelay: first + DAY, freeze: frozen, tiers: read_ });
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
  const wrong = problems(s, about.account, about.signers, { module: session.chain.module ?? '', verifier: undefined });
  const texts = [...new Set(wrong.map(({ field, why }) => `${where(field)}${why}.`))];
  for (const t of s.tiers) if (weightOf(t) > 1n && t.threshold === 1n && t.guardians.length > 1) texts.push('One guardian of a tier is enough: each of them alone could begin to take your account, and you would have to object in time.');
  $('setup-problems').replaceChildren(...texts.map((w) => element('li', w)));
  $('setup-problems').hidden = !texts.length;
  return wrong.length > 0;
}

/** @param {string} field */
function where(field) {
  const m = /^tiers\[(\d)\](?:\.guardians\[(\d+)\])?/.exec(field);
  if (m) return `Tier ${Number(m[1]) + 1}${m[2] === undefined ? '' : ', a guardian'}: `;
  return field === 'freeze' ? 'Freeze: ' : field === 'changeDelay' ? 'Changes: ' : '';
}

/** The setup, when it can be signed; else the form says what is wrong. @returns {Setup | undefined} */
export function edited() {
  const s = draft(true);
  if (!s) {
    /** @type {HTMLElement | null} */ (document.querySelector('#setup-form [aria-invalid="true"]'))?.focus();
    return undefined;
  }
  changed();
  return complain(s) ? undefined : s;
}
