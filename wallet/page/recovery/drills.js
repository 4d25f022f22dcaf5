// @ts-check
/** Drills of an account's guardians: who has shown lately that they can sign, and a new one to pass on. */
import { MalformedError } from '../bytes.js';
import { parse } from '../guardianfile.js';
import { FORMAT, LATELY, parseLog, report, serializeLog, shown, verdict } from '../guardiandrills.js';
import { configHash } from '../guardians.js';
import { nameOf } from '../guardianwords.js';
import { busy, on, task } from '../task.js';
import { $, element, input, status } from '../view.js';
import { Trouble } from '../words.js';
import { ask, judge, load, note } from './drilllog.js';
import { called } from './names.js';
import { begin, present } from './request.js';
import { session } from './session.js';

/** @typedef {import('./chain.js').State} State @typedef {import('../guardianfile.js').Collected} Collected */

/** The drill that the button goes on with. @type {Collected | undefined} */ let latest;

const own = () => !!session.own && session.own.account.address === session.address;

/** @param {string} account @param {State} state */
async function look(account, state) {
  const log = await load(account);
  await ask(log);
  return { log, told: report(log, state.setup, state.now, judge) };
}

/** Shows it on the page of the guardians. @param {State} state of the account on view */
export async function draw(state) {
  const account = /** @type {string} */ (session.address);
  const { log, told } = await look(account, state);
  if (account !== session.address) return;
  $('drill-box').hidden = !state.setup.tiers.length || !(own() || log.length);
  const { level, words } = verdict(told, state.now);
  $('drill-verdict').className = `note words${level === 'good' ? ' good' : ''}`;
  $('drill-verdict').replaceChildren(...words.map((w) => element('li', w, level === 'alarm' ? 'bad' : '')));
  $('drill-list').hidden = !log.length;
  $('drill-list').replaceChildren(...told.guardians.map((g) => {
    const [text, kind] = shown(g);
    return element('li', `${called(g.signer) || sentence(nameOf(g.signer))} ${text}.`, kind === 'good' ? '' : kind);
  }));
  latest = log.filter((_, i) => !told.drills[i].future && told.drills[i].current && told.drills[i].signed < told.drills[i].asked && state.now - told.drills[i].date <= LATELY).at(-1);
  $('drill-go-on').hidden = !latest;
  $('drill-begin').className = level === 'good' || latest ? 'small' : '';
  $('save-drills').hidden = !log.length;
  save(serializeLog(log));
}

/** @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

let saved = '';

/** @param {string} text */
function save(text) {
  if (text === saved) return;
  saved = text;
  const a = /** @type {HTMLAnchorElement} */ ($('save-drills'));
  URL.revokeObjectURL(a.href);
  a.href = URL.createObjectURL(new Blob([text, '\n'], { type: 'application/json' }));
}

/** What the account's first page says of drills: nothing while all is well, or where this browser has no part in it. @param {string} account */
export async function due(account) {
  const box = $('drill-due');
  box.hidden = true;
  if (!session.chain.module || !(own() || (await load(account)).length)) return;
  const state = await session.chain.standing(account).catch(() => undefined);
  if (!state?.setup.tiers.length || account !== session.address) return;
  const { level, words } = verdict((await look(account, state)).told, state.now);
  if (level === 'good') return;
  box.textContent = `Your guardians: ${words.join(' ')}`;
  box.hidden = false;
}

on('drill-begin', 'click', () => task('Reading the account…', async () => {
  const account = /** @type {string} */ (session.address);
  const at = await session.chain.standing(account);
  await begin(at, { kind: 'drill', account, nonce: at.any, date: at.now, configHash: configHash(at.setup) });
}));

on('drill-go-on', 'click', () => {
  const c = latest;
  if (c) task('Reading the drill…', () => present(c));
});

on('drills-file', 'change', async () => {
  const file = input('drills-file').files?.[0];
  if (!file || busy()) return;
  const text = file.size > 4_000_000 ? '' : await file.text();
  input('drills-file').value = '';
  task('Reading the record…', async () => {
    const account = /** @type {string} */ (session.address);
    const here = { chainId: session.chain.id, module: /** @type {string} */ (session.chain.module) };
    try {
      const log = text.includes(FORMAT) ? await parseLog(text, here, account) : [await parse(text, here)];
      if (log.some((c) => c.message.account !== account)) throw new MalformedError('it is about another account');
      for (const c of log) await note(c);
    } catch (e) {
      if (/** @type {any} */ (e)?.name !== 'MalformedError') throw e;
      throw new Trouble('That is no record of this account’s drills.', `${sentence(/** @type {Error} */ (e).message)}. Choose a file that this page or “postern drill report --log” has written.`);
    }
    await draw(await session.chain.standing(account));
    status('The record is read.');
  });
});
