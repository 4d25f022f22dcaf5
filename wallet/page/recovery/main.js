// @ts-check
/** The page's beginning: whose account, and what to do about it. */
import { CeremonyError, obstacle } from '../ceremony.js';
import { json } from '../rpc.js';
import { asked, busy, on, task } from '../task.js';
import { $, fieldError, input, problem, show, status } from '../view.js';
import { chainName, explain, parseAddress } from '../words.js';
import { enter } from './audit.js';
import { Guarded } from './chain.js';
import { open } from './own.js';
import { session } from './session.js';

on('open-passkey', 'click', () => task(asked, async (signal) => {
  session.own = await open(session.chain, signal);
  status('Reading your account…', true);
  await enter(session.own.account.address);
}, { ceremony: true }));

on('address-form', 'submit', () => {
  if (busy()) return;
  try {
    const address = parseAddress(input('open-address').value);
    fieldError('open-address');
    task('Reading the account…', () => enter(address));
  } catch (e) {
    fieldError('open-address', /** @type {Error} */ (e).message);
    input('open-address').focus();
  }
});

on('audit-back', 'click', () => {
  if (busy()) return;
  session.own = session.address = undefined;
  show('start');
  status();
});

async function boot() {
  status('Getting ready…', true);
  try {
    session.chain = /** @type {Guarded} */ (await Guarded.open(await json('./config.json')));
  } catch (e) {
    status();
    return problem(explain(e));
  }
  status();
  $('network').textContent = chainName(session.chain.id).replace(/ \(.*/, '');
  $('network').hidden = false;
  const missing = obstacle();
  if (missing) problem(explain(new CeremonyError(missing)));
  else $('open-passkey').removeAttribute('disabled');
  for (const b of document.querySelectorAll('form button[disabled]')) b.removeAttribute('disabled');
}

boot();
