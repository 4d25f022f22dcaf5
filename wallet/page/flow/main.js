// @ts-check
/** The page for Flow: accounts of passkeys, their keys, and what they sign: see sign.js. */
import { CeremonyError, obstacle } from '../ceremony.js';
import { field } from '../field.js';
import { fragment } from '../grant/share.js';
import { json } from '../rpc.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, element, fieldError, input, problem, show, status } from '../view.js';
import { Trouble, explain } from '../words.js';
import { Flow, WEIGHT } from './chain.js';
import { LAST, kept, nextUser, usedUser } from './kept.js';
import { locking, revoking, sentence } from './keys.js';
import { session } from './session.js';
import { prove, received, review } from './sign.js';
import { digits, typedAddress } from './transaction.js';

/** How the next passkey is made: fetched before the click. @type {any} */ let options;
/** A passkey whose account is not known yet. @type {import('./chain.js').Made | undefined} */ let made;

const offer = async () => void (options = await session.flow.options(nextUser()));

session.used = async () => {
  made = options = undefined;
  usedUser();
  await offer();
};

/** Call it from the click itself. @param {string} name @param {AbortSignal} signal */
function newPasskey(name, signal) {
  if (!options) throw new Trouble('The page is not ready.', 'Reload it.');
  return session.flow.make(options, name, signal);
}

on('create-form', 'submit', () => task(made ? 'Making the account…' : asked, async (signal) => {
  made ??= await newPasskey(input('name').value, signal);
  answered('Making the account…');
  session.owner = await session.flow.account(made);
  await session.used();
  await account();
}, { ceremony: true }));

on('open-form', 'submit', () => {
  const wanted = busy() ? undefined : field('address', typedAddress);
  if (!wanted) return;
  task(asked, async (signal) => {
    session.owner = await session.flow.enter(wanted, signal, () => answered('Looking for your key…'), true);
    await account();
  }, { ceremony: true });
});

on('handed-form', 'submit', () => {
  if (busy()) return;
  const text = input('handed').value;
  fieldError('handed', text.trim() ? '' : 'Paste the link or the text.');
  if (!text.trim()) return input('handed').focus();
  task('Reading the transaction…', () => received(text));
});

/** Shows the account. */
async function account() {
  const own = /** @type {import('./chain.js').Owner} */ (session.owner);
  const a = await session.flow.look(own.address);
  const address = '0x' + digits(own.address);
  kept(LAST, address);
  $('account-address').textContent = address;
  const units = a.balance.toString().padStart(9, '0');
  $('balance').textContent = `${units.slice(0, -8)}.${units.slice(-8).replace(/0{0,7}$/, '')}`;
  $('keys').replaceChildren(...a.keys.map((k) => {
    const line = element('li', `Key ${k.index}${k.index === own.key ? ', which you use here' : ''}: ${k.public.slice(0, 12)}…, ${k.revoked ? 'revoked' : `weight ${k.weight} of ${WEIGHT}`} `);
    if (!k.revoked && k.index !== own.key) {
      const button = element('button', 'Revoke', 'small danger');
      button.setAttribute('type', 'button');
      button.addEventListener('click', () => task('Reading the account…', () => revoke(k.index)));
      line.append(button);
    }
    return line;
  }));
  const mine = a.keys.find((k) => k.index === own.key);
  const { caution } = locking(a.keys);
  $('keys-note').replaceChildren(...[
    mine && mine.weight < WEIGHT ? `Your passkey weighs ${mine.weight}: every transaction is signed by another one, too, here or on another device.` : '',
    sentence(caution),
  ].filter(Boolean).map((text) => element('li', text)));
  $('keys-note').hidden = !$('keys-note').children.length;
  show('account');
  status();
}

/** A key goes only if the others can do without it. @param {number} index */
async function revoke(index) {
  const own = /** @type {import('./chain.js').Owner} */ (session.owner);
  const { dead } = revoking((await session.flow.look(own.address)).keys, index);
  if (dead) throw dead;
  await review({ script: session.flow.config.scripts.revoke, args: [{ type: 'Int', value: String(index) }], done: `Key ${index} is revoked` });
}

/** JSON-Cadence of a column of one. @param {string} type @param {string} value */
const column = (type, value) => ({ type: 'Array', value: [{ type, value }] });

on('add-form', 'submit', () => task(asked, async (signal) => {
  const key = await newPasskey('Flow account, another passkey', signal);
  answered('Reading the account…');
  await review({
    script: session.flow.config.scripts.add, done: 'The passkey is a key of your account', brings: true,
    args: [column('String', key.publicHex), column('UInt8', '1'), column('UInt8', '1'), column('UFix64', `${input('weight').value}.00000000`)],
  });
}, { ceremony: true }));

on('write-form', 'submit', () => {
  if (busy()) return;
  const script = input('script').value;
  /** @type {unknown} */ let args;
  try {
    args = JSON.parse(input('args').value.trim() || '[]');
  } catch {
    // said below
  }
  const list = Array.isArray(args) ? args : undefined;
  fieldError('args', list ? '' : 'Write a list: [ … ], each part {"type": …, "value": …}.');
  if (!list) return input('args').focus();
  fieldError('script', script.trim() ? '' : 'Write the script.');
  if (!script.trim()) return input('script').focus();
  task('Reading the account…', () => review({ script, args: list, done: 'The transaction is sealed' }));
});

on('prove', 'click', () => task('Asking for a nonce…', prove));

function start() {
  session.owner = undefined;
  input('address').value = kept(LAST);
  show('start');
  status();
}

session.home = async () => {
  if (session.owner) return account();
  await null; // what says that something is under way comes first
  start();
};
on('leave', 'click', () => {
  if (!busy()) start();
});

async function boot() {
  const carried = fragment('sign');
  status('Getting ready…', true);
  try {
    const config = await json('./config.json');
    if (!config.flow) {
      $('no-flow').hidden = false;
      return status();
    }
    session.flow = await Flow.open(config);
    await offer();
  } catch (e) {
    status();
    return problem(explain(e));
  }
  status();
  $('network').textContent = session.flow.config.network;
  $('network').hidden = false;
  input('address').value = kept(LAST);
  const missing = obstacle();
  if (missing) return problem(explain(new CeremonyError(missing)));
  $('create-form').hidden = !session.flow.config.accounts;
  $('open-form').hidden = $('handed-box').hidden = false;
  if (carried) task('Reading the transaction…', () => received(carried));
}

boot();
addEventListener('hashchange', () => {
  const text = fragment('sign');
  if (text && session.flow && !busy()) task('Reading the transaction…', () => received(text));
});
