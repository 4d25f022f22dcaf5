// @ts-check
/** What a session key may do, in sentences: those of package grant, on granting, on opening and on revoking. */
import { keccak } from './abi.js';
import { checksum } from './account.js';
import { equal, fromHex, toBigInt, toHex } from './bytes.js';
import { CONDITIONS, label, paramAt, parseFunction, selector, signature, written } from './functions.js';
import { ANY, NOT_MESSAGES, NOT_OPS, asked, lookup, messagesClosed } from './policies.js';

/**
 * @typedef {import('./policies.js').Grant} Grant
 * @typedef {import('./policies.js').Permission} Permission
 * @typedef {import('./policies.js').Policy} Policy
 * @typedef {import('./policies.js').Rule} Rule
 * @typedef {import('./functions.js').Fn} Fn
 * @typedef {import('./functions.js').Param} Param
 * @typedef {{tokens?: import('./policies.js').Token[], zone?: string, coin?: string}} Style zone: of times; coin: of the chain
 */

/** Functions that every wallet knows, by selector. */
const WELL_KNOWN = new Map([
  'transfer(address to, uint256 amount)',
  'approve(address spender, uint256 amount)',
  'increaseAllowance(address spender, uint256 amount)',
  'decreaseAllowance(address spender, uint256 amount)',
  'increaseApproval(address spender, uint256 amount)',
  'approveAndCall(address spender, uint256 amount)',
  'approveAndCall(address spender, uint256 amount, bytes data)',
  'approve(address token, address spender, uint160 amount, uint48 expiration)',
  'authorizeOperator(address operator)',
  'transferFrom(address from, address to, uint256 amount)',
  'setApprovalForAll(address operator, bool approved)',
  'safeTransferFrom(address from, address to, uint256 tokenId)',
  'safeTransferFrom(address from, address to, uint256 tokenId, bytes data)',
  'permit(address owner, address spender, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)',
  'deposit()',
  'withdraw(uint256 amount)',
].map(parseFunction).map((f) => [selector(f), f]));

/** Where the functions of a token have an amount of it. @type {Record<string, number>} */
const AMOUNT_AT = {
  'transfer(address,uint256)': 32, 'approve(address,uint256)': 32, 'increaseAllowance(address,uint256)': 32,
  'decreaseAllowance(address,uint256)': 32, 'increaseApproval(address,uint256)': 32, 'approveAndCall(address,uint256)': 32, 'approveAndCall(address,uint256,bytes)': 32, 'transferFrom(address,address,uint256)': 64, 'withdraw(uint256)': 0,
};

/** The function that everybody knows by the selector, or else the permission's own, if the selector is its. @param {Permission} q @returns {Fn | undefined} */
export function functionOf(q) {
  const known = WELL_KNOWN.get(/** @type {import('./bytes.js').Hex} */ (q.selector));
  return known ?? (q.fn && selector(q.fn) === q.selector ? q.fn : undefined);
}

/** @param {bigint} amount @param {number} decimals */
export function formatUnits(amount, decimals) {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return decimals ? digits.slice(0, -decimals) + (fraction && '.' + fraction) : digits;
}

/** @param {Grant} g @param {Style} [style] @returns {string[]} */
export function words(g, style = {}) {
  const { tokens = g.tokens ?? [], zone = g.zone ?? 'UTC', coin = 'ETH' } = style;
  return new Writer(tokens, zone, coin).grant(g);
}

class Writer {
  /** @param {import('./policies.js').Token[]} tokens @param {string} zone @param {string} coin */
  constructor(tokens, zone, coin) {
    this.tokens = tokens;
    this.zone = zone;
    this.coin = coin;
  }

  /** @param {Grant} g */
  grant(g) {
    return [...((g.flag ?? 0) & NOT_OPS ? ['May not send operations.'] : this.operations(g)), this.messages(g)];
  }

  /** @param {Grant} g @returns {string[]} */
  operations(g) {
    const free = !g.policies.some((p) => p.kind === 'call' && asked(p, NOT_OPS));
    return [
      ...(free ? ['May do everything that the owner may do: call any contract with any amount, and change the account itself.'] : []),
      ...g.policies.flatMap((p) => {
        if (!asked(p, NOT_OPS)) return p.kind === 'signature-caller' || p.kind === 'sudo' ? [] : [`A ${p.kind} policy is there, but is not asked about operations: it limits nothing.`];
        const strange = !lookup(p.contract) && p.kind !== 'unknown';
        return [...(strange ? [`The next line is what a ${p.kind} policy says; this one is at ${p.contract}, a contract nobody here knows.`] : []), ...this.policy(p)];
      }),
    ];
  }

