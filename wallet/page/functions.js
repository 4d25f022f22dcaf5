// @ts-check
/**
 * Functions of contracts as people write them, and conditions on their parameters:
 * transfer(address to, uint256 amount) where amount <= 5 USDC and to in [0x…, 0x…].
 * The language of package grant's policy files.
 */
import { keccak } from './abi.js';
import { MalformedError, fromHex, toBigInt, toHex, utf8 } from './bytes.js';
import { ANY, wordOf } from './policies.js';
import { parseAddress } from './words.js';

/**
 * @typedef {{type: string, name: string, words: number, offset: number}} Param words: room in the call's data, 0 where a word points to the value; offset: bytes behind the selector
 * @typedef {{name: string, params: Param[]}} Fn
 * @typedef {import('./policies.js').Token} Token
 * @typedef {import('./policies.js').Rule} Rule
 */

/** The conditions, as numbered on the chain. */
export const CONDITIONS = ['=', '>', '<', '>=', '<=', '!=', 'in', 'slice ='];
const [EQUAL, NOT_EQUAL, ONE_OF, SLICE] = [0, 5, 6, 7];

const [MOST_TEXT, MOST_PARAMS, MOST_DEPTH, MOST_WORDS, MOST_RULES, MOST_VALUES] = [16384, 64, 8, 65536, 64, 256];

/** What is wrong with an expression, in a sentence. @param {string} what @param {string} way @returns {never} */
function fail(what, way) {
  throw new MalformedError(`${what}: ${way}.`);
}

/** @param {Fn} f */
export const signature = (f) => `${f.name}(${f.params.map((p) => p.type)})`;

/** As a person reads it. @param {Fn} f */
export const written = (f) => `${f.name}(${f.params.map((p) => p.type + (p.name && ' ' + p.name)).join(', ')})`;

/** @param {Fn} f */
export const selector = (f) => toHex(keccak(utf8(signature(f))).slice(0, 4));

/** The parameter's name, or its number. @param {Fn} f @param {Param} p */
export const label = (f, p) => p.name || '$' + f.params.indexOf(p);

/** The parameter whose word is at an offset. @param {Fn | undefined} f @param {number} offset */
export const paramAt = (f, offset) => f?.params.find((p) => p.offset === offset && p.words <= 1);

const isName = (/** @type {string} */ s) => /^[A-Za-z_$][\w$]*$/.test(s);
const small = (/** @type {string} */ s, /** @type {number} */ top) => (/^(0|[1-9]\d{0,5})$/.test(s) && Number(s) <= top ? Number(s) : -1);

/** Words of an expression: names and numbers, operators, brackets, quoted texts (which keep their opening quote). */
class Scanner {
  /** @param {string} text */
  constructor(text) {
    if (utf8(text).length > MOST_TEXT) fail('the expression is too long', 'split it into several permissions');
    /** @type {string[]} */ this.words = [];
    this.at = 0;
    const pattern = /[ \t\r\n]+|"([^"]*)"|[=<>!]=|[\w$][\w$.]*|[()[\],=<>!:*.]/y;
    while (pattern.lastIndex < text.length) {
      const from = pattern.lastIndex;
      const m = pattern.exec(text);
      if (!m) return fail(text[from] === '"' ? 'a quoted text does not end' : `the character ${JSON.stringify(text[from])} means nothing here`, 'use plain letters, digits and the operators = != < <= > >= in');
      if (m[1] !== undefined) this.words.push('"' + m[1]);
      else if (m[0].trim()) this.words.push(m[0]);
    }
  }

  peek() {
    return this.words[this.at] ?? '';
  }

  next() {
    return this.words[this.at++] ?? '';
  }

  /** @param {string} want */
  expect(want) {
    const got = this.next();
    if (got !== want) fail(`expected ${want}, found ${got || 'the end'}`, `write ${want}`);
  }

  /** @returns {Fn} */
  fn() {
    if (this.peek() === 'function') this.next();
    const name = this.next();
    if (!isName(name)) fail(`expected the function’s name, found ${name || 'the end'}`, 'write a name of letters and digits');
    return { name, params: this.params({ left: MOST_PARAMS }, 0) };
  }

  /** @param {{left: number}} budget @param {number} depth @returns {Param[]} */
  params(budget, depth) {
    this.expect('(');
    /** @type {Param[]} */ const out = [];
    let offset = 0;
    while (this.peek() !== ')') {
      if (out.length) this.expect(',');
      if (--budget.left < 0 || depth > MOST_DEPTH) fail('too many parameters, or levels of tuples', 'a smaller function');
      const p = this.param(budget, depth);
      p.offset = offset;
      if ((offset += 32 * Math.max(p.words, 1)) > 32 * MOST_WORDS) fail('the parameters take too many words', 'such a call fits into no block');
      if (p.name && out.some((q) => q.name === p.name)) fail(`two parameters are called ${p.name}`, 'give each its own name');
      out.push(p);
    }
    this.next();
    return out;
  }

  /** @param {{left: number}} budget @param {number} depth @returns {Param} */
  param(budget, depth) {
    const p = { type: '', name: '', words: 1, offset: 0 };
    if (this.peek() === 'tuple') this.next();
    if (this.peek() === '(') {
      const fields = this.params(budget, depth + 1);
      if (!fields.length) fail('a tuple without fields', 'leave it out');
      p.words = fields.some((f) => !f.words) ? 0 : fields.reduce((n, f) => n + f.words, 0);
      p.type = `(${fields.map((f) => f.type)})`;
    } else {
      const word = this.next();
      p.type = elementary(word) ?? fail(`${word || 'the end'} is no type`, 'write a type such as address, uint256, bool, bytes32, string or bytes');
      if (p.type === 'bytes' || p.type === 'string') p.words = 0;
    }
    for (let levels = 0; this.peek() === '['; levels++) {
      this.next();
      if (levels > MOST_DEPTH) fail('too many levels of arrays', 'a smaller function');
      if (this.peek() !== ']') {
        const word = this.next();
        const n = small(word, MOST_WORDS);
        if (n < 1 || (p.words *= n) > MOST_WORDS) fail(`${word} is no length of an array`, 'write a number from 1 to 65536, or nothing');
        p.type += `[${word}]`;
      } else {
        p.words = 0;
        p.type += '[]';
      }
      this.expect(']');
    }
    while (['calldata', 'memory', 'payable'].includes(this.peek())) this.next();
    if (isName(this.peek())) p.name = this.next();
    return p;
  }

  end() {
    if (this.at < this.words.length) fail(`${this.peek()} after the end`, 'leave it out, or join conditions with “and”');
  }
}

