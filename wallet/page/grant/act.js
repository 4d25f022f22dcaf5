// @ts-check
/** What a session key may do, as a form: one choice for each call that its limits allow, and fields for what the limits leave open. */
import { encode } from '../abi.js';
import { concat, fromHex, toHex } from '../bytes.js';
import { label, parseUnits } from '../functions.js';
import { ANY } from '../policies.js';
import { formatUnits, functionOf } from '../policywords.js';
import { $, element, fieldError, input } from '../view.js';
import { parseAddress, parseEther } from '../words.js';

/**
 * @typedef {import('../policies.js').Permission} Permission
 * @typedef {import('../policies.js').Token} Token
 * @typedef {import('../functions.js').Param} Param
 * @typedef {{id: string, label: string, hint?: string, value?: string, code?: boolean, parse: (text: string) => any}} Field
 */

/** @type {{permission: Permission, fields: Field[]}[]} */ let choices = [];

/** Where a token's functions have an amount of it. */
const AMOUNT = /** @type {Record<string, number>} */ ({ '0xa9059cbb': 32, '0x095ea7b3': 32, '0x23b872dd': 64 });

/** @param {Permission[]} permissions @param {Token[]} tokens */
export function offer(permissions, tokens) {
  choices = permissions.filter((q) => q.callType === 0).map((permission) => ({ permission, fields: fieldsOf(permission, tokens) }));
  $('what').replaceChildren(...choices.map(({ permission: q }, i) => {
    const token = tokens.find((t) => t.address.toLowerCase() === q.target.toLowerCase());
    const f = functionOf(q);
    const where = q.target === ANY ? '' : ` ${q.selector === '0x00000000' ? 'to' : 'of'} ${token?.symbol ?? `${q.target.slice(0, 8)}…${q.target.slice(-4)}`}`;
    const what = q.selector === '0x00000000' ? 'Send ETH' : token && q.selector === '0xa9059cbb' ? `Send ${token.symbol}` : `Call ${f?.name ?? q.selector}`;
    const option = /** @type {HTMLOptionElement} */ (element('option', what + (what.startsWith('Send ') && token ? '' : where)));
    option.value = String(i);
    return option;
  }));
  $('act-form').hidden = !choices.length;
  draw();
}

/** @param {Permission} q @param {Token[]} tokens @returns {Field[]} */
function fieldsOf(q, tokens) {
  const f = functionOf(q);
  const token = tokens.find((t) => t.address.toLowerCase() === q.target.toLowerCase());
  const simple = f?.params.every((p) => /^(address|bool|string|bytes\d*|u?int\d+)$/.test(p.type));
  return [
    ...(q.target === ANY ? [{ id: 'act-to', label: q.selector === '0x00000000' ? 'To' : 'Contract', code: true, parse: parseAddress }] : []),
    ...(f && simple ? f.params.map((p, i) => param(p, i, q, label(f, p), token && AMOUNT[q.selector] === p.offset ? token : undefined)) : []),
    ...(q.selector !== '0x00000000' && !f ? [{ id: 'act-fn', label: 'Function, if you know it', hint: `As its contract has it, name(type name, …): its selector must be ${q.selector}.`, code: true, parse: String }] : []),
    ...(q.selector !== '0x00000000' && !simple ? [{ id: 'act-data', label: 'Calldata', hint: `It begins with ${q.selector}.`, code: true, value: q.selector, parse: (/** @type {string} */ t) => {
      if (!/^0x(?:[0-9a-f]{2})+$/i.test(t) || !t.toLowerCase().startsWith(q.selector)) throw new Error(`Write hexadecimal digits that begin with ${q.selector}.`);
      return fromHex(t);
    } }] : []),
    ...(q.valueLimit ? [{ id: 'act-value', label: 'Amount in ETH', hint: `At most ${formatUnits(q.valueLimit, 18)}.`, parse: (/** @type {string} */ t) => (q.selector !== '0x00000000' && !t.trim() ? 0n : parseEther(t)) }] : []),
  ];
}

