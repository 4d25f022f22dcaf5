// @ts-check
/** The link that a guardian gives to the person who is to be guarded: a public key, or an address. */
import { UV_REQUIRED, signerBytes } from '../account.js';
import { fromHex, toBase64url } from '../bytes.js';
import { ask, connect, create, keepOffer, narrow, provider, remember, test } from '../grant/keys.js';
import { copy, draw as drawCode, link } from '../grant/share.js';
import { nameOf } from '../guardianwords.js';
import { asked, busy, on, task } from '../task.js';
import { $, input, show, showing, status } from '../view.js';
import { session } from './session.js';

/** @typedef {import('../grant/keys.js').Passkey} Passkey */

/** The keys' module is written for another account, of which it uses nothing. */
const chain = () => /** @type {any} */ (session.chain);

/** @type {import('../register.js').Made | undefined} */ let made;
/** @type {Passkey[] | undefined} Those that one signature fits. */ let candidates;
let shared = '';

export function enter() {
  made = candidates = undefined;
  $('card-made').hidden = $('card-test').hidden = true;
  $('card-choose').hidden = false;
  $('card-wallet').hidden = !provider();
  keepOffer(chain());
  show('card');
  status();
}
setInterval(() => session.chain && showing('card') && keepOffer(chain()), 30_000);

/** @param {Uint8Array} signer */
function give(signer) {
  shared = link('recovery', 'guardian', toBase64url(signer));
  $('card-choose').hidden = $('card-test').hidden = true;
  $('card-made').hidden = false;
  $('card-who').textContent = nameOf(signer);
  $('card-text').textContent = shared;
  drawCode('card-code', shared);
  status('This link is public: it tells a key’s name and no secret.');
}

/** @param {Passkey} p */
const passkey = (p) => give(signerBytes({ x: p.x, y: p.y, rule: UV_REQUIRED }));

on('card-passkey', 'click', () => task(asked, async (signal) => {
  const fits = await ask(chain(), signal);
  if (fits.length === 1) {
    remember(fits[0]);
    return passkey(fits[0]);
  }
  candidates = fits; // one signature fits two keys; a second one tells
  $('card-choose').hidden = true;
  $('card-test').hidden = false;
  status('One more signature tells which key it is.');
}, { ceremony: true }));

on('card-form', 'submit', () => task(asked, async (signal) => {
  made = await create(chain(), input('card-name').value || 'Guardian', signal);
  $('card-choose').hidden = true;
  $('card-test').hidden = false;
  status('Passkey created.');
}, { ceremony: true }));

on('card-prove', 'click', () => task(asked, async (signal) => {
  passkey(candidates ? await narrow(chain(), candidates, signal) : await test(chain(), /** @type {import('../register.js').Made} */ (made), signal));
}, { ceremony: true }));

on('card-wallet', 'click', () => task('Waiting for your wallet…', async () => give(fromHex((await connect(chain())).owner, 20))));

on('card-copy', 'click', () => !busy() && copy(shared, 'Link'));
