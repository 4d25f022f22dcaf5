// @ts-check
/** Steps 2 to 6 on an open account: create, add a passkey, lose the key, send with the passkey, make a new owner. */
import { addressHandle } from '../account.js';
import { FLAGS } from '../assertion.js';
import { toBigInt, toHex } from '../bytes.js';
import { passkeyKey } from '../hybrid.js';
import { fetchOffer, fresh, make, prove, settled } from '../register.js';
import { addressOf, generate } from '../secp256k1.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, fieldError, input, show, showing, status } from '../view.js';
import { Trouble, parseAddress, parseEther } from '../words.js';
import { propose, settledOperations, traffic } from './operation.js';
import { arrivals, back, ownerHeld, refresh, stage } from './overview.js';
import { forgetOwner, holdNext, session } from './session.js';

/** @typedef {import('../register.js').Offer} Offer @typedef {import('../register.js').Made & {proven?: boolean, told?: boolean}} Made told: the passkey server knows it */

/** @type {Offer | undefined} */ let offer;
/** @type {Made | undefined} A passkey that the account does not know yet. */ let made;

on('create-form', 'submit', () => task('Working out the fee…', () => propose({ kind: 'create' }, 'owner')));

/** The user handle says which account: the passkey alone leads back to it. */
async function newOffer() {
  offer = await fetchOffer(session.chain, addressHandle(/** @type {NonNullable<typeof session.account>} */ (session.account).address));
  return offer;
}

/** Keeps an offer at hand while the step is looked at: the prompt must open from the click itself. */
export function keepOffer() {
  if (session.account && showing('account') && stage() === 'passkey' && document.visibilityState === 'visible' && !busy() && !fresh(offer)) newOffer().catch(() => {}); // asked again, and reported, on the click
}
arrivals.add(() => {
  offer = made = undefined;
  label();
});

/** One that was made and tested need not be made again, whatever came in between. */
function label() {
  $('name-box').hidden = !!made?.proven;
  $('passkey-go').textContent = made?.proven ? 'Add the passkey you have tested' : 'Create passkey';
}
traffic.add(label);

on('passkey-form', 'submit', () => (made?.proven ? tell(made) : task(asked, async (signal) => {
  const ready = offer && fresh(offer) ? offer : await newOffer();
  made = await make(session.chain, ready, input('name').value || 'Backup signer', signal, () => {
    offer = undefined;
    answered('Checking the new passkey…');
  });
  $('test').textContent = 'Test the passkey';
  $('kept').textContent = made.flags & FLAGS.BE
    ? 'It is kept by your passkey provider, so it comes back on a new device of yours.'
    : 'It lives on this device only: it saves you when the owner key is lost, not when this device is lost as well.';
  show('prove');
  status('Passkey created.');
}, { ceremony: true })));

on('test', 'click', () => {
  const m = /** @type {Made} */ (made);
  if (m.proven) return tell(m);
  task(asked, async (signal) => {
    await prove(session.chain, m, signal, () => answered('Checking the signature…'));
    m.proven = true;
    await add(m);
  }, { ceremony: true });
});

/** Goes on after the proof: tells the passkey server again, unless it knows. @param {Made} m */
function tell(m) {
  task('Telling the passkey server…', () => {
    if (!m.told) m.registered = m.register();
    return add(m);
  });
}

/** Shows the operation that makes it a signer. @param {Made} m proven */
async function add(m) {
  await settled(m.registered, () => ($('test').textContent = 'Try again'));
  m.told = true;
  const key = passkeyKey(m.id, m.key);
  session.passkeys = [...session.passkeys.filter((k) => k.keyId !== key.keyId), { id: m.id, ...key }];
  answered('Working out the fee…');
  await propose({ kind: 'addKey', keyId: key.keyId, x: toBigInt(key.x), y: toBigInt(key.y) }, 'owner');
}

on('test-back', 'click', () => {
  if (busy()) return;
  if (!made?.proven) made = undefined;
  back();
});

on('reveal', 'click', () => {
  const shown = !$('reveal-key').hidden;
  $('reveal-key').hidden = shown;
  $('reveal-key').textContent = shown || !session.owner ? '' : toHex(session.owner.secret);
  $('reveal').textContent = shown ? SHOW : 'Hide the owner key';
});

const SHOW = 'Show the owner key';

/** Nothing shows a key that is to be forgotten. */
export function unreveal() {
  $('reveal-key').hidden = true;
  $('reveal-key').textContent = '';
  $('reveal').textContent = SHOW;
}
arrivals.add(unreveal);

on('lose', 'click', () => task('Asking the chain who else can sign…', async () => {
  await refresh();
  if (!ownerHeld() || !session.now?.keys.length) throw new Trouble('Without the owner key nobody could sign.', 'Add a passkey first, and wait until the chain lists it.');
  unreveal();
  forgetOwner();
  await refresh();
  status('The owner key is gone. This page cannot get it back.');
}));

/** A form with a recipient and an amount. @param {string} form @param {string} prefix of its fields' ids @param {import('./operation.js').By} by who signs */
function sending(form, prefix, by) {
  on(form, 'submit', () => {
    if (busy()) return;
    /** @param {string} field @param {(text: string) => any} parse */
    const read = (field, parse) => {
      try {
        const value = parse(input(prefix + field).value);
        if (value === session.account?.address) throw new Error('That is this account itself.');
        fieldError(prefix + field);
        return value;
      } catch (e) {
        fieldError(prefix + field, /** @type {Error} */ (e).message);
        input(prefix + field).focus();
        return undefined;
      }
    };
    const [value, to] = [read('amount', parseEther), read('to', parseAddress)];
    if (to !== undefined && value !== undefined) task('Working out the fee…', () => propose({ kind: 'send', to, value }, by));
  });
}
sending('send-panel', '', 'passkey');
sending('eoa-form', 'eoa-', 'owner');

on('new-owner', 'click', () => task('Working out the fee…', async () => {
  // Kept before anybody signs: a key that the chain names and nobody has would be a loss.
  const secret = session.next ?? generate();
  holdNext(secret);
  await propose({ kind: 'owner', to: addressOf(secret) }, 'passkey');
}));

settledOperations.add(({ shown, receipt }) => {
  if (receipt?.success && shown.action.kind === 'addKey') made = undefined;
  if (receipt?.success && shown.action.kind === 'send') for (const id of ['to', 'amount', 'eoa-to', 'eoa-amount']) input(id).value = '';
});