/** @param {Param} p @param {number} i @param {Permission} q @param {string} name @param {Token} [token] @returns {Field} */
function param(p, i, q, name, token) {
  const fixed = q.rules.find((r) => r.offset === p.offset && r.params.length === 1 && (r.condition === 0 || r.condition === 6));
  const most = token && q.rules.find((r) => r.offset === p.offset && r.condition === 4);
  const value = fixed && (p.type === 'address' ? '0x' + fixed.params[0].slice(26) : p.type.startsWith('uint') ? (token ? formatUnits(BigInt(fixed.params[0]), token.decimals) : String(BigInt(fixed.params[0]))) : undefined);
  return {
    id: `act-p${i}`, label: token ? `Amount in ${token.symbol}` : `${name} (${p.type})`, code: p.type === 'address' || p.type.startsWith('bytes'), value,
    hint: most && token ? `At most ${formatUnits(BigInt(most.params[0]), token.decimals)}.` : undefined,
    parse: (t) => valueOf(p, t.trim(), token),
  };
}

/** @param {Param} p @param {string} t @param {Token} [token] */
function valueOf(p, t, token) {
  if (p.type === 'address') return parseAddress(t);
  if (p.type === 'string') return t;
  if (p.type === 'bool') {
    if (t !== 'true' && t !== 'false') throw new Error('Write true or false.');
    return t === 'true';
  }
  if (p.type.startsWith('bytes')) {
    const size = p.type.slice(5);
    if (!/^0x(?:[0-9a-f]{2})*$/i.test(t) || (size && t.length !== 2 + 2 * Number(size))) throw new Error(`Write 0x and ${size ? 2 * Number(size) : 'pairs of'} hexadecimal digits.`);
    return fromHex(t);
  }
  const bits = Number(p.type.replace(/\D+/, ''));
  if (p.type.startsWith('int')) {
    if (!/^-?\d+$/.test(t) || BigInt.asIntN(bits, BigInt(t)) !== BigInt(t)) throw new Error(`Write a whole number of ${bits} bits.`);
    return BigInt.asUintN(256, BigInt(t));
  }
  const n = parseUnits(t, token ? token.symbol : '', token ? [token] : []);
  if (n >> BigInt(bits)) throw new Error('That number is too large.');
  return n;
}

/** The permission that is chosen, to call a function that has no name here; undefined for others. */
export const unnamed = () => choices[Number(input('what').value)]?.fields.some((f) => f.id === 'act-fn') ? choices[Number(input('what').value)].permission : undefined;

/** Draws the fields of the choice. */
export function draw() {
  const { fields } = choices[Number(input('what').value)] ?? { fields: [] };
  $('act-error').textContent = '';
  $('fields').replaceChildren(...fields.map((f) => {
    const box = element('div', '', 'stack');
    const name = element('label', f.label);
    name.setAttribute('for', f.id);
    const field = document.createElement('input');
    Object.assign(field, { id: f.id, name: f.id, autocomplete: 'off', spellcheck: false, value: f.value ?? '' });
    field.setAttribute('autocapitalize', 'off');
    if (f.code) field.className = 'code';
    const error = element('p', '', 'field-error');
    error.id = `${f.id}-error`;
    field.setAttribute('aria-describedby', error.id);
    box.append(name, ...(f.hint ? [element('p', f.hint, 'hint')] : []), field, error);
    return box;
  }));
}

/** The call that the form says; undefined, with the fields marked, if it says none. @returns {import('../kernel.js').Call | undefined} */
export function read() {
  const { permission: q, fields } = choices[Number(input('what').value)];
  /** @type {Record<string, any>} */ const said = {};
  /** @type {string | undefined} */ let wrong;
  for (const f of fields) {
    fieldError(f.id);
    try {
      said[f.id] = f.parse(input(f.id).value);
    } catch (e) {
      wrong ??= f.id;
      fieldError(f.id, /** @type {Error} */ (e).message);
    }
  }
  if (wrong) {
    input(wrong).focus();
    return undefined;
  }
  const f = functionOf(q);
  const types = f?.params.map((p) => p.type.replace(/^int\d+$/, 'uint256')) ?? [];
  const data = said['act-data'] ?? (q.selector === '0x00000000' ? new Uint8Array() : concat(fromHex(q.selector), encode(types, types.map((_, i) => said[`act-p${i}`]))));
  return { to: said['act-to'] ?? q.target, value: said['act-value'] ?? 0n, data: toHex(data) };
}
