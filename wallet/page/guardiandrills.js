// @ts-check
/**
 * Drills that guardians have signed, and what they tell: who could still help, and when each
 * last showed it. The record is the file of `postern drill report --log`, and it is judged
 * as there; only signatures that verify count.
 */
import { MalformedError, equal, toHex } from './bytes.js';
import { merge, parse, serialize, standing } from './guardianfile.js';
import { DAY, configHash, digest, id, majority } from './guardians.js';
import { when } from './guardianwords.js';

/**
 * @typedef {import('./guardianfile.js').Collected} Collected
 * @typedef {import('./guardians.js').Approval} Approval
 * @typedef {import('./guardians.js').Setup} Setup
 * @typedef {(c: Collected, a: Approval) => boolean | undefined} Judge what the chain says of a signature that nobody else can verify; undefined: it was not asked
 *
 * @typedef {object} Guard
 * @property {Uint8Array} signer
 * @property {number} [last] date of the last drill that it signed
 * @property {boolean} lately
 * @property {number} [asked] date of the first drill that it was asked in and has not signed
 * @property {boolean} silent it has never signed, and had time to
 * @property {boolean} unverified it signed something that only the chain can verify, and the chain was not asked
 *
 * @typedef {{weight: bigint, threshold: bigint, majority: bigint, reached: boolean, able: bigint}} Reach weight: that signed lately; able: of all but the silent
 * @typedef {{date: number, signed: number, asked: number, bad: number, future: boolean, current: boolean}} Held
 * @typedef {{guardians: Guard[], tiers: Reach[], drills: Held[], ok: boolean, newest?: number}} Report
 */

export const FORMAT = 'postern-drills-1';
/** Drills in a record, the newest. */
export const MOST = 64;
/** How long ago counts as lately, how long a guardian has for an answer, and by how much clocks may differ. Seconds. */
export const LATELY = 180 * DAY, PATIENCE = 14 * DAY, AHEAD = DAY;

/** @param {Collected} c */
export const dateOf = (c) => (c.message.kind === 'drill' ? c.message.date : 0);

/** @param {Collected} c */
const name = (c) => toHex(digest(c.message, c.chainId, c.module));

/** The same drill in a record. @param {Collected[]} log @param {Collected} c */
export const found = (log, c) => log.find((d) => name(d) === name(c));

/** Takes a drill, or the signatures of one that is there; the oldest stands first. @param {Collected[]} log of one account on one chain @param {Collected} c */
export async function record(log, c) {
  if (c.message.kind !== 'drill') throw new MalformedError('it is no drill');
  if (log.some((d) => d.message.account !== c.message.account || d.chainId !== c.chainId)) throw new MalformedError('it is about another account');
  const same = found(log, c);
  if (same) await merge(same, c);
  else {
    log.push(c);
    log.sort((a, b) => dateOf(a) - dateOf(b));
    log.splice(0, log.length - MOST);
  }
}

/** @param {Collected[]} log */
export const serializeLog = (log) => JSON.stringify({ format: FORMAT, drills: log.map((c) => JSON.parse(serialize(c))) });

/** Reads a record and verifies every part of it. @param {string} text @param {{chainId: bigint, module: string}} here @param {string} account @returns {Promise<Collected[]>} */
export async function parseLog(text, here, account) {
  /** @type {any} */ let json;
  try {
    json = JSON.parse(text);
  } catch {
    // named below
  }
  if (json?.format !== FORMAT || !Array.isArray(json.drills) || Object.keys(json).length !== 2) throw new MalformedError('it is no record of drills, or is cut off');
  if (json.drills.length > MOST) throw new MalformedError(`it has more than ${MOST} drills`);
  /** @type {Collected[]} */ const log = [];
  for (const one of json.drills) {
    const c = await parse(JSON.stringify(one), here);
    if (c.message.account !== account) throw new MalformedError('it is about another account');
    await record(log, c);
  }
  return log;
}

