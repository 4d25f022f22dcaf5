// @ts-check
/**
 * The page's beginning and end. What a click needs is fetched before the click,
 * so that the passkey prompt opens from the click itself.
 */
import { CeremonyError, obstacle } from './ceremony.js';
import { keepOffer } from './create.js';
import { refresh } from './home.js';
import { Chain } from './operate.js';
import { json } from './rpc.js';
import './signin.js';
import { hint, remember, state } from './state.js';
import { busy, on } from './task.js';
import { $, input, problem, show, showing, status } from './view.js';
import { chainName, explain } from './words.js';

function start() {
  const last = hint();
  $('last').hidden = !last;
  $('last-address').textContent = last ? `${last.slice(0, 8)}…${last.slice(-6)}` : '';
  show('start');
  keepOffer();
}

function leave() {
  if (busy()) return;
  state.session = undefined;
  for (const id of ['to', 'amount']) input(id).value = '';
  start();
  status();
}

for (const id of ['test-back', 'settle-back']) on(id, 'click', leave);
on('signout', 'click', () => {
  if (busy()) return;
  remember();
  leave();
  status('You are signed out.');
});

async function boot() {
  const missing = obstacle();
  if (missing) return problem(explain(new CeremonyError(missing)));
  status('Getting ready…', true);
  try {
    const config = await json('./config.json');
    state.chain = await Chain.open(config);
    $('flow').hidden = !config.flow;
  } catch (e) {
    status();
    return problem(explain(e));
  }
  status();
  $('network').textContent = chainName(state.chain.id).replace(/ \(.*/, '');
  $('network').hidden = false;
  for (const id of ['create', 'signin']) $(id).removeAttribute('disabled');
  start();
  setInterval(keepOffer, 30_000);
  setInterval(() => document.visibilityState === 'visible' && showing('account') && refresh(), 8000);
  document.addEventListener('visibilitychange', () => {
    keepOffer();
    if (document.visibilityState === 'visible') refresh();
  });
}

boot();
