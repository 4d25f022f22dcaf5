// @ts-check
/** The form in which an owner says what a session key may do. */
import { fromHex, toBigInt } from '../bytes.js';
import { parseCall, parseUnits } from '../functions.js';
import { ANY, CALL_LATEST, contractOf, wordOf } from '../policies.js';
import { sentence, zone } from '../policywords.js';
import { on } from '../task.js';
import { $, element, fieldError, input } from '../view.js';
import { parseAddress, parseEther } from '../words.js';
import { parseRequest } from './request.js';

/**
 * @typedef {import('../policies.js').Permission} Permission
 * @typedef {import('../policies.js').Policy} Policy
 * @typedef {{id: string, label: string, hint?: string, placeholder?: string, code?: boolean}} Field
 * @typedef {{title: string, fields: Field[], read: (values: Record<string, string>, chain: import('./chain.js').Kernel, fail: (field: string, e: unknown) => void) => Promise<Permission[]>}} Kind
 */

/** @param {string} text */
function anAddress(text) {
  if (!text.trim()) throw new Error('Enter the address.');
  return parseAddress(text);
}

/** Addresses that a person wrote, apart by commas, spaces or lines. @param {string} text */
const several = (text) => text.split(/[\s,;]+/).filter(Boolean).map(parseAddress);

/** @type {Record<string, Kind>} */
const KINDS = {
  eth: {
    title: 'Send ETH',
    fields: [
      { id: 'to', label: 'To', hint: 'One address, or several. Empty: anyone.', placeholder: '0x…', code: true },
      { id: 'limit', label: 'At most, ETH each time', placeholder: '0.1' },
    ],
    async read({ to, limit }, _, fail) {
      const [targets, valueLimit] = [attempt(fail, 'to', () => several(to)), attempt(fail, 'limit', () => parseEther(limit))];
      return (targets?.length ? targets : [ANY]).map((target) => ({ callType: 0, target, selector: '0x00000000', valueLimit: valueLimit ?? 0n, rules: [] }));
    },
  },
  token: {
    title: 'Send a token',
    fields: [
      { id: 'token', label: 'The token’s address', placeholder: '0x…', code: true },
      { id: 'limit', label: 'At most, each time', hint: 'In the token’s own unit: 5 means 5 USDC.', placeholder: '5' },
      { id: 'to', label: 'To', hint: 'One address, or several. Empty: anyone.', placeholder: '0x…', code: true },
    ],
    async read({ token, limit, to }, chain, fail) {
      const [address, targets] = [attempt(fail, 'token', () => anAddress(token)), attempt(fail, 'to', () => several(to))];
      if (!address || !targets) return [];
      try {
        const t = await chain.token(address);
        const most = attempt(fail, 'limit', () => parseUnits(limit.trim(), t.symbol, [t]));
        if (most === undefined) return [];
        const q = parseCall('transfer(address to, uint256 amount)', t.address, [t]);
        const word = (/** @type {string} */ a) => wordOf(toBigInt(fromHex(a, 20)));
        return [{ ...q, rules: [...(targets.length ? [{ condition: 6, offset: 0, params: targets.map(word) }] : []), { condition: 4, offset: 32, params: [wordOf(most)] }] }];
      } catch (e) {
        fail('token', e);
        return [];
      }
    },
  },
  call: {
    title: 'Call a function',
    fields: [
      { id: 'target', label: 'The contract’s address', placeholder: '0x…', code: true },
      { id: 'call', label: 'Function, and what must hold', hint: 'vote(uint256 id, uint8 choice) where choice <= 2 and id in [7, 8]', placeholder: 'name(type name, …) where …', code: true },
      { id: 'limit', label: 'At most, ETH each time', hint: 'Empty: it sends none.', placeholder: '0' },
    ],
    async read({ target, call, limit }, chain, fail) {
      const address = attempt(fail, 'target', () => anAddress(target));
      const valueLimit = limit.trim() ? attempt(fail, 'limit', () => parseEther(limit)) : 0n;
      const q = attempt(fail, 'call', () => {
        if (!call.trim()) throw new Error('Write the function, as in the example.');
        return parseCall(call, address ?? ANY, chain.tokens);
      });
      return q && address ? [{ ...q, valueLimit: valueLimit ?? 0n }] : [];
    },
  },
};

/** @template T @param {(field: string, e: unknown) => void} fail @param {string} field @param {() => T} read @returns {T | undefined} */
function attempt(fail, field, read) {
  try {
    return read();
  } catch (e) {
    fail(field, e);
    return undefined;
  }
}

let last = 0;