/** Says of each guardian of a setup when it last signed, and of each tier whether that is enough. @param {Collected[]} log @param {Setup} setup @param {number} now @param {Judge} [judge] @returns {Report} */
export function report(log, setup, now, judge = () => undefined) {
  /** @type {Map<string, number>} */ const last = new Map();
  /** @type {Map<string, number>} */ const asked = new Map();
  /** @type {Set<string>} */ const unverified = new Set();
  const config = configHash(setup);
  const drills = log.map((c) => {
    const date = dateOf(c);
    const list = standing(c).list;
    const row = { date, signed: 0, asked: list.length, bad: 0, future: date > now + AHEAD, current: equal(configHash(c.setup), config) };
    for (const g of list) {
      const key = toHex(id(g.signer));
      const good = !g.approved ? false : !g.open || judge(c, /** @type {Approval} */ (c.approvals.find((a) => equal(a.signer, g.signer))));
      if (good) {
        row.signed++;
        if (!row.future) last.set(key, date); // the oldest first
        continue;
      }
      if (good === undefined) unverified.add(key);
      else if (g.approved) row.bad++;
      if (!row.future && !asked.has(key)) asked.set(key, date);
    }
    return row;
  });
  const guardians = setup.tiers.flatMap((t) => t.guardians).filter((g, i, all) => all.findIndex((h) => equal(h.signer, g.signer)) === i).map(({ signer }) => {
    const key = toHex(id(signer));
    const [date, since] = [last.get(key), asked.get(key)];
    const lately = date !== undefined && now - date <= LATELY;
    return { signer, last: date, lately, asked: since, silent: date === undefined && since !== undefined && now - since >= PATIENCE && !unverified.has(key), unverified: !lately && unverified.has(key) };
  });
  const of = (/** @type {Uint8Array} */ signer) => /** @type {Guard} */ (guardians.find((g) => equal(g.signer, signer)));
  const tiers = setup.tiers.map((t) => {
    const sum = (/** @type {(g: Guard) => boolean} */ f) => t.guardians.reduce((n, g) => n + (f(of(g.signer)) ? g.weight : 0n), 0n);
    const weight = sum((g) => g.lately);
    return { weight, threshold: t.threshold, majority: majority(t), reached: weight >= t.threshold, able: sum((g) => !g.silent) };
  });
  const newest = drills.filter((d) => !d.future).at(-1)?.date;
  return { guardians, tiers, drills, ok: tiers.length > 0 && tiers.every((t) => t.reached), newest };
}

/** @param {number} seconds since 1970 */
export const day = (seconds) => when(seconds).replace(/ \d\d:.*/, '');

/** What a guardian has shown, and whether that is good, open or bad. @param {Guard} g @returns {[string, 'good' | 'open' | 'bad']} */
export function shown(g) {
  if (g.lately) return [`showed on ${day(/** @type {number} */ (g.last))} that they can sign`, 'good'];
  if (g.unverified) return ['has signed what only the chain can check, and it does not confirm that', 'open'];
  if (g.last !== undefined) return [`showed it last on ${day(g.last)}, more than half a year ago`, 'open'];
  if (g.silent) return [`has never answered, and was asked on ${day(/** @type {number} */ (g.asked))}`, 'bad'];
  return [g.asked === undefined ? 'was never asked' : `was asked on ${day(g.asked)}, and has not answered yet`, 'open'];
}

/**
 * What all of it comes to. `alarm`: recovery could not complete, as far as this record tells;
 * `due`: a drill should be held; `wait`: one is under way; `good`.
 * @param {Report} r @param {number} now @returns {{level: 'alarm' | 'due' | 'wait' | 'good', words: string[]}}
 */
export function verdict(r, now) {
  const tier = (/** @type {number} */ i) => (r.tiers.length > 1 ? ` of tier ${i + 1}` : '');
  const lost = r.tiers.flatMap((t, i) => (t.able < t.threshold ? [i] : []));
  const words = [];
  const silent = r.guardians.filter((g) => g.silent).length;
  if (lost.length && lost.length === r.tiers.length) {
    words.push(`So many guardians have never answered (${silent} of ${r.guardians.length}) that a recovery could not complete, as far as this browser knows. Ask them again, or choose others.`);
  } else for (const i of lost) words.push(`So many guardians${tier(i)} have never answered that they could not bring you back, as far as this browser knows. Ask them again, or choose others.`);
  const level = words.length ? 'alarm' : undefined;
  if (r.newest === undefined) return { level: 'due', words: ['No drill was held yet. Whether your guardians can sign, nobody has seen.'] };
  if (now - r.newest > LATELY) return { level: level ?? 'due', words: [...words, `A drill is overdue: the last one was on ${day(r.newest)}, more than half a year ago.`] };
  if (level) return { level, words };
  if (r.ok) return { level: 'good', words: [`Enough guardians${r.tiers.length > 1 ? ' of every tier' : ''} have shown lately that they can sign. The next drill is due on ${day(r.newest + LATELY)}.`] };
  if (r.guardians.some((g) => g.last === undefined && g.asked === undefined)) return { level: 'due', words: ['Some of your guardians were never asked. Hold a drill with all that you have now.'] };
  const few = r.tiers.flatMap((t, i) => (t.reached ? [] : [i]));
  if (now - r.newest < PATIENCE) return { level: 'wait', words: [`A drill is under way since ${day(r.newest)}. Not enough guardians${few.map(tier).join(' and')} have answered yet.`] };
  return { level: 'due', words: [`Not enough guardians${few.map(tier).join(' and')} have shown in the last half year that they can sign. Ask them again.`] };
}
