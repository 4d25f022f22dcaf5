// @ts-check
/** The guided page's beginning and end. */
import { CeremonyError, obstacle } from '../ceremony.js';
import { json } from '../rpc.js';
import { busy, on } from '../task.js';
import { $, input, problem, show, status } from '../view.js';
import { chainName, explain } from '../words.js';
import { Gator } from './chain.js';
import { openAddress, short } from './key.js';
import { keepLooking } from './overview.js';
import { leave, remembered, restore, session } from './session.js';
import { keepOffer } from './steps.js';
import './trap.js';

function start() {
  const last = remembered();
  $('last').hidden = !last;
  if (last) $('last-open').textContent = `Go on with ${short(last.address)}`;
  $('trap-start').hidden = true;
  $('key-box').hidden = !session.chain.development;
  $('no-key-box').hidden = session.chain.development;
  show('start');
}

on('leave', 'click', () => {
  if (busy()) return;
  leave();
  for (const id of ['to', 'amount', 'eoa-to', 'eoa-amount', 'secret', 'open-address']) input(id).value = '';
  start();
  status('This page has forgotten the account and its key. The account itself stays where it is.');
});

async function boot() {
  const missing = obstacle();
  if (missing) return problem(explain(new CeremonyError(missing)));
  status('Getting ready…', true);
  try {
    session.chain = await Gator.open(await json('./config.json'));
  } catch (e) {
    status();
    return problem(explain(e));
  }
  $('network').textContent = chainName(session.chain.id).replace(/ \(.*/, '');
  $('network').hidden = false;
  restore();
  start();
  status();
  const last = remembered();
  if (last && (session.owner || session.lost)) await openAddress(last.address).catch((e) => problem(explain(e)));
  for (const b of document.querySelectorAll('#start button')) b.removeAttribute('disabled');
  keepLooking();
  setInterval(keepOffer, 1000);
}

boot();