/** A type's canonical name. @param {string} t */
function elementary(t) {
  if (['address', 'bool', 'string', 'bytes'].includes(t)) return t;
  if (t === 'uint' || t === 'int') return t + '256';
  const m = /^(u?int|bytes)(\d+)$/.exec(t);
  if (!m) return undefined;
  const n = small(m[2], m[1] === 'bytes' ? 32 : 256);
  return n >= (m[1] === 'bytes' ? 1 : 8) && (m[1] === 'bytes' || n % 8 === 0) ? t : undefined;
}

/** @param {string} text */
export function parseFunction(text) {
  const s = new Scanner(text);
  const f = s.fn();
  s.end();
  return f;
}

/**
 * An expression as the permission to call that function. Throws a sentence.
 * @param {string} text @param {string} target ANY for any contract @param {Token[]} [tokens]
 * @returns {import('./policies.js').Permission}
 */
export function parseCall(text, target, tokens = []) {
  const s = new Scanner(text);
  const fn = s.fn();
  /** @type {Rule[]} */ const rules = [];
  if (s.peek() === 'where') {
    do {
      s.next();
      rules.push(rule(s, fn, target, tokens));
      if (rules.length > MOST_RULES) fail(`more than ${MOST_RULES} conditions`, 'allow fewer things at once');
    } while (s.peek() === 'and');
    if (s.peek() === 'or') fail('the call policy knows no “or”', 'use in [ … ] for several values of one parameter');
  }
  s.end();
  rules.sort((a, b) => a.offset - b.offset);
  return { callType: 0, target, selector: selector(fn), valueLimit: 0n, rules, fn };
}

/** @param {Scanner} s @param {Fn} f @param {string} target @param {Token[]} tokens @returns {Rule} */
function rule(s, f, target, tokens) {
  const name = s.next();
  const p = f.params.find((q, i) => name && (q.name === name || '$' + i === name)) ?? fail(`${f.name} has no parameter ${name || 'there'}`, `the parameters are ${written(f)}; one without a name is $0, $1, …`);
  const out = { condition: EQUAL, offset: p.offset, params: /** @type {string[]} */ ([]) };
  if (s.peek() === '[') return slice(s, f, p, out);
  if (p.words !== 1 || /[\])]$/.test(p.type)) fail(`${label(f, p)} is a ${p.type}`, p.type === 'bytes' || p.type === 'string' ? `compare a slice of it, ${label(f, p)}[0:4] = …` : 'only values of one word can be compared');
  const op = s.next();
  if (op === 'in') {
    out.condition = ONE_OF;
    s.expect('[');
    do {
      const w = value(s, p, target, tokens);
      if (out.params.includes(w)) fail('the value stands there twice', 'write each value once');
      out.params.push(w);
      if (out.params.length > MOST_VALUES) fail(`more than ${MOST_VALUES} values`, 'allow fewer values');
    } while (s.peek() === ',' && s.next());
    s.expect(']');
    return out;
  }
  out.condition = CONDITIONS.indexOf(op === '==' ? '=' : op);
  if (out.condition < 0 || out.condition > NOT_EQUAL) fail(`${op || 'the end'} is no comparison`, 'write = != < <= > >= or in');
  if (out.condition !== EQUAL && out.condition !== NOT_EQUAL && !p.type.startsWith('uint')) fail(`${label(f, p)} is a ${p.type}, which has no order here`, p.type.startsWith('int') ? 'the contract compares without a sign, and a negative number is huge there' : 'compare it with = or !=, or in [ … ]');
  out.params.push(value(s, p, target, tokens));
  return out;
}

