// @ts-check
/** The chain as this page sees it: our own accounts, their guardians, and what their owner may sign here. */
import { encodeCall, word } from '../abi.js';
import { Own } from '../approve.js';
import { checksum, decodeExecute } from '../account.js';
import { MalformedError, concat, equal, fromHex, quantity, toHex, uint, utf8 } from '../bytes.js';
import { summary } from '../deeds.js';
import { PROPOSED, cancel, cancelSetup, digest, install, parseSetup, readPending, readProposal, readProposed, readSetup, schedule } from '../guardians.js';
import { setupWords } from '../guardianwords.js';
import { RpcError, json } from '../rpc.js';
import { Trouble } from '../words.js';

/**
 * @typedef {import('../operate.js').Config & {auditUrl?: string, recovery?: string, flow?: object}} Config
 * @typedef {import('../guardians.js').Setup} Setup
 * @typedef {{tier: number, digest: Uint8Array, readyAt: number, expiresAt: number, block: number, recovery?: import('../guardians.js').Recovery}} Proposal recovery: its content, where the chain's logs tell it
 * @typedef {{setup: Setup, pending?: {setup: Setup, readyAt: number, expiresAt: number}, nonces: bigint[], any: bigint, proposals: Proposal[], frozenUntil: number, now: number}} State times in seconds, by the newest block
 */

/** The tier whose nonce a freeze has. */
const ANY = 0xffn;

/** Logs that are looked at; a node may send any number. */
const MOST_LOGS = 64;

export class Guarded extends Own {
  /** @param {Config} config @param {Uint8Array} rpIdHash */
  constructor(config, rpIdHash) {
    super(config, rpIdHash);
    this.auditUrl = config.auditUrl;
    /** The module; undefined until this page knows that it is on the chain. */
    this.module = /** @type {string | undefined} */ (undefined);
    /** P256Verifier, as the module knows it. */
    this.verifier = /** @type {string | undefined} */ (undefined);
    this.read = this.read.bind(this);
  }

  /** Asks whether the module is there. */
  async look() {
    const { recovery } = /** @type {Config} */ (this.config);
    if (!recovery || !await this.hasCode(recovery)) return;
    this.module = checksum(recovery);
    this.verifier = checksum(toHex((await this.ask_('p256Verifier()')).slice(12, 32)));
  }

  /** @override @param {import('../userop.js').UserOp} op */
  read(op) {
    return summary(op, this.entryPoint, this.id, (o) => this.said(o));
  }

  /** What the account is asked to do about its guardians. @param {import('../userop.js').UserOp} op @returns {import('../deeds.js').Said | undefined} */
  said(op) {
    const call = decodeExecute(op.callData);
    if (!call || call.value || !this.module) return undefined;
    const data = fromHex(call.data);
    const is = (/** @type {Uint8Array} */ b) => equal(b, data);
    if (call.to === checksum(op.sender)) {
      const setup = read(data.slice(4 + 128), (b) => parseSetup(b)); // the initialization data, whose length stands in front of it
      if (setup && is(install(this.module, setup))) return { sentence: 'Let guardians bring you back in', noun: 'operation that installs guardians', done: 'Your guardians are in place', rows: list(setupWords(setup)) };
      return undefined;
    }
    if (call.to !== this.module) return undefined;
    if (is(cancel())) return { sentence: 'Stop every recovery', noun: 'operation that stops recoveries', done: 'No recovery is waiting any more', rows: list(['Every recovery of your account that has been proposed is stopped, and everything that guardians have signed so far is void.']) };
    if (is(cancelSetup())) return { sentence: 'Drop the change of guardians', noun: 'operation that drops a change', done: 'The guardians stay as they are', rows: list(['The change that waits is forgotten. Your guardians stay as they are.']) };
    const setup = read(data.slice(4), (b) => parseSetup(b));
    if (!setup || !is(schedule(setup))) return undefined;
    if (!setup.tiers.length) return { sentence: 'Do without guardians', noun: 'operation that lets guardians go', done: 'Leaving your guardians is announced', rows: list(['After the delay for changes nobody guards your account. Until then you can drop the change.']) };
    return { sentence: 'Change the guardians', noun: 'operation that changes guardians', done: 'The change is announced', rows: list(['After the delay for changes this counts. Until then you can drop it.', ...setupWords(setup)]) };
  }

  /** @param {string} signature @param {...unknown} values */
  async ask_(signature, ...values) {
    return this.call(/** @type {string} */ (this.module), encodeCall(signature, ...values));
  }

  /** The time of the newest block, which is what delays are counted by. */
  async now() {
    return Number(quantity((await this.ask('eth_getBlockByNumber', 'latest', false))?.timestamp, 'the time of the block'));
  }

