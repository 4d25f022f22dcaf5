// @ts-check
/**
 * An access node of Flow, by its REST interface (/v1), and a key indexer. Whatever they answer is read
 * strictly and within bounds; nothing of it is believed that can be checked here.
 */
import { MalformedError, equal, fromHex, utf8 } from '../page/bytes.js';
import { digits, parseAddress } from '../page/flow/transaction.js';
import { Trouble } from '../page/words.js';
import { networkOf } from './flowaccount.js';
import { parseJSON } from './strictjson.js';

/**
 * @typedef {{index: number, public: string, curve: string, hash: string, weight: number, sequence: bigint, revoked: boolean}} Key public: 128 digits
 * @typedef {{address: Uint8Array, balance: bigint, keys: Key[]}} Account balance: in units of 10⁻⁸ FLOW
 * @typedef {{status: string, failure: string, block: string}} Result
 * @typedef {'network' | 'timeout' | 'garbled' | 'refused' | 'missing'} Kind
 */

const LIMIT = 4_000_000; // bytes of a reply
const GOOD = 600n; // blocks that a reference block is good for
const CHAIN = /^flow-[a-z0-9-]{1,30}$/;
const STATUS = ['', 'Unknown', 'Pending', 'Finalized', 'Executed', 'Sealed', 'Expired'];

/** @type {Record<Kind, [string, string]>} */
const WORDS = {
  network: ['The access node does not answer this page.', 'Check its address and your connection. Some nodes answer programs and not web pages (CORS): then take another one.'],
  timeout: ['The access node did not answer in time.', 'Ask again, or take another node.'],
  garbled: ['The access node gave no usable answer.', 'Check its address, or take another node.'],
  refused: ['The access node said no.', 'Below is why, in its own words.'],
  missing: ['The access node does not know it.', 'Check the address, and that the node is of the right network.'],
};

/** A question without an answer, or with a no. */
export class AccessError extends Trouble {
  /** @param {Kind} kind @param {string} detail */
  constructor(kind, detail) {
    super(...WORDS[kind], new Error(detail));
    this.kind = kind;
  }
}

/** What somebody else wrote, for people: short, and with no characters that are not seen. @param {unknown} text */
export const quoted = (text) => String(text).replace(/[^\P{C}]|[\u2028\u2029]/gu, ' ').slice(0, 400);

/** @param {Uint8Array} b */
const base64 = (b) => btoa(Array.from(b, (v) => String.fromCharCode(v)).join(''));

/** @param {unknown} v @param {string} what @param {bigint} most */
function number(v, what, most) {
  if (typeof v !== 'string' || !/^(0|[1-9]\d{0,19})$/.test(v) || BigInt(v) > most) throw new MalformedError(`${what} is no number`);
  return BigInt(v);
}

/** @param {any} v @returns {any} */
function object(v) {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) throw new MalformedError('no object');
  return v;
}

const MOST64 = (1n << 64n) - 1n;

/** @param {any} k @returns {Key} */
function key(k) {
  const { index, public_key, signing_algorithm: curve, hashing_algorithm: hash, sequence_number, weight, revoked } = object(k);
  const p = /^(?:0x)?([0-9a-fA-F]{2,400})$/.exec(public_key)?.[1]; // 128 for what signs here
  if (!p || typeof curve !== 'string' || typeof hash !== 'string' || typeof revoked !== 'boolean') throw new MalformedError('a key of the account');
  return {
    index: Number(number(index, 'a key’s index', 0xffffffffn)), public: p.toLowerCase(), curve: quoted(curve), hash: quoted(hash), revoked,
    weight: Number(number(weight, 'a key’s weight', 1000n)), sequence: number(sequence_number, 'a key’s sequence number', MOST64),
  };
}

export class Access {
  /** @param {string} base without /v1 @param {string} chain @param {string} [indexer] */
  constructor(base, chain, indexer) {
    this.base = base;
    this.chain = chain;
    this.indexer = indexer;
  }

  /** The node that a person typed; which chain it says it is of. @param {string} typed @param {string} [indexer] */
  static async at(typed, indexer) {
    const { origin, pathname } = new URL(typed);
    const access = new Access(origin + pathname.replace(/\/+$/, '').replace(/\/v1$/, ''), '', indexer);
    access.chain = await read(access.ask('/network/parameters'), ({ chain_id: chain }) => {
      if (typeof chain !== 'string' || !CHAIN.test(chain)) throw new MalformedError('the network’s name');
      return chain;
    });
    return access;
  }

  /** @param {string} path @param {object} [body] @returns {Promise<any>} */
  ask(path, body) {
    return asked(`${this.base}/v1${path}`, body);
  }

  /** As of the latest sealed block. @param {Uint8Array} address @returns {Promise<Account>} */
  account(address) {
    return read(this.ask(`/accounts/${digits(address)}?block_height=sealed&expand=keys`), (a) => {
      if (a.address !== digits(address) && a.address !== '0x' + digits(address)) throw new MalformedError('it is of another account');
      if (!Array.isArray(a.keys)) throw new MalformedError('it has no list of keys');
      const keys = a.keys.map(key);
      if (new Set(keys.map((/** @type {Key} */ k) => k.index)).size !== keys.length) throw new MalformedError('a key occurs twice');
      return { address, balance: number(a.balance, 'the balance', MOST64), keys };
    });
  }

  /** A block; without an id the latest sealed one. @param {Uint8Array} [id] @returns {Promise<{id: Uint8Array, height: bigint}>} */
  block(id) {
    return read(this.ask(id ? `/blocks/${digits(id)}` : '/blocks?height=sealed'), (blocks) => {
      if (blocks.length !== 1) throw new MalformedError('not one block');
      const { id: own, height } = object(blocks[0].header);
      const found = fromHex('0x' + String(own).replace(/^0x/, ''), 32);
      if (id && !equal(id, found)) throw new MalformedError('another block');
      return { id: found, height: number(height, 'the height', MOST64) };
    }, Array.isArray);
  }

