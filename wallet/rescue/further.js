// @ts-check
/** A further passkey for an account of Ethereum's kind, of this page's domain: made and tried here, added wherever something still signs. */
import { concat, fromHex, toBase64url } from '../page/bytes.js';
import { asked, busy, on, task } from '../page/task.js';
import { $, status } from '../page/view.js';
import { Trouble, parseAddress } from '../page/words.js';
import { field } from '../page/field.js';
import { makePasskey } from './flowkeys.js';
import { proven } from './holders.js';

/** @type {{id: Uint8Array, key: import('../page/assertion.js').Key, publicKey: string, address: string} | undefined} */ let made;

/** Whether the page offers it. @param {boolean} yes */
export function offerFurther(yes) {
  clearFurther();
  $('further-box').hidden = !yes;
}

/** It is another account's turn. */
export function clearFurther() {
  made = undefined;
  $('further-test-box').hidden = $('further-done').hidden = true;
}

on('further-make', 'click', () => {
  const address = busy() ? undefined : field('address', (text) => {
    if (!text.trim()) throw new Error('Enter the address of the account that it is for.');
    return parseAddress(text);
  });
  if (!address) return;
  task(asked, async (signal) => {
    clearFurther();
    // The handle says on any page which account the passkey is for: docs/formats.md.
    const got = await makePasskey(location.hostname, `Postern ${address.slice(0, 6)}…${address.slice(-4)}`, signal, concat(Uint8Array.of(2), fromHex(address, 20)), false);
    made = { ...got, address };
    $('further-test-box').hidden = false;
    status('The passkey is made. Now use it once.');
  }, { ceremony: true });
});

on('further-test', 'click', () => task(asked, async (signal) => {
  const { id, key, publicKey, address } = /** @type {NonNullable<typeof made>} */ (made);
  await proven(location.hostname, id, key, signal);
  $('further-test-box').hidden = true;
  $('further-done').hidden = false;
  $('further-for').textContent = address;
  $('further-ref').textContent = `${toBase64url(id)}:0x${publicKey}`;
  status('The passkey works. It signs for the account once you have added it.');
}, { ceremony: true }));

on('further-copy', 'click', () => task('Copying…', async () => {
  await navigator.clipboard.writeText($('further-ref').textContent ?? '').catch((e) => {
    throw new Trouble('The browser does not let this page copy.', 'Mark the text and copy it yourself.', e);
  });
  status('Copied.');
}));