  /** Where an account stands. @param {string} account @returns {Promise<State>} */
  async standing(account) {
    if (!this.module) throw new Trouble('This chain has no guardians.', 'The contract that lets guardians recover accounts is not on it.');
    const [now, setup, pending, any, frozen] = await Promise.all([
      this.now(), this.ask_('setupOf(address)', account).then(readSetup), this.ask_('pendingSetupOf(address)', account).then(readPending),
      this.nonceOf(account, ANY),
      this.call(account, encodeCall('frozenUntil()')).then((b) => Number(word(b))).catch(() => 0), // accounts of earlier versions know no freeze
    ]);
    const tiers = await Promise.all(setup.tiers.map(async (_, tier) => ({ nonce: await this.nonceOf(account, BigInt(tier)), proposal: await this.proposal(account, tier) })));
    return { now, setup, any, frozenUntil: frozen, nonces: tiers.map((t) => t.nonce), proposals: tiers.flatMap((t) => t.proposal ?? []), ...(pending.readyAt && { pending }) };
  }

  /** @param {string} account @param {bigint} tier */
  async nonceOf(account, tier) {
    return word(await this.ask_('nonceOf(address,uint8)', account, tier));
  }

  /** @param {string} account @param {number} tier @returns {Promise<Proposal | undefined>} */
  async proposal(account, tier) {
    const p = readProposal(await this.ask_('proposalOf(address,uint8)', account, BigInt(tier)));
    return p && { tier, ...p, recovery: await this.content(account, tier, p).catch(() => undefined) };
  }

  /** What a proposal says, from the logs of the block it came in; held against its digest. @param {string} account @param {number} tier @param {{digest: Uint8Array, block: number}} p */
  async content(account, tier, p) {
    const topics = [toHex(PROPOSED), toHex(concat(new Uint8Array(12), fromHex(account, 20))), toHex(uint(tier, 32))];
    const block = '0x' + p.block.toString(16);
    // On some rollups a contract counts blocks otherwise than the node: then all of them are asked about.
    for (const [fromBlock, toBlock] of [[block, block], ['0x0', 'latest']]) {
      const logs = await this.ask('eth_getLogs', { fromBlock, toBlock, address: this.module, topics });
      for (const l of Array.isArray(logs) ? logs.slice(-MOST_LOGS) : []) {
        const recovery = read(fromHex(l?.data), readProposed);
        if (recovery && equal(digest({ kind: 'recover', ...recovery }, this.id, /** @type {string} */ (this.module)), p.digest)) return recovery;
      }
    }
    return undefined;
  }

  /**
   * What would lock an account, and what would lose it, as the server works it out.
   * @param {string} account @param {object | string} [facts] @param {import('./passkeys.js').Kept} [passkeys] what the passkey server has told
   * @param {string[]} [with_] proposals that are counted as made
   */
  async audit(account, facts, passkeys, with_ = []) {
    if (!this.auditUrl) throw new Trouble('This server cannot tell what would lock an account.', 'Start a newer “postern up”, or use “postern audit” on the command line.');
    const reply = await json(this.auditUrl, { account, facts, with: with_, passkeys: passkeys && told(passkeys, [facts, with_]) }).catch((e) => {
      if (e instanceof RpcError && e.kind === 'refused') throw new Trouble(sentence(e.message), sentence(e.hint ?? 'try again'));
      throw e;
    });
    if (!Array.isArray(reply.report?.rows) || reply.report.format !== 'postern-audit-1') throw new Trouble('The server’s report cannot be read.', 'Reload this page; it may be of another version than the server.');
    return reply;
  }
}

/** What the server takes, bytes, without what is around facts and passkeys. */
const ROOM = 65_000;

/**
 * What the audit reads of it: it computes the words anew. Where the histories are too long for
 * one request, their ends stay: what a passkey signed last is what counts.
 * @param {import('./passkeys.js').Kept} kept @param {object | string} [facts] and whatever else goes along
 */
export function told(kept, facts) {
  const size = (/** @type {unknown} */ x) => utf8(JSON.stringify(x) ?? '').length;
  const room = ROOM - size(facts);
  const all = kept.passkeys.map(({ changes, events, class: _, examples, ...read }) => read);
  for (let most = 64; ; most >>= 1) {
    const out = { format: kept.format, passkeys: all.map((p) => ({ ...p, history: p.history?.slice(-most) })) };
    if (most === 1 || size(out) <= room) return out;
  }
}

/** @param {string} text */
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** @param {string[]} words @returns {import('../operate.js').Row[]} */
const list = (words) => words.map((w, i) => [i ? '' : 'What happens', w]);

/** What reads, or undefined. @template T @param {Uint8Array} b @param {(b: Uint8Array) => T} f @returns {T | undefined} */
function read(b, f) {
  try {
    return f(b);
  } catch (e) {
    if (e instanceof MalformedError) return undefined;
    throw e;
  }
}
