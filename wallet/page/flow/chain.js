// @ts-check
/** What this page asks its server about a Flow chain, and what it asks a passkey. Answers are checked where they can be. */
import { attestedAuthData, findings, parseAuthData, parseSignature, sha256, verify } from '../assertion.js';
import { MalformedError, concat, equal, fromBase64url, fromHex, toBase64url, utf8 } from '../bytes.js';
import { create, get } from '../ceremony.js';
import { RpcError, json } from '../rpc.js';
import { random } from '../state.js';
import { Trouble } from '../words.js';
import { passkeysOf, remember } from './kept.js';
import { challenge, digits, extension, idOf, message, parseAddress, proofMessage } from './transaction.js';

/**
 * @typedef {{address: string, gas: number, scripts: string[]}} Sponsor who pays fees, for scripts with these hashes
 * @typedef {{url: string, network: string, accounts: boolean, scripts: {add: string, revoke: string}, sponsor?: Sponsor}} FlowConfig
 * @typedef {{index: number, public: string, curve: string, hash: string, weight: number, sequence: bigint, revoked: boolean}} Key
 * @typedef {{address: Uint8Array, balance: bigint, keys: Key[], block: Uint8Array}} Account
 * @typedef {{address: Uint8Array, key: number, id: Uint8Array, public: import('../assertion.js').Key}} Owner
 * @typedef {import('./transaction.js').Transaction} Transaction
 * @typedef {import('./transaction.js').KeySigned} KeySigned
 * @typedef {{publicHex: string, credential: object, id: Uint8Array, key: import('../assertion.js').Key}} Made
 */

const PROMPT = 60_000;

/** The weight that signatures must have together. */
export const WEIGHT = 1000;

/** Blocks after which a transaction's reference block is too old. */
export const EXPIRY = 600;

/** Whether a passkey can sign as this key. @param {Key} k */
export const usable = (k) => !k.revoked && k.curve === 'ECDSA_P256' && k.hash === 'SHA2_256' && /^[0-9a-f]{128}$/.test(k.public);

/** Whether a passkey can sign as this key alone. @param {Key} k */
export const strong = (k) => usable(k) && k.weight >= WEIGHT;

/** What keys weigh together that are not revoked. @param {Key[]} keys */
export const weightOf = (keys) => keys.reduce((sum, k) => sum + (k.revoked ? 0 : k.weight), 0);

/** @param {Key} k @returns {import('../assertion.js').Key} */
const pointOf = (k) => ({ x: fromHex('0x' + k.public.slice(0, 64)), y: fromHex('0x' + k.public.slice(64)) });

/** The server said no, with a word for programs. */
export class Refused extends Trouble {
  /** @param {RpcError} e */
  constructor(e) {
    super(`${e.message.charAt(0).toUpperCase()}${e.message.slice(1)}.`, e.hint ? `${e.hint.charAt(0).toUpperCase()}${e.hint.slice(1).replace(/\.$/, '')}.` : 'Try again.');
    this.code = e.code;
  }
}

export class Flow {
  /** @param {{rpId: string, flow: FlowConfig}} config @param {Uint8Array} rpIdHash */
  constructor(config, rpIdHash) {
    this.config = config.flow;
    this.rpId = config.rpId;
    this.rpIdHash = rpIdHash;
  }

  /** @param {{rpId: string, flow: FlowConfig}} config */
  static async open(config) {
    return new this(config, await sha256(utf8(config.rpId)));
  }

  /** @param {string} what @param {object} body @param {number} [timeout] @returns {Promise<any>} */
  async ask(what, body, timeout = 20_000) {
    try {
      return await json(this.config.url + what, body, timeout);
    } catch (e) {
      throw e instanceof RpcError && e.kind === 'refused' ? new Refused(e) : e;
    }
  }

  /** How to make a passkey; always the same for one user.id. @param {Uint8Array} userId @returns {Promise<any>} */
  async options(userId) {
    const options = await this.ask('options', { userId: toBase64url(userId), name: '', have: [] });
    if (options?.rp?.id !== this.rpId || options.user?.id !== toBase64url(userId)) throw new Trouble('The server offers something else than was asked.', 'No passkey was made. Ask whoever runs this server.');
    return options;
  }

