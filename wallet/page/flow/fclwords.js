// @ts-check
/** What an app wants of an account, in words, from the message alone. */
import { digits } from './transaction.js';
import { shown } from './words.js';

/** @typedef {import('../operate.js').Row} Row @typedef {{title: string, rows: Row[], cautions: string[], details: [string, string, string?][], known: boolean, revokes?: number}} Described revokes: the number of a key of the account */

const list = new Intl.ListFormat('en');

/** Where an app is from, and what is to be said of that. @param {string} origin @returns {string[]} */
export function fromWhere(origin) {
  const { protocol, hostname } = new URL(origin);
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(hostname) || hostname.endsWith('.localhost');
  return protocol === 'https:' || here ? [] : ['The app’s page came over a connection that is not encrypted: somebody on the way may have changed it.'];
}

/** @param {string} app as it names itself @param {string} origin @returns {string[]} */
export function named(app, origin) {
  return app === origin ? [] : [`“${app}” is what the app calls itself. Sign only if ${origin} is where you use it: the proof is taken by whoever goes by that name.`];
}

/** @param {import('./fclrequest.js').Signable} s @param {string} origin @param {Uint8Array} challenge @returns {Promise<Described>} */
export async function described({ t, address, roles }, origin, challenge) {
  const who = (/** @type {string} */ a) => `0x${a}${a === address ? ' (yours)' : ''}`;
  const said = await shown({ script: t.script, args: t.args, block: t.block, gas: t.gas, account: new Uint8Array(8), key: t.proposer.key, sequence: t.proposer.sequence });
  const known = said.known && t.authorizers.length === 1 && roles.authorizes; // the words are about an account of one's own
  const does = [roles.authorizes ? 'authorizes it' : '', roles.proposes ? 'proposes it' : '', roles.pays ? 'pays for it' : ''].filter(Boolean);
  /** @type {Row[]} */
  const raw = [['Script', `SHA-256 ${said.hash}; its text is below`, 'code'], ...t.texts.map((text, i) => /** @type {Row} */ ([`Argument ${i + 1}`, text, 'code']))];
  let cautions = said.known && !known ? [] : said.cautions;
  if (!roles.authorizes) {
    if (!said.known) cautions = cautions.slice(1); // what it can do, it does with other accounts
    cautions = [`Your account does not authorize this. It only ${list.format(does)}.`, ...cautions];
  }
  return {
    title: known ? said.title : roles.authorizes ? 'Run a script that this page does not know' : roles.pays ? 'Pay for a transaction of others' : 'Propose a transaction of others',
    rows: [
      ['Asked by', origin, 'strong'], ...(known ? said.rows : raw), ['Your account', `0x${address} ${list.format(does)}`, 'code'],
      ['Payer', who(t.payer), 'code'], ['Proposer', `${who(t.proposer.address)}, key ${t.proposer.key}, sequence number ${t.proposer.sequence}`, 'code'],
      ['Authorizers', t.authorizers.map(who).join(', ') || 'none', 'code'], ['Most computation', String(t.gas)],
    ],
    cautions: [...fromWhere(origin), ...cautions],
    details: [
      ['Signed', t.kind === 'payload' ? 'The payload: the payer signs after you.' : 'The envelope: you are the last to sign, and the app can send it.'],
      ...t.signatures.map((s) => /** @type {[string, string, string]} */ (['Signed already', `${who(s.address)}, key ${s.key}`, 'code'])),
      .../** @type {Row[]} */ (known ? [['SHA-256 of the script', said.hash, 'code']] : []), ['Script', t.text, 'code pre'], ['Reference block', digits(t.block), 'code'], ['Challenge', digits(challenge), 'code'],
    ],
    known, revokes: known ? said.revokes : undefined,
  };
}