/** A card of the form. @param {string} kind */
export function addCard(kind) {
  const n = ++last;
  const { title, fields } = KINDS[kind];
  const card = document.createElement('fieldset');
  card.className = 'card';
  card.dataset.kind = kind;
  card.dataset.n = String(n);
  card.append(element('legend', title));
  for (const f of fields) {
    const id = `c${n}-${f.id}`;
    const label = element('label', f.label);
    label.setAttribute('for', id);
    const field = document.createElement('input');
    Object.assign(field, { id, name: id, autocomplete: 'off', spellcheck: false, placeholder: f.placeholder ?? '' });
    if (f.code) field.className = 'code';
    field.setAttribute('autocapitalize', 'off');
    const error = element('p', '', 'field-error');
    error.id = `${id}-error`;
    field.setAttribute('aria-describedby', error.id);
    const box = element('div', '', 'stack');
    box.append(label, ...(f.hint ? [element('p', f.hint, 'hint')] : []), field, error);
    card.append(box);
  }
  const remove = element('button', 'Leave it out', 'small');
  remove.setAttribute('type', 'button');
  remove.setAttribute('aria-label', `Leave out: ${title}`);
  remove.addEventListener('click', () => card.remove());
  card.append(remove);
  $('calls').append(card);
  return card;
}

for (const kind of Object.keys(KINDS)) on(`add-${kind}`, 'click', () => addCard(kind).querySelector('input')?.focus());

/** An empty form, for this request if there is one. @param {string} [request] */
export function reset(request = '') {
  $('calls').replaceChildren();
  for (const id of ['count', 'budget']) input(id).value = '';
  for (const id of ['key', 'until', 'count', 'budget']) fieldError(id);
  input('key').value = request;
  input('every').value = '0';
  input('messages').checked = false;
  const week = new Date(Date.now() + 7 * 86400_000);
  week.setSeconds(0, 0);
  input('until').value = new Date(week.getTime() - week.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  $('zone').textContent = `Times are in your time zone, ${zone()}.`;
}

/**
 * What the form says; undefined, with the fields marked, if it says nothing usable.
 * @param {import('./chain.js').Kernel} chain @returns {Promise<{key: import('../kernel.js').Root, policies: Policy[]} | undefined>}
 */
export async function read(chain) {
  /** @type {string[]} */ const wrong = [];
  const fail = (/** @type {string} */ id, /** @type {unknown} */ e) => {
    wrong.push(id);
    fieldError(id, sentence(e));
  };
  const field = (/** @type {string} */ id, /** @type {(text: string) => any} */ parse) => {
    fieldError(id);
    return attempt(fail, id, () => parse(input(id).value.trim()));
  };
  fieldError('key');
  const key = await parseRequest(input('key').value).catch((e) => fail('key', e));
  /** @type {Permission[]} */ const permissions = [];
  for (const card of /** @type {NodeListOf<HTMLElement>} */ ($('calls').querySelectorAll('fieldset'))) {
    const kind = KINDS[/** @type {string} */ (card.dataset.kind)];
    const prefix = `c${card.dataset.n}-`;
    for (const f of kind.fields) fieldError(prefix + f.id);
    permissions.push(...await kind.read(Object.fromEntries(kind.fields.map((f) => [f.id, input(prefix + f.id).value])), chain, (id, e) => fail(prefix + id, e)));
  }
  $('calls-error').textContent = $('calls').childElementCount ? '' : 'Say what the key may do: without a call it could do nothing.';
  const validUntil = field('until', (t) => {
    const at = Date.parse(t) / 1000;
    if (t && Number.isNaN(at)) throw new Error('That is no time.');
    return t ? Math.floor(at) : 0;
  });
  const interval = Number(input('every').value);
  const count = field('count', (t) => {
    if (!t && interval) throw new Error('Say how many in all, if they are to be apart.');
    if (t && !/^[1-9]\d{0,8}$/.test(t)) throw new Error('Write a whole number, or leave it empty.');
    return Number(t);
  });
  const allowed = field('budget', (t) => (t ? parseEther(t) : 0n));
  if (wrong.length || !key || !permissions.length) {
    if (wrong.length) input(wrong[0]).focus();
    return undefined;
  }
  const base = (/** @type {Policy['kind']} */ kind) => ({ kind, flag: 0, contract: contractOf(kind) });
  return {
    key,
    policies: /** @type {Policy[]} */ ([
      { ...base('call'), version: CALL_LATEST, permissions },
      ...(allowed ? [{ ...base('gas'), allowed, enforcePaymaster: false, paymaster: ANY }] : []),
      ...(count ? [{ ...base('rate-limit'), interval, count, startAt: interval ? Math.floor(Date.now() / 1000) : 0, reset: false }] : []),
      ...(validUntil ? [{ ...base('timestamp'), validAfter: 0, validUntil }] : []),
      ...(input('messages').checked ? [] : [{ ...base('signature-caller'), callers: [] }]),
    ]),
  };
}
