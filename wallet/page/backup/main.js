// @ts-check
/** The guided page's beginning and end. */
import { CeremonyError, obstacle } from '../ceremony.js';
import { json } from '../rpc.js';
import { busy, on } from '../task.js';
import { $, input, problem, show, status } from '../view.js';
import { chainName, explain } from '../words.js';
import { Gator } from './chain.js';
import { openAddress, short } from './key.js';
import { onItsWay } from './operation.js';
import { arrivals, keepLooking } from './overview.js';
import { leave, openHere, remembered, restore, session } from './session.js';
import { keepOffer, unreveal } from './steps.js';
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

/** What would be lost by leaving, in words; empty: nothing. */
function atStake() {
  const { owner, account, now } = session;
  if (onItsWay()?.shown.action.kind === 'owner') return 'The new owner’s key is in this tab alone until the chain names it. Wait for that, or it is lost.';
  if (!owner) return '';
  const others = !account?.eoa && now?.deployed && (now.keys.length || now.owner !== owner.address);
  return `The owner key goes with it, and this page keeps no copy. ${others ? 'The account can be opened again with its passkey.' : 'Nobody else can sign for this account.'} Show the key and write it down first, if you have it nowhere else.`;
}

on('leave', 'click', () => {
  if (busy()) return;
  $('leave-text').textContent = atStake();
  if (!$('leave-text').textContent) return depart();
  $('leave-box').hidden = false;
  $('leave-not').focus();
});

on('leave-not', 'click', () => {
  stay();
  $('leave').focus();
});

on('leave-sure', 'click', () => !busy() && depart());

function stay() {
  $('leave-box').hidden = true;
}
arrivals.add(stay);

function depart() {
  stay();
  unreveal();
  leave();
  for (const id of ['to', 'amount', 'eoa-to', 'eoa-amount', 'secret', 'open-address']) input(id).value = '';
  start();
  status('This page has forgotten the account and its key. The account itself stays where it is.');
}

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
  if (session.chain.development) restore();
  start();
  status();
  const here = openHere();
  if (here) await openAddress(here.address).catch((e) => problem(explain(e)));
  for (const b of document.querySelectorAll('#start button')) b.removeAttribute('disabled');
  keepLooking();
  setInterval(keepOffer, 1000);
}

boot();