/** A value of a parameter's type, as the word that stands for it. @param {Scanner} s @param {Param} p @param {string} target @param {Token[]} tokens */
function value(s, p, target, tokens) {
  const text = s.next();
  const token = tokens.find((t) => t.symbol === text);
  if (p.type === 'address') return wordOf(toBigInt(fromHex(token?.address ?? anAddress(text), 20)));
  if (p.type === 'bool') {
    if (text !== 'true' && text !== 'false') fail(`${text || 'the end'} is no bool`, 'write true or false');
    return wordOf(text === 'true' ? 1 : 0);
  }
  if (p.type.startsWith('bytes')) {
    const size = Number(p.type.slice(5));
    if (!new RegExp(`^0x[0-9a-fA-F]{${2 * size}}$`).test(text)) fail(`${text || 'the end'} is no ${p.type}`, `write 0x and ${2 * size} hexadecimal digits`);
    return text.toLowerCase().padEnd(66, '0');
  }
  const n = amount(s, text, target, tokens);
  const bits = Number(p.type.replace(/^u?int/, '')) - (p.type.startsWith('u') ? 0 : 1);
  if (n >> BigInt(bits)) fail(`${n} does not fit into ${p.type}`, 'write a smaller number');
  return wordOf(n);
}

/** @param {string} text */
function anAddress(text) {
  try {
    return /^0x0{40}$/.test(text) ? text : parseAddress(text);
  } catch (e) {
    return fail(`${text || 'the end'} is no address`, /** @type {Error} */ (e).message.replace(/\.$/, ''));
  }
}

/** @param {Scanner} s @param {string} text @param {string} target @param {Token[]} tokens */
function amount(s, text, target, tokens) {
  const unit = isName(s.peek()) && !['and', 'or'].includes(s.peek()) ? s.next() : '';
  const [is, other] = [tokens.find((t) => t.symbol === unit), tokens.find((t) => same(t.address, target))];
  if (is && !same(is.address, target)) {
    if (same(target, ANY)) fail(`an amount in ${unit}, but the call may go to any contract`, 'name one token as the target');
    if (other) fail(`an amount in ${unit}, but the call goes to ${other.symbol}`, `write the amount in ${other.symbol}`);
  }
  return parseUnits(text, unit, tokens);
}

const same = (/** @type {string} */ a, /** @type {string} */ b) => a.toLowerCase() === b.toLowerCase();
const COINS = /** @type {Record<string, number>} */ ({ wei: 0, gwei: 9, ETH: 18 });

/** A number and its unit, in the smallest one. Throws a sentence. @param {string} number @param {string} unit @param {Token[]} [tokens] */
export function parseUnits(number, unit, tokens = []) {
  const decimals = unit ? (Object.hasOwn(COINS, unit) ? COINS[unit] : undefined) ?? tokens.find((t) => t.symbol === unit)?.decimals : 0;
  if (decimals === undefined) return fail(`there is no token ${unit}`, 'name it with its address; the chain’s coin is ETH, gwei or wei');
  if (!unit && /^0x[0-9a-fA-F]{1,64}$/.test(number)) return BigInt(number);
  if (number.length > 120 || !/^\d+(_\d+)*(\.\d+(_\d+)*)?$/.test(number)) return fail(`${number || 'nothing'} is no amount`, 'write digits, at most one point, and _ between digits');
  const [whole, fraction = ''] = number.replaceAll('_', '').split('.');
  if (fraction.length > decimals) return fail(`${number} ${unit} is finer than the smallest unit`, unit ? `write at most ${decimals} digits behind the point` : 'write a unit behind it, such as ETH or a token’s symbol');
  const n = BigInt(whole + fraction.padEnd(decimals, '0'));
  return n >> 256n ? fail(`${number} ${unit} does not fit into 256 bits`, 'write a smaller amount') : n;
}

/** [start:end] = value of a dynamic parameter. @param {Scanner} s @param {Fn} f @param {Param} p @param {Rule} out @returns {Rule} */
function slice(s, f, p, out) {
  if (p.type !== 'bytes' && p.type !== 'string') fail(`${label(f, p)} is a ${p.type}`, 'only bytes and string have slices');
  s.next();
  const start = small(s.next(), MOST_TEXT);
  s.expect(':');
  const end = small(s.next(), MOST_TEXT);
  s.expect(']');
  const op = s.next();
  const text = s.next();
  const quoted = text.startsWith('"') && p.type === 'string';
  if ((op !== '=' && op !== '==') || start < 0 || (!quoted && (p.type !== 'bytes' || !/^0x(?:[0-9a-fA-F]{2})+$/.test(text)))) fail(`${text || 'the end'} is no value of a slice`, 'write name[start:end] = "text" for a string, = 0x… for bytes');
  const is = quoted ? utf8(text.slice(1)) : fromHex(text);
  if (is.length !== end - start || !is.length) fail(`the slice [${start}:${end}] and ${is.length} bytes`, 'write as many bytes as the slice has');
  return { ...out, condition: SLICE, slice: is, params: [wordOf(start), wordOf(is.length), toHex(keccak(is))] };
}
