// @ts-check
/** One question of an audit as a field: yes, no, a name, or nothing. */
import { element } from '../view.js';
import { asked, named, state, stated } from './facts.js';

/**
 * @typedef {import('./facts.js').Facts} Facts
 * @typedef {import('./facts.js').Question} Question
 * @typedef {{id: string, kind: string, label: string, assumed?: boolean}} Domain
 */

/** What to choose from, where that is not a name. "Apart" asks the other way round. @type {Record<string, [string, unknown][]>} */
const CHOICES = {
  apart: [['Yes, it does', false], ['No, nothing', true]],
  offline: [['Yes', true], ['No', false]],
  sealed: [['Yes', true], ['No', false]],
  exportable: [['Yes', true], ['No', false]],
  roaming: [['Yes', true], ['No', false]],
  cloud: [['None: it never leaves its device', false]],
  secret: [['Nothing', false]],
};

/** Names that people write. @type {Record<string, [string, string, string]>} field: kind of domain, choice, example */
const NAMES = {
  cloud: ['cloud', 'Another account…', 'My Apple account'],
  secret: ['secret', 'Something else…', 'My phone’s passcode'],
  devices: ['device', '', 'My phone, my laptop'],
  'rp-id': ['rp-id', '', 'wallet.example'],
};

let count = 0;

/**
 * @param {Question} q @param {Facts} facts @param {Domain[]} domains that the report has
 * @param {(change: (f: Facts) => void) => void} answer
 */
export function ask(q, facts, domains, answer) {
  const { of, id, field } = /** @type {NonNullable<ReturnType<typeof asked>>} */ (asked(q));
  const now = stated(facts, of, id, field);
  const kind = of === 'domain' ? domains.find((d) => d.id === id)?.kind : undefined;
  const set = (/** @type {unknown} */ v) => answer((f) => state(f, of, id, field, v, kind));
  const box = element('div', '', 'question stack');
  const name = `fact-${of}-${id}-${field}`.replace(/[^\w-]/g, '_');
  const label = element('label', q.words);
  label.setAttribute('for', name);
  const about = element('p', now === undefined ? counted(q) : 'Answered.', 'hint');
  about.id = `${name}-about-${++count}`;
  const [of_, another, example] = NAMES[field] ?? [];
  const known = domains.filter((d) => d.kind === of_ && !d.assumed);
  const write = (/** @type {string} */ text) => {
    const names = field === 'devices' ? text.split(',').map((t) => t.trim()).filter(Boolean) : [text.trim()].filter(Boolean);
    if (!names.length) return set(undefined);
    answer((f) => {
      const ids = names.map((n) => named(f, field, n, domains));
      state(f, of, id, field, field === 'devices' ? ids : ids[0], kind);
    });
  };
  const text = document.createElement('input');
  text.autocomplete = 'off';
  text.maxLength = 120;
  text.placeholder = example ?? '';
  text.addEventListener('change', () => write(text.value));
  if (field === 'devices' || field === 'rp-id') {
    text.id = name;
    text.value = [now ?? []].flat().map((d) => titled(d, facts, domains)).join(', ');
    text.setAttribute('aria-describedby', about.id);
    box.append(label, text, about);
    return box;
  }
  const select = document.createElement('select');
  select.id = name;
  select.setAttribute('aria-describedby', about.id);
  /** @type {[string, unknown][]} */
  const choices = [['I do not know', undefined], ...(CHOICES[field] ?? []), ...known.map((d) => /** @type {[string, unknown]} */ ([d.label, d.id]))];
  for (const [words, value] of choices) {
    const option = element('option', words);
    if (value === now) option.setAttribute('selected', '');
    select.append(option);
  }
  if (another) select.append(element('option', another));
  text.hidden = true;
  text.setAttribute('aria-label', `Its name, for example: ${example}`);
  select.addEventListener('change', () => {
    const chosen = choices[select.selectedIndex];
    text.hidden = !!chosen;
    if (!chosen) return text.focus();
    const value = chosen[1];
    if (typeof value === 'string') write(chosen[0]);
    else set(value);
  });
  box.append(label, select, ...(another ? [text] : []), about);
  return box;
}

/** @param {string} id @param {Facts} facts @param {Domain[]} domains */
const titled = (id, facts, domains) => domains.find((d) => d.id === id)?.label ?? facts.domain.find((d) => d.id === id)?.name ?? id;

/** What is assumed as long as nobody answers. @param {Question} q */
function counted(q) {
  const tells = [q.singles?.length ? `The answer may take away ${q.singles.length} single point${q.singles.length === 1 ? '' : 's'} of failure.` : '', !q.singles?.length && q.rows?.length ? `The answer may better ${q.rows.length} outcome${q.rows.length === 1 ? '' : 's'}.` : ''].join('');
  return `Until then: ${q.counted}. ${tells}`.trim();
}