  /** Call it from the click itself. @param {any} options @param {string} name @param {AbortSignal} signal @returns {Promise<Made>} */
  async make(options, name, signal) {
    const created = await create({ options, name: name.trim(), verification: options.authenticatorSelection?.userVerification, signal, timeout: options.timeout });
    const raw = attestedAuthData(created.attestationObject);
    const wrong = findings({ authenticatorData: raw, clientDataJSON: created.clientDataJSON }, { challenge: fromBase64url(options.challenge), rpIdHash: this.rpIdHash, origin: location.origin, type: 'webauthn.create', unverified: true });
    const { credential } = parseAuthData(raw);
    if (!credential || !equal(credential.id, created.id)) wrong.push('It names no key.');
    if (wrong.length || !credential) throw new Trouble('This passkey cannot hold an account.', `${wrong.join(' ')} Delete it, and choose another place to keep your passkey.`);
    const publicHex = digits(concat(credential.key.x, credential.key.y));
    remember(publicHex, created.id);
    return { publicHex, credential: created.json, id: created.id, key: credential.key };
  }

  /** An account whose one key is the passkey; asked again, the same. @param {Made} made @returns {Promise<Owner>} */
  async account(made) {
    const address = parseAddress((await this.ask('account', { credential: made.credential }, 70_000)).address);
    const owner = await this.owner(address, [made.key], made.id);
    if (!owner) throw new Trouble('The new account has not your key.', 'Nothing of yours is in it. Ask whoever runs this server.');
    return owner;
  }

  /** @param {Uint8Array} address @returns {Promise<Account>} */
  async look(address) {
    const a = await this.ask('look', { address: digits(address) });
    if (!equal(parseAddress(a.address), address) || !Array.isArray(a.keys)) throw new MalformedError('the answer is of another account');
    return {
      address, balance: BigInt(a.balance), block: fromHex('0x' + a.block, 32),
      keys: a.keys.map((/** @type {any} */ k) => ({ ...k, index: Number(k.index), public: String(k.public), weight: Number(k.weight), sequence: BigInt(k.sequence), revoked: k.revoked === true })),
    };
  }

  /** Who signs for an account with one of these keys. @param {Uint8Array} address @param {import('../assertion.js').Key[]} keys @param {Uint8Array} id @param {boolean} [together] with other keys will do @returns {Promise<Owner | undefined>} */
  async owner(address, keys, id, together = false) {
    const account = await this.look(address);
    for (const key of keys) {
      const publicHex = digits(concat(key.x, key.y));
      const own = account.keys.filter((one) => one.public === publicHex && (together ? usable : strong)(one));
      const k = own.sort((a, b) => b.weight - a.weight)[0]; // the same key may be there more than once
      if (!k) continue;
      remember(publicHex, id);
      return { address, key: k.index, id, public: key };
    }
    return undefined;
  }

  /** Call it from the click itself. @param {Uint8Array} asked the challenge @param {Uint8Array[]} allow @param {AbortSignal} signal */
  async signed(asked, allow, signal) {
    const got = await get({ rpId: this.rpId, challenge: asked, allow, verification: 'preferred', signal, timeout: PROMPT });
    const wrong = findings(got, { challenge: asked, rpIdHash: this.rpIdHash, origin: location.origin, unverified: true });
    if (wrong.length) throw new Trouble('The passkey’s answer cannot be used.', `${wrong.join(' ')} Nothing was sent.`);
    return { id: got.id, authenticatorData: got.authenticatorData, clientDataJSON: got.clientDataJSON, signature: parseSignature(got.der) };
  }

  /** The owner of an account, by one signature. Call it from the click itself. @param {Uint8Array} address @param {AbortSignal} signal @param {() => void} answered @param {boolean} [together] a key that signs with others will do */
  async enter(address, signal, answered, together = false) {
    const prompt = this.signed(random(), [], signal);
    const recovering = import('../recover.js'); // while the person is asked
    recovering.catch(() => {});
    const a = await prompt;
    answered();
    const owner = await this.owner(address, await (await recovering).recover(a), a.id, together);
    if (owner) return owner;
    if (together) throw new Trouble('This passkey is no key of that account.', 'Choose another passkey, or look at the address. A key that was revoked opens nothing.');
    throw new Trouble('This passkey cannot sign for that account alone.', 'Choose another passkey, or look at the address. Keys that sign together do so on the page for Flow.');
  }

  /** The owner's signature over a message. @param {Owner} owner @param {Uint8Array} asked the message's challenge @param {AbortSignal} signal */
  async sign(owner, asked, signal) {
    const a = await this.signed(asked, [owner.id], signal);
    if (!await verify(a, owner.public)) throw new Trouble('The signature does not fit the account’s key.', 'Nothing was sent. Open the account again with its passkey.');
    return a;
  }