  /** Whether a transaction that no sealed block has is in none any more. @param {Uint8Array} reference its reference block */
  async expired(reference) {
    const [from, latest] = await Promise.all([this.block(reference), this.block()]);
    return latest.height > from.height + GOOD;
  }

  /** Runs a script that gives a UFix64. @param {string} script @param {object[]} args JSON-Cadence @returns {Promise<bigint>} in units of 10⁻⁸ */
  units(script, ...args) {
    const body = { script: base64(utf8(script)), arguments: args.map((a) => base64(utf8(JSON.stringify(a)))) };
    return read(this.ask('/scripts?block_height=sealed', body), (text) => {
      const { type, value } = parseJSON(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), 'no JSON');
      if (type !== 'UFix64' || !/^\d{1,12}\.\d{8}$/.test(value)) throw new MalformedError('no amount');
      return BigInt(value.replace('.', ''));
    }, (v) => typeof v === 'string' && v.length < 1000);
  }

  /**
   * Hands a transaction over; that the node had it already is no error.
   * @param {import('./flowaccount.js').Held} held
   */
  async send({ t, signatures, id }) {
    const account = digits(t.account);
    try {
      await read(this.ask('/transactions', {
        script: base64(t.script), arguments: t.args.map(base64), reference_block_id: digits(t.block), gas_limit: String(t.gas), payer: account,
        proposal_key: { address: account, key_index: String(t.key), sequence_number: String(t.sequence) }, authorizers: [account], payload_signatures: [],
        envelope_signatures: signatures.map((s) => ({ address: account, key_index: String(s.key), signature: base64(s.signature), ...(s.extension ? { extension_data: base64(s.extension) } : {}) })),
      }), (reply) => {
        if (String(reply.id).replace(/^0x/, '') !== id) throw new MalformedError(`it took ${quoted(reply.id)}, and yours is ${id}`);
      });
    } catch (e) {
      if (!(e instanceof AccessError) || e.kind !== 'refused' || !/has already been submitted/.test(String(/** @type {any} */ (e.cause).message))) throw e;
    }
  }

  /** What became of a transaction, as the node says. @param {string} id @returns {Promise<Result>} */
  result(id) {
    return read(this.ask(`/transaction_results/${id}`), (r) => {
      const { status, status_code: code, error_message: message = '', execution, block_id: block = '' } = r;
      if (!STATUS.includes(status) || !Number.isInteger(code) || typeof message !== 'string' || typeof block !== 'string') throw new MalformedError('the state of the transaction');
      const failed = message || code !== 0 || execution === 'Failure';
      return { status, failure: failed ? quoted(message || 'The node says no more.') : '', block: quoted(block) };
    });
  }

  /** Accounts of this network that an indexer knows by a key. @param {string} publicHex @returns {Promise<Uint8Array[]>} */
  async known(publicHex) {
    try {
      return await read(asked(`${String(this.indexer).replace(/\/+$/, '')}/${publicHex}`), ({ accounts }) => {
        if (!Array.isArray(accounts) || accounts.length > 100) throw new MalformedError('no list of at most 100 accounts');
        return [...new Set(accounts.map((a) => digits(parseAddress(object(a).address))))].map(parseAddress).filter((a) => networkOf(a) === this.chain);
      });
    } catch (e) {
      if (e instanceof AccessError && e.kind === 'missing') return [];
      throw e;
    }
  }
}

/** What an answer says; one that says nothing is an error of the node. @template T @param {Promise<any>} answer @param {(v: any) => T} how @param {(v: any) => boolean} [is] @returns {Promise<T>} */
async function read(answer, how, is = (v) => object(v) !== undefined) {
  const v = await answer;
  try {
    if (!is(v)) throw new MalformedError('of another kind');
    return how(v);
  } catch (e) {
    throw new AccessError('garbled', /** @type {Error} */ (e).message);
  }
}

/** One question, one answer: no other address than the one that was typed. @param {string} url @param {object} [body] @returns {Promise<any>} */
async function asked(url, body) {
  const signal = AbortSignal.timeout(20_000);
  /** @type {RequestInit} */ const how = { signal, redirect: 'manual', credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' };
  let reply, content;
  try {
    reply = await fetch(url, body === undefined ? how : { ...how, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    if (reply.type === 'opaqueredirect') throw new AccessError('garbled', 'it sends this page to another address');
    content = await bounded(reply);
  } catch (cause) {
    if (cause instanceof AccessError) throw cause;
    throw new AccessError(signal.aborted ? 'timeout' : 'network', String(/** @type {any} */ (cause)?.message ?? cause));
  }
  const { status } = reply;
  let value;
  try {
    value = parseJSON(content, 'no JSON');
  } catch (e) {
    throw new AccessError(status === 404 ? 'missing' : 'garbled', `status ${status}, ${/** @type {Error} */ (e).message}`);
  }
  if (status >= 200 && status < 300) return value;
  const said = quoted(typeof value?.message === 'string' ? value.message : '');
  throw new AccessError(status === 404 ? 'missing' : status >= 400 && status < 500 && said ? 'refused' : 'garbled', said || `status ${status}`);
}

/** A reply's bytes, up to the limit and no further. @param {Response} reply */
async function bounded(reply) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (reply.body ?? new Response('').body).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > LIMIT) {
      reader.cancel().catch(() => {});
      throw new AccessError('garbled', `its answer is longer than ${LIMIT / 1e6} MB`);
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (parts)).arrayBuffer());
}
