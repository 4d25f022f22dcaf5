// @ts-check
/** What a person types, read or refused in a sentence. */
import { fromHex } from '../page/bytes.js';
import { valid } from '../page/secp256k1.js';

/** Addresses that the page's policy lets it ask. @param {string} text @param {string} what */
export function parseUrl(text, what) {
  const t = text.trim();
  if (!t) throw new Error(`Enter the address of a ${what}.`);
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(t) ? t : `https://${t}`;
  if (!URL.canParse(full)) throw new Error('That is no web address. Write it like https://rpc.example.org');
  const url = new URL(full);
  const local = url.protocol === 'http:' && (url.hostname === 'localhost' || url.hostname === '127.0.0.1');
  if (url.protocol !== 'https:' && !local) throw new Error('It must begin with https://, or with http://localhost on this machine.');
  return url.href;
}

/** What a person typed, as a secret. Throws a sentence. @param {string} text */
export function parseSecret(text) {
  const t = text.trim().replace(/^0x/i, '');
  if (!t) throw new Error('Enter the key.');
  if (!/^[0-9a-f]*$/i.test(t)) throw new Error('A private key has only the digits 0–9 and a–f.');
  if (t.length !== 64) throw new Error(`A private key has 64 digits; this has ${t.length}.`);
  const secret = fromHex('0x' + t);
  if (!valid(secret)) throw new Error('That number is no key.');
  return secret;
}