  /** @param {Policy} p @returns {string[]} */
  policy(p) {
    switch (p.kind) {
      case 'call': return p.permissions.length ? p.permissions.map((q) => this.permission(q)) : ['May call nothing.'];
      case 'gas': {
        const by = p.enforcePaymaster && p.paymaster !== ANY ? `, and the paymaster ${p.paymaster} must pay for it` : '';
        return [`All operations together may cost at most ${this.amount(p.allowed)} in fees, counted at their limits; gas of a paymaster is not counted${by}.`];
      }
      case 'rate-limit': return [this.rate(p)];
      case 'timestamp': return [this.window(p)];
      case 'unknown': return [`A policy contract that nobody here knows, ${p.contract}, says what else is allowed (${p.data.length} bytes of parameters: ${toHex(p.data.slice(0, 64))}).`];
      default: return [];
    }
  }

  /** @param {Permission} q */
  permission(q) {
    const f = functionOf(q);
    const target = q.target === ANY ? 'any contract' : this.address(q.target);
    const verb = q.callType === 0 ? 'May call' : q.callType === 0xff ? 'May run in the account\'s own name (delegatecall), with full power over it,'
      : `May make a ${q.callType === 1 ? 'batch call' : `call type 0x${q.callType.toString(16).padStart(2, '0')}`}, which nothing ever is, of`;
    let out = `${verb} the function ${q.selector} of ${target}`;
    if (f) out = `${verb} ${written(f)} of ${target}`;
    else if (q.selector === '0x00000000' && q.callType === 0) out = `May send ${this.coin} to ${q.target === ANY ? 'anyone' : target} without data, or with data that begins with 0x00000000`;
    q.rules.forEach((r, i) => (out += (i ? ' and ' : ', if ') + ruleWords(f, r, this.amounts(q, f))));
    if (q.callType === 0xff) return out + '.';
    return out + (q.valueLimit ? `; sends at most ${this.amount(q.valueLimit)} with each call, without a total.` : `; sends no ${this.coin}.`);
  }

  /** Writes numbers of a token's own functions in its units. @param {Permission} q @param {Fn | undefined} f */
  amounts(q, f) {
    const token = this.token(q.target);
    const at = f && AMOUNT_AT[signature(f)];
    return (/** @type {Param} */ p, /** @type {bigint} */ n) => (token && at === p.offset ? `${formatUnits(n, token.decimals)} ${token.symbol}` : '');
  }

  /** @param {import('./policies.js').RatePolicy} p */
  rate(p) {
    const uses = plural(p.count, 'operation');
    if (p.reset) return `At most ${uses} within ${span(p.interval)}, again and again.`;
    if (!p.startAt) return p.interval ? `At most ${uses} in total; the interval of ${span(p.interval)} is not enforced, since there is no start.` : `At most ${uses} in total.`;
    return p.interval ? `At most ${uses} in total, one every ${span(p.interval)} from ${this.time(p.startAt)} on; what is not used adds up.` : `At most ${uses} in total, not before ${this.time(p.startAt)}.`;
  }

  /** @param {import('./policies.js').TimePolicy} p */
  window({ validAfter, validUntil }) {
    if (!validUntil) return validAfter ? `From ${this.time(validAfter)} on, without an end.` : 'At any time.';
    return validAfter ? `From ${this.time(validAfter)} until ${this.time(validUntil)}.` : `Until ${this.time(validUntil)}.`;
  }

  /** Who may ask about signatures (ERC-1271). @param {Grant} g */
  messages(g) {
    if (messagesClosed(g)) return 'May not sign messages.';
    const always = ' The time window, the calls and the budget do not count for messages.';
    for (const p of g.policies) {
      if (p.kind === 'signature-caller' && asked(p, NOT_MESSAGES)) return `May sign messages where ${p.callers.map((a) => this.address(a)).join(' or ')} asks, also such as move tokens.${always}`;
    }
    return `May sign messages of any kind for any contract, also such as allow others to take tokens.${always}`;
  }