  /** One of these keys signs: whichever the person’s passkey is. Call it from the click itself. @param {Key[]} keys @param {Uint8Array} asked the challenge @param {AbortSignal} signal @param {Uint8Array[]} [allow] its credential, if it is known @returns {Promise<KeySigned>} */
  async signedBy(keys, asked, signal, allow = passkeysOf(keys.map((k) => k.public))) {
    const a = await this.signed(asked, allow, signal);
    for (const k of keys) {
      if (!await verify(a, pointOf(k))) continue;
      remember(k.public, a.id);
      return { key: k.index, authenticatorData: a.authenticatorData, clientDataJSON: a.clientDataJSON, signature: a.signature };
    }
    throw new Trouble('This passkey is none of the keys that are asked for.', 'Nothing was sent. Choose the passkey that is named, or sign on the device that has it.');
  }

  /** Whether signatures that came from elsewhere are good, by keys that the account has. @param {Account} account @param {KeySigned[]} signatures @param {Uint8Array} asked the challenge */
  async genuine(account, signatures, asked) {
    for (const a of signatures) {
      const k = account.keys.find((one) => one.index === a.key);
      const wrong = k && usable(k) ? findings(a, { challenge: asked, rpIdHash: this.rpIdHash, origin: location.origin, unverified: true }) : [`Key ${a.key} is no passkey of the account, or was revoked.`];
      if (!wrong.length && !await verify(a, pointOf(/** @type {Key} */ (k)))) wrong.push('It is not by that key.');
      if (wrong.length) throw new Trouble(`The signature of key ${a.key} is not good.`, `${wrong.join(' ')} Let the transaction be made anew.`);
    }
  }

  /** A transaction that waits for its signatures. @param {Owner} owner @param {Uint8Array} script @param {Uint8Array[]} args @param {number} gas @param {Uint8Array} [payer] none: the account @returns {Promise<{t: Transaction, challenge: Uint8Array, account: Account}>} */
  async prepare(owner, script, args, gas, payer) {
    const account = await this.look(owner.address);
    const key = account.keys.find((k) => k.index === owner.key);
    if (!key || !usable(key)) throw new Trouble('Your passkey may no longer sign for this account.', 'Its key was revoked. Open the account with another one.');
    const t = { script, args, block: account.block, gas, account: owner.address, key: owner.key, sequence: key.sequence, ...(payer ? { payer } : {}) };
    return { t, challenge: await challenge(message(t)), account };
  }

  /** How many blocks there are after one. @param {Uint8Array} block @returns {Promise<number>} */
  async age(block) {
    const { height, latest } = await this.ask('block', { id: digits(block) });
    if (![height, latest].every((n) => /^\d{1,15}$/.test(n))) throw new MalformedError('the height of a block');
    return Math.max(0, Number(latest) - Number(height));
  }

  /** Sends what is signed and waits. The same bytes may be sent any number of times: they run once. @param {{bytes: Uint8Array, id: string}} signed */
  async send(signed) {
    const result = await this.ask('send', { transaction: digits(signed.bytes) }, 80_000);
    if (result.id !== signed.id) throw new Trouble('The server took another transaction than the one you signed.', `Yours is ${signed.id}.`);
    return { id: signed.id, status: String(result.status), failure: result.failure ? String(result.failure) : '' };
  }

  /** Has the service pay for what is signed, send it and wait. The same may be sent any number of times: it is paid for once. @param {Transaction} t @param {{bytes: Uint8Array}} signed */
  async sponsor(t, signed) {
    const result = await this.ask('sponsor', { transaction: digits(signed.bytes) }, 80_000);
    const { parse } = await import('./read.js');
    const whole = fromHex('0x' + result.transaction);
    const got = parse(whole);
    if (!equal(message(got.t), message(t)) || !got.paid || idOf(whole) !== result.id) throw new Trouble('The service paid for another transaction than the one you signed.', `It says that its id is ${String(result.id).slice(0, 64)}.`);
    return { id: String(result.id), status: String(result.status), failure: result.failure ? String(result.failure) : '' };
  }

  /** What an account proof is made over. @param {Owner} owner */
  async asksProof(owner) {
    const { app, nonce } = await this.ask('nonce', {});
    if (typeof app !== 'string' || !/^[0-9a-f]{64,2048}$/.test(nonce)) throw new MalformedError('the server’s nonce');
    return { app, nonce, challenge: await challenge(proofMessage(app, owner.address, fromHex('0x' + nonce))) };
  }

  /** @param {Owner} owner @param {string} nonce @param {KeySigned[]} signatures */
  async prove(owner, nonce, signatures) {
    const addr = '0x' + digits(owner.address);
    const reply = await this.ask('proof', {
      address: addr, nonce,
      signatures: signatures.map((a) => ({ f_type: 'CompositeSignature', f_vsn: '1.0.0', addr, keyId: a.key, signature: digits(a.signature), extensionData: digits(extension(a)) })),
    });
    if (reply.verified !== true) throw new Trouble('The server did not accept the proof.', 'Try again.');
  }
}
