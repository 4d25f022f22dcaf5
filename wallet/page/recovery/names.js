// @ts-check
/** What a person calls the people behind keys. It stays in this browser; nothing that is signed has these names. */
import { nameOf } from '../guardianwords.js';
import { id } from '../guardians.js';
import { toHex } from '../bytes.js';

const NAMES = 'postern.names';

/** @returns {Record<string, string>} */
function all() {
  try {
    return Object(JSON.parse(localStorage.getItem(NAMES) ?? '{}'));
  } catch {
    return {};
  }
}

/** The name of a signer; '' if it has none. @param {Uint8Array} signer */
export const called = (signer) => String(all()[toHex(id(signer))] ?? '').slice(0, 40);

/** @param {Uint8Array} signer @param {string} name */
export function call(signer, name) {
  const names = all();
  const text = name.trim().slice(0, 40);
  if (text) names[toHex(id(signer))] = text;
  else delete names[toHex(id(signer))];
  try {
    localStorage.setItem(NAMES, JSON.stringify(names));
  } catch {
    // then they are forgotten
  }
}

/** Words in which these signers go by their names, too. @param {string} text @param {Uint8Array[]} signers */
export function named(text, signers) {
  for (const s of signers) {
    const name = called(s);
    if (name) text = text.replaceAll(nameOf(s), `${name} (${nameOf(s)})`);
  }
  return text;
}