  /** @param {string} address */
  token(address) {
    return this.tokens.find((t) => t.address.toLowerCase() === address.toLowerCase());
  }

  /** @param {string} a */
  address(a) {
    const token = this.token(a);
    return token ? `${token.symbol} (${a})` : a;
  }

  /** @param {bigint} wei */
  amount(wei) {
    return `${formatUnits(wei, 18)} ${this.coin}`;
  }

  /** In the person's zone and in UTC. @param {number} unix */
  time(unix) {
    if (unix > 2 ** 38) return `the year 10000 or later (${unix} seconds)`;
    const utc = `${clock(unix, 'UTC')} UTC`;
    return this.zone === 'UTC' ? utc : `${clock(unix, this.zone)} ${this.zone} (${utc})`;
  }
}

/** The person's. */
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** @param {number} unix @param {string} zone */
export function clock(unix, zone) {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' }).formatToParts(unix * 1000);
  const part = (/** @type {string} */ type) => parts.find((p) => p.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')}`;
}

/** @param {number} n @param {string} what */
export const plural = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;

/** In the largest unit that divides it. @param {number} seconds */
export function span(seconds) {
  for (const [name, size] of /** @type {[string, number][]} */ ([['day', 86400], ['hour', 3600], ['minute', 60]])) if (seconds && seconds % size === 0) return plural(seconds / size, name);
  return plural(seconds, 'second');
}

/** What must hold. @param {Fn | undefined} f @param {Rule} r @param {(p: Param, n: bigint) => string} amount in a unit, or '' */
export function ruleWords(f, r, amount = () => '') {
  const p = paramAt(f, r.offset);
  const name = f && p ? label(f, p) : `the word at byte ${r.offset} of the arguments`;
  if (r.condition === 7) {
    if (r.params.length !== 3) return `${name} is compared in a way that cannot hold`;
    const [start, length] = r.params.map(BigInt);
    let what = `have the keccak256 hash ${r.params[2].toLowerCase()}`;
    if (r.slice && toHex(keccak(r.slice)) === r.params[2]) what = `are ${p?.type === 'string' ? quoted(new TextDecoder().decode(r.slice)) : toHex(r.slice)}`;
    return `the ${length} bytes of ${name} from byte ${start} on ${what}`;
  }
  if (r.condition === 6) return `${name} is one of [${r.params.map((w) => valueWords(p, w, amount)).join(', ')}]`;
  if (r.params.length !== 1) return `${name} is compared in a way that cannot hold`;
  return `${name} ${CONDITIONS[r.condition] ?? `condition ${r.condition}`} ${valueWords(p, r.params[0], amount)}`;
}

/** A word as its type has it, or bare. @param {Param | undefined} p @param {string} word @param {(p: Param, n: bigint) => string} amount */
function valueWords(p, word, amount) {
  const b = fromHex(word, 32);
  const n = toBigInt(b);
  const type = p?.type ?? '';
  if (type === 'address' && n >> 160n === 0n) return checksum(toHex(b.slice(12)));
  if (type === 'bool' && n <= 1n) return String(n === 1n);
  if (/^bytes\d+$/.test(type) && equal(b.subarray(Number(type.slice(5))), new Uint8Array(32 - Number(type.slice(5))))) return toHex(b.slice(0, Number(type.slice(5))));
  if (/^uint\d+$/.test(type)) return amount(/** @type {Param} */ (p), n) || n.toString();
  if (/^int\d+$/.test(type)) return BigInt.asIntN(256, n).toString();
  return toHex(b);
}

/** As Go quotes a text in ASCII. @param {string} text */
const quoted = (text) => '"' + Array.from(text, (c) => {
  const code = /** @type {number} */ (c.codePointAt(0));
  const short = /** @type {Record<string, string>} */ ({ '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '"': '\\"', '\\': '\\\\' })[c];
  if (short) return short;
  if (code < 32 || code === 127) return '\\x' + code.toString(16).padStart(2, '0');
  return code < 127 ? c : code < 0x10000 ? '\\u' + code.toString(16).padStart(4, '0') : '\\U' + code.toString(16).padStart(8, '0');
}).join('') + '"';

/** What an error, or a finding, says, as a sentence. @param {unknown} e */
export function sentence(e) {
  const text = /** @type {Error} */ (e).message;
  return text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}
