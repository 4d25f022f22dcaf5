// @ts-check
/**
 * The drills of accounts, as this browser keeps them: of one's own accounts, and of those of
 * which it has a record. Public keys and signatures only, in the form of `postern drill report`.
 */
import { encodeCall } from '../abi.js';
import { passkeySigner } from '../account.js';
import { concat, equal, fromHex, toHex } from '../bytes.js';
import { standing } from '../guardianfile.js';
import { AHEAD, MOST, dateOf, found, parseLog, record, serializeLog } from '../guardiandrills.js';
import { approved, configHash, digest } from '../guardians.js';
import { RpcError } from '../rpc.js';
import { session } from './session.js';

/** @typedef {import('../guardianfile.js').Collected} Collected @typedef {import('../guardians.js').Approval} Approval */

const place = (/** @type {string} */ account) => `postern.drills.${session.chain.id}.${account}`;
const here = () => ({ chainId: session.chain.id, module: /** @type {string} */ (session.chain.module) });

/** The record that was read last: its signatures are verified once. @type {{place: string, text: string, log: Collected[]} | undefined} */ let last;

/** What is kept of an account's drills, the oldest first. @param {string} account @returns {Promise<Collected[]>} */
export async function load(account) {
  const at = place(account);
  let text = '';
  try {
    text = localStorage.getItem(at) ?? '';
  } catch {
    // then nothing is kept
  }
  if (last?.place !== at || last.text !== text) {
    const log = text ? await parseLog(text, here(), account).catch(() => /** @type {Collected[]} */ ([])) : [];
    last = { place: at, text, log };
  }
  return last.log;
}

/** The newest that fit. @param {string} account @param {Collected[]} log */
function save(account, log) {
  for (let most = MOST; most; most >>= 1) {
    const kept = log.slice(-most);
    const text = serializeLog(kept);
    last = { place: place(account), text, log: kept };
    try {
      return localStorage.setItem(last.place, text);
    } catch {
      // fewer, then; or they are forgotten with the page
    }
  }
}

/** Adds a drill that was begun here, or that its owner has opened as a record. @param {Collected} c */
export async function note(c) {
  const log = [...await load(c.message.account)];
  await record(log, c);
  save(c.message.account, log);
}

/**
 * Takes in what somebody sent: the drill of the record, with the signatures of both. Nobody fills a
 * record with what its guardians have not signed, or with what is not yet.
 * @param {Collected} c @returns {Promise<Collected>} the one on record, or the same
 */
export async function keep(c) {
  const { account } = c.message;
  const log = await load(account);
  const own = session.own?.account.address === account;
  if (!log.length && !own) return c;
  if (!found(log, c)) {
    const state = await session.chain.standing(account);
    if (dateOf(c) > state.now + AHEAD || !equal(configHash(c.setup), configHash(state.setup)) || !standing(c).list.some((g) => g.approved && !g.open)) return c;
  }
  await note(c);
  return found(await load(account), c) ?? c;
}

/** Keeps the signatures that a drill on record has got. @param {Collected} c */
export async function update(c) {
  if (found(await load(c.message.account), c)) await note(c);
}

/** What the chain said, once for each signature. @type {Map<string, boolean>} */ const said = new Map();

/** @param {Collected} c @param {Approval} a */
const key = (c, a) => `${toHex(digest(c.message, c.chainId, c.module))}${toHex(a.signer)}${toHex(a.signature)}`;

/** @type {import('../guardiandrills.js').Judge} */
export const judge = (c, a) => said.get(key(c, a));

/** Asks the chain about signatures that only it can verify: of contracts, and of verifiers' keys. @param {Collected[]} log */
export async function ask(log) {
  await Promise.all(log.flatMap((c) => standing(c).list.map(async (g) => {
    const a = c.approvals.find((x) => equal(x.signer, g.signer));
    if (!a || !g.open || passkeySigner(a.signer) || judge(c, a) !== undefined) return;
    const answer = await good(c, a).catch(() => undefined); // the node is away: it stays open
    if (answer !== undefined) said.set(key(c, a), answer);
  })));
}

const DELEGATION = 23; // bytes of the code of a key that delegates (EIP-7702): it was never made a guardian

/** @param {Collected} c @param {Approval} a */
async function good(c, a) {
  const { chain } = session;
  const hash = approved(digest(c.message, c.chainId, c.module), a.proof, c.module);
  const at = toHex(a.signer.subarray(0, 20));
  const contract = a.signer.length === 20;
  if (contract && fromHex(await chain.ask('eth_getCode', at, 'latest')).length <= DELEGATION) return false;
  const data = contract ? encodeCall('isValidSignature(bytes32,bytes)', hash, a.signature) : encodeCall('verify(bytes,bytes32,bytes)', a.signer.slice(20), hash, a.signature);
  const reply = await chain.call(at, data).catch((e) => {
    if (e instanceof RpcError && e.kind === 'refused') return new Uint8Array(); // it reverts
    throw e;
  });
  return equal(reply.subarray(0, 32), concat(data.subarray(0, 4), new Uint8Array(28))); // both answer with their own selector
}
