// @ts-check
/** What would lock an account, and what would lose it: the server's report, drawn, and worked out anew with every answer. */
import { toHex } from '../bytes.js';
import { on, task } from '../task.js';
import { $, element, input, problem, show, status } from '../view.js';
import { Trouble, explain } from '../words.js';
import { any, asked, file, keep, load, none, parse, state, stated } from './facts.js';
import { drawKept, onTold, prepare } from './passkeys.js';
import { drawPlan } from './plan.js';
import { ask } from './questions.js';
import { session } from './session.js';

/**
 * @typedef {import('./facts.js').Facts} Facts
 * @typedef {import('./facts.js').Question} Question
 * @typedef {import('./plan.js').Advice} Advice
 * @typedef {{id: string, words: string, assumed?: boolean, outcome: {state: string}, best?: string}} Row
 * @typedef {{value: boolean, source: string}} Fact
 * @typedef {object} Reply
 * @property {{kind?: string, address?: string, rows: Row[], signers: any[], domains: {id: string, kind: string, label: string}[], notes?: string[], questions?: Question[], plan?: Advice[], advice?: Advice[], supposed?: string[], findings?: {level: string, what: string, way: string}[], lock: {sets: string[][]}, theft: {sets: string[][]}}} report
 * @property {Advice[]} [done] proposals that are counted as made
 * @property {string[]} [gone] those that are not proposed any more
 * @property {string[]} verdict
 * @property {Record<string, string>} outcomes
 * @property {Record<string, {synced: Fact, discoverable: Fact, words: string, examples?: string}>} classes
 * @property {string[]} words
 * @property {string[]} unread
 * @property {{words: string, chance: string, prepare?: string[]}[]} rescue
 * @property {string} svg
 */

/** States, worst first, and what they are called. @type {[string, string][]} */
const STATES = [['stolen', 'Somebody else has it'], ['locked', 'Nobody gets in'], ['contested', 'Somebody else can begin to take it; you can stop that in time'], ['recoverable', 'You get back in'], ['works', 'You go on as before']];

/** @type {Facts} */ let facts = none();
/** @type {Reply | undefined} */ let last;
/** What is ticked: the whole page is as if it were done. @type {string[]} */ let chosen = [];
let all = false; // whether all questions are shown

const FEW = 5;

/** Opens the audit of an account. @param {string} account */
export async function enter(account) {
  if (session.address !== account) {
    facts = load(account);
    all = false;
  }
  chosen = [];
  await work(account, facts).catch(async (e) => {
    if (!any(facts)) throw e;
    await work(account, none()); // an account whose signers have changed since
    facts = none();
    keep(account, facts);
  });
  session.address = account;
  await own();
  draw();
  prepare();
  show('audit');
  status();
}

/** What this page has seen itself: its own passkeys are bound to its own domain. */
async function own() {
  const mine = session.own?.account.address === session.address && last?.report.signers.find((s) => s.key === toHex(/** @type {any} */ (session.own).account.signer.x));
  if (!mine || stated(facts, 'signer', mine.id, 'rp-id') !== undefined) return;
  const { rpId } = session.chain.config;
  if (!facts.domain.some((d) => d.id === rpId)) facts.domain.push({ id: rpId, kind: 'rp-id' });
  state(facts, 'signer', mine.id, 'rp-id', rpId);
  await work(/** @type {string} */ (session.address), facts);
}

/** @param {string} account @param {Facts} stated_ @param {string[]} [with_] */
async function work(account, stated_, with_ = chosen) {
  const reply = await session.chain.audit(account, any(stated_) ? file(stated_) : undefined, session.kept, with_);
  last = reply;
  chosen = (reply.done ?? []).map((/** @type {Advice} */ a) => a.words);
}

/** Other proposals are ticked. @param {string[]} with_ */
function choose(with_) {
  task('Working it out again…', async () => {
    await work(/** @type {string} */ (session.address), facts, with_);
    draw();
    status(said());
  });
}

/** What has come out, in a sentence or two. */
function said() {
  const { verdict, gone = [] } = /** @type {Reply} */ (last);
  return [...(gone.length ? [`Not ticked any more, because it is not proposed now: ${gone.join(' ')}`] : []), verdict[0]].join(' ');
}

