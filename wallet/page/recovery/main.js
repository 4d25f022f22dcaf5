// @ts-check
/** The page's beginning: whose account, who asks whom, and where a link leads. */
import { CeremonyError, obstacle } from '../ceremony.js';
import { fragment } from '../grant/share.js';
import { json } from '../rpc.js';
import { asked, busy, on, task } from '../task.js';
import { $, fieldError, input, problem, show, status } from '../view.js';
import { Trouble, chainName, explain, parseAddress } from '../words.js';
import { enter as openAudit } from './audit.js';
import { enter as card } from './card.js';
import { Guarded } from './chain.js';
import { due } from './drills.js';
import { enter as guardians, ready } from './guardians.js';
import { enter as lost } from './lost.js';
import { open } from './own.js';
import { accountsAt, present, read } from './request.js';
import { session } from './session.js';
import { begin as beginStop, present as presentStop, read as readStop } from './stop.js';

/** The account's first page. @param {string} address */
async function audit(address) {
  await openAudit(address);
  await due(address).catch(() => undefined); // without a record nothing is due
}

on('open-passkey', 'click', () => task(asked, async (signal) => {
  session.own = await open(session.chain, signal);
  status('Reading your account…', true);
  await audit(session.own.account.address);
}, { ceremony: true }));

/** An account that can be looked at: also one of Flow, whose addresses are shorter. Throws a sentence. @param {string} text */
function looked(text) {
  const short = /^(?:0x)?([0-9a-f]{16})$/i.exec(text.trim());
  if (!short) return parseAddress(text);
  if (!/** @type {import('./chain.js').Config} */ (session.chain.config).flow) throw new Error('That is an address of Flow, and this server asks no access node: “postern up --flow URL” does.');
  return `0x${short[1].toLowerCase()}`;
}

/** A form that asks for an account. @param {string} form @param {string} id of its field @param {(address: string) => Promise<void>} then @param {(text: string) => string} [parse] */
function asks(form, id, then, parse = parseAddress) {
  on(form, 'submit', () => {
    if (busy()) return;
    try {
      const address = parse(input(id).value);
      fieldError(id);
      task('Reading the account…', () => then(address));
    } catch (e) {
      fieldError(id, /** @type {Error} */ (e).message.replace(' to send to', ''));
      input(id).focus();
    }
  });
}
asks('address-form', 'open-address', audit, looked);
asks('lost-form', 'lost-address', lost);

/** @template T @param {Promise<T>} reading @returns {Promise<T>} */
const refused = (reading) => reading.catch((e) => {
  if (e?.name === 'MalformedError') throw new Trouble('This request cannot be opened.', `${e.message.charAt(0).toUpperCase()}${e.message.slice(1)}. Ask for it again, and copy all of it.`);
  throw e;
});

/** @param {string} given */
function opened(given) {
  fieldError('request');
  task('Reading the request…', async () => {
    const stop = await refused(readStop(given));
    const c = stop ?? await refused(read(given));
    input('request').value = '';
    await ('nonce' in c ? presentStop(c) : present(c));
  });
}
on('open-form', 'submit', () => {
  if (busy()) return;
  if (input('request').value.trim()) return opened(input('request').value);
  fieldError('request', 'Paste the link or the text that you were sent.');
  input('request').focus();
});
on('request-file', 'change', async () => {
  const file = input('request-file').files?.[0];
  if (!file || busy()) return;
  const text = file.size > 1_000_000 ? '' : await file.text();
  input('request-file').value = '';
  opened(text);
});

on('to-card', 'click', () => !busy() && card());
on('to-guardians', 'click', () => task('Reading the account…', () => guardians(/** @type {string} */ (session.address))));
on('stop-begin', 'click', () => task('Reading the account…', () => beginStop(/** @type {string} */ (session.address))));
on('to-audit', 'click', () => task('Reading the account…', () => audit(/** @type {string} */ (session.address))));
on('ask-recover', 'click', () => task('Reading the account…', () => lost(/** @type {string} */ (session.address))));

for (const id of ['audit-back', 'guardians-back', 'lost-back', 'approve-back', 'card-back']) {
  on(id, 'click', () => {
    if (busy()) return;
    if (!id.startsWith('approve')) session.own = session.address = undefined;
    show('start');
    status();
  });
}

async function boot() {
  status('Getting ready…', true);
  try {
    session.chain = /** @type {Guarded} */ (await Guarded.open(await json('./config.json')));
    await session.chain.look();
  } catch (e) {
    status();
    return problem(explain(e));
  }
  status();
  $('network').textContent = chainName(session.chain.id).replace(/ \(.*/, '');
  $('network').hidden = false;
  $('flow-too').hidden = !/** @type {import('./chain.js').Config} */ (session.chain.config).flow;
  $('people').hidden = !session.chain.module;
  accountsAt(guardians);
  ready();
  const missing = obstacle();
  if (missing) problem(explain(new CeremonyError(missing)));
  else for (const id of ['open-passkey', 'to-card']) $(id).removeAttribute('disabled');
  for (const b of document.querySelectorAll('form button[disabled]')) b.removeAttribute('disabled');
  arrived();
}

/** A link that somebody was sent. */
function arrived() {
  const request = fragment('approval');
  const stop = fragment('stop');
  if (request) opened(request);
  else if (stop) opened(`#stop=${stop}`);
}
addEventListener('hashchange', () => session.chain && !busy() && arrived());

boot();
