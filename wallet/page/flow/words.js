// @ts-check
/** A Flow transaction in words: what its script does where that is known by its hash, its hash and arguments otherwise. */
import { sha256 } from '../assertion.js';
import { digits } from './transaction.js';

/** @typedef {import('../operate.js').Row} Row @typedef {{title: string, rows: Row[], cautions: string[], hash: string, known: boolean, revokes?: number}} Shown revokes: the number of the key */

/** SHA-256 of package flow's scripts. */
export const KNOWN = {
  create: '0885cd8caf61a4492bebf0525b7e21794da6e6bb1720dc03587612572a28f293',
  add: '4c411844e7ea7abc30d86a065368e8defa6998ed7af8ecee88bb8f5339a3893d',
  revoke: '18ff26f43ec6194f8e21327fb726798b00f8d05f8c0a131f830ed03d4a77adcc',
};

/** Characters that make a text look like another one: controls, invisible ones, directions. */
const HIDDEN = /[^\P{C}\t\n\r]|[\u2028\u2029]/u;

/** JSON-Cadence of one type. @param {any} v @param {string} type */
function of(v, type) {
  if (v?.type !== type || Object.keys(v).length !== 2) throw new TypeError(`not a ${type}`);
  return v.value;
}

/** @param {any} v @param {string} type @returns {any[]} */
const list = (v, type) => of(v, 'Array').map((/** @type {any} */ x) => of(x, type));

/** The four columns of keys. @param {any[]} args */
function keys(args) {
  if (args.length !== 4) throw new TypeError('not four columns');
  const [publics, curves, hashes, weights] = [list(args[0], 'String'), list(args[1], 'UInt8'), list(args[2], 'UInt8'), list(args[3], 'UFix64')];
  if (!publics.length || [curves, hashes, weights].some((c) => c.length !== publics.length)) throw new TypeError('columns of other lengths');
  return publics.map((key, i) => {
    const curve = { 1: 'P-256', 2: 'secp256k1' }[String(curves[i])];
    const hash = { 1: 'SHA2_256', 3: 'SHA3_256' }[String(hashes[i])];
    const weight = /^(\d{1,4})\.0+$/.exec(String(weights[i]))?.[1];
    if (!curve || !hash || !weight || !/^[0-9a-f]{128}$/.test(key)) throw new TypeError('not a key');
    return { text: `${key} on ${curve} with ${hash}, weight ${weight} of 1000`, weight: Number(weight) };
  });
}

/** A light key is not harmless either: a second one makes it heavy enough. @param {any[]} args @param {string} title @param {boolean} own they get power over the account @returns {Omit<Shown, 'hash' | 'known'>} */
function brings(args, title, own) {
  const found = keys(args);
  const strong = found.reduce((sum, k) => sum + k.weight, 0) >= 1000;
  /** @type {Row[]} */
  const alone = strong || !own ? [] : [['What happens', 'It can do nothing alone. Keys that weigh 1000 together sign together.']];
  const caution = `${strong ? 'What you add can do everything with your account' : 'Together with another key, what you add may do everything with your account'}, without you. Add only what is yours.`;
  return { title, rows: [...found.map((k) => /** @type {Row} */ (['Key', k.text, 'code'])), ...alone], cautions: own ? [caution] : [] };
}

/** @type {Record<string, (args: any[]) => Omit<Shown, 'hash' | 'known'>>} */
const SAID = {
  [KNOWN.create]: (args) => brings(args, 'Create another account', false),
  [KNOWN.add]: (args) => brings(args, 'Add a key to your account', true),
  [KNOWN.revoke]: (args) => {
    if (args.length !== 1 || !/^\d{1,9}$/.test(of(args[0], 'Int'))) throw new TypeError('not a number');
    return { title: `Revoke key ${args[0].value} of your account`, rows: [['What happens', `Key ${args[0].value} can never sign for your account again.`]], cautions: [], revokes: Number(args[0].value) };
  },
};

/** @param {import('./transaction.js').Transaction} t @returns {Promise<Shown>} */
export async function shown(t) {
  const hash = digits(await sha256(t.script));
  const texts = t.args.map((b) => new TextDecoder().decode(b));
  try {
    const said = SAID[hash]?.(texts.map((text) => JSON.parse(text)));
    if (said) return { ...said, hash, known: true };
  } catch {
    // the script is known, and these are no arguments of it: shown as they are
  }
  return {
    title: 'Run a script that this page does not know',
    rows: [['Script', hash, 'code'], ...texts.map((text, i) => /** @type {Row} */ ([`Argument ${i + 1}`, text, 'code']))],
    cautions: ['This page cannot tell what it does: it can do everything with your account. Read the script below, and sign only if you know who wrote it.',
      ...(HIDDEN.test(new TextDecoder().decode(t.script) + texts.join('')) ? ['There are characters in it that are not seen, or that change the order of others: it does something else than it looks like.'] : [])],
    hash,
    known: false,
  };
}