/** A new answer: the report is worked out again; an answer that contradicts what is known is taken back. @param {(f: Facts) => void} change */
function answer(change) {
  const before = structuredClone(facts);
  task('Working it out again…', async () => {
    const account = /** @type {string} */ (session.address);
    change(facts);
    try {
      await work(account, facts);
    } catch (e) {
      facts = before;
      drawQuestions();
      throw e;
    }
    await own();
    keep(account, facts);
    draw();
    status(said());
  });
}

function draw() {
  const { report, verdict, unread, rescue } = /** @type {Reply} */ (last);
  $('audit-address').textContent = `${report.address ?? session.address}`;
  const [first, ...rest] = verdict;
  $('to-guardians').hidden = !session.chain.module || report.kind === 'Flow account';
  $('supposed').hidden = !report.supposed?.length;
  $('supposed-words').textContent = report.supposed?.length ? first : '';
  $('verdict').replaceChildren(...[...(report.supposed?.length ? rest : verdict), ...(report.notes ?? []), ...(report.findings ?? []).map((f) => `${f.what}: ${f.way}.`)].map((text) => element('li', text)));
  $('rescue').replaceChildren(...rescue.flatMap((o) => [o.words, ...(o.chance === 'possible' ? [] : (o.prepare ?? []).filter((way) => !way.includes('in the facts')).map((way) => `To prepare: ${way.replace(/: postern .*$/, '')}.`))]).map((text) => element('li', text)));
  $('unread').replaceChildren(...(unread ?? []).map((text) => element('li', text)));
  $('unread-box').hidden = !unread?.length;
  drawPicture();
  drawQuestions();
  drawPlan({ report, done: last?.done ?? [], none: sections(last?.words ?? []).find(([title]) => title.startsWith('What to do'))?.[1].find(Boolean) }, choose);
  drawTable();
  drawClasses();
  drawKept();
  const { words } = /** @type {Reply} */ (last);
  $('more-words').replaceChildren(...sections(words).filter(([title]) => /^(If two|Smallest)/.test(title)).flatMap(([title, lines]) => [element('h3', title), list(lines)]));
  save('save-words', words.map((w) => w.replace(/^# /, '\n')).join('\n').trimStart() + '\n', 'text/plain');
  save('save-facts', JSON.stringify(file(facts), null, 2) + '\n', 'application/json');
  $('save-facts').hidden = !any(facts);
}

/** @param {string[]} lines */
function list(lines) {
  const ul = element('ul', '', 'words');
  ul.append(...lines.filter(Boolean).map((text) => element('li', text)));
  return ul;
}

/** Words by their headings. @param {string[]} words @returns {[string, string[]][]} */
function sections(words) {
  /** @type {[string, string[]][]} */ const out = [];
  for (const line of words) {
    if (line.startsWith('# ')) out.push([line.slice(2), []]);
    else out.at(-1)?.[1].push(line);
  }
  return out;
}

function drawPicture() {
  const img = /** @type {HTMLImageElement} */ ($('picture'));
  const { svg, verdict } = /** @type {Reply} */ (last);
  save('save-picture', svg, 'image/svg+xml');
  img.src = /** @type {HTMLAnchorElement} */ ($('save-picture')).href;
  img.alt = verdict.join(' ');
}

/** @param {string} id of a link @param {string} text @param {string} type */
function save(id, text, type) {
  const a = /** @type {HTMLAnchorElement} */ ($(id));
  URL.revokeObjectURL(a.href);
  a.href = URL.createObjectURL(new Blob([text], { type }));
}

// Questions: the answered ones stay, so that an answer can be changed.

/** @type {Map<string, Question>} those that have been asked, by what they ask for */ const known = new Map();

function drawQuestions() {
  const { report } = /** @type {Reply} */ (last);
  const asking = !report.supposed?.length; // of keys that nobody has made there is nothing to answer
  $('questions').hidden = !asking;
  $('questions-later').hidden = asking;
  if (!asking) return;
  const key = (/** @type {Question} */ q) => {
    const a = asked(q);
    return a && `${a.of}/${a.id}/${a.field}`;
  };
  const ids = new Set([...report.signers, ...report.domains].map((x) => x.id));
  for (const [k, q] of known) if (!ids.has(q.signer ?? q.domain ?? '')) known.delete(k);
  const open = new Set();
  for (const q of report.questions ?? []) {
    const k = key(q);
    if (!k || open.has(k)) continue;
    known.set(k, q);
    open.add(k);
  }
  const answered = [...known].filter(([, q]) => {
    const a = /** @type {NonNullable<ReturnType<typeof asked>>} */ (asked(q));
    return stated(facts, a.of, a.id, a.field) !== undefined;
  });
  const left = [...open].filter((k) => !answered.some(([a]) => a === k)).map((k) => /** @type {Question} */ (known.get(k)));
  const shown = [...answered.map(([, q]) => q), ...(all ? left : left.slice(0, FEW))];
  const focus = document.activeElement?.id;
  $('facts-form').replaceChildren(...shown.map((q) => ask(q, facts, report.domains, answer)));
  if (focus) document.getElementById(focus)?.focus();
  const more = left.length - FEW;
  $('more-questions').hidden = more <= 0;
  $('more-questions').textContent = all ? 'Fewer questions' : `${more} more question${more === 1 ? '' : 's'}`;
  $('no-questions').hidden = shown.length > 0;
  $('forget-facts').hidden = !any(facts);
}

onTold(async () => {
  await work(/** @type {string} */ (session.address), facts);
  draw();
});

on('facts-form', 'submit', () => {});
on('untick', 'click', () => choose([]));
on('more-questions', 'click', () => {
  all = !all;
  drawQuestions();
});
on('forget-facts', 'click', () => answer((f) => Object.assign(f, none())));

on('facts-file', 'change', async () => {
  const chosen = input('facts-file').files?.[0];
  if (!chosen) return;
  const text = chosen.size > 60_000 ? '' : await chosen.text();
  input('facts-file').value = '';
  const read = parse(text);
  if (read) answer((f) => Object.assign(f, read));
  else problem(explain(new Trouble('That is no file of answers.', 'This page opens what it saves itself: JSON with version, domain and signer. A TOML file is for “postern audit --facts”.')));
});

function drawTable() {
  const { report, outcomes } = /** @type {Reply} */ (last);
  $('table').replaceChildren(...STATES.flatMap(([name, words]) => {
    const rows = report.rows.filter((r) => r.outcome.state === name);
    if (!rows.length) return [];
    const group = document.createElement('details');
    group.className = `group ${name}`;
    group.open = name !== 'works';
    const summary = element('summary');
    summary.append(element('span', String(rows.length), 'count'), ` ${words}`);
    const dl = document.createElement('dl');
    dl.append(...rows.map((r) => {
      const div = document.createElement('div');
      const more = capital((outcomes[r.id] ?? '').replace(/^(STOLEN|LOCKED: nobody gets in|still works)[; ]*/, '').replace(/^\((.*)\)$/, '$1'));
      div.append(element('dt', begun(r.words)), ...(more ? [element('dd', `${more}.`)] : []));
      return div;
    }));
    group.append(summary, dl);
    return [group];
  }));
}

function drawClasses() {
  const { report, classes } = /** @type {Reply} */ (last);
  const mine = report.signers.filter((s) => classes[s.id]);
  const at = (/** @type {Fact} */ f) => (f.source === 'unknown' ? 2 : f.value ? 0 : 1);
  const body = /** @type {HTMLElement} */ ($('classes').querySelector('tbody'));
  body.replaceChildren(...['Synced by a provider', 'On one device', 'Not known'].map((title, row) => {
    const tr = document.createElement('tr');
    const th = element('th', title);
    th.setAttribute('scope', 'row');
    tr.append(th, ...[0, 1, 2].map((column) => element('td', mine.filter((s) => at(classes[s.id].synced) === row && at(classes[s.id].discoverable) === column).map((s) => s.label).join(', ') || '–')));
    return tr;
  }));
  $('classes-box').hidden = !mine.length;
  const about = sections(/** @type {Reply} */ (last).words).find(([title]) => title.startsWith('Who signs'))?.[1] ?? [];
  $('signers').replaceChildren(...about.filter(Boolean).map((text) => element('li', text)), ...mine.flatMap((s) => (classes[s.id].examples ? [element('li', `Like ${s.label}: ${classes[s.id].examples}.`)] : [])));
}

/** A sentence; one that begins with a name leaves it as it is. @param {string} text */
const begun = (text) => (/^(an?|the|all|you|your) /.test(text) ? capital(text) : text);

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
