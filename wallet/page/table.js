// @ts-check
/**
 * What can make an account's payments cheaper on a chain without P256VERIFY: a
 * table of the passkey's public key, worked out by the chain itself; or, once the
 * chain has P256VERIFY, that. Loaded only where it is of use.
 */
import { probe, useTable } from './deeds.js';
import { answers } from './p256verify.js';
import { NONE, TABLES } from './path.js';
import { review } from './send.js';
import { state } from './state.js';
import { $, element } from './view.js';
import { roughly } from './words.js';

/**
 * Gas of checking one signature, and of carrying its hints. What a whole operation costs that
 * builds a table and does nothing else. Measured: contracts/gas.json, wallet/browsertest.
 * @type {Record<number, number>}
 */
const CHECK = { [NONE]: 69_300, 0x11: 50_300, 0x12: 42_300, 0x13: 35_200, 0x14: 31_500 };
/** @type {Record<number, number>} */
const BUILD = { 0x12: 480_000, 0x13: 1_120_000 };

const thousands = (/** @type {number} */ gas) => (Math.round(gas / 1000) * 1000).toLocaleString('en');

/** After how many payments a table has paid for itself, beside the way without it. @param {number} format @param {number} path */
export const paysAfter = (format, path) => Math.ceil(BUILD[format] / (CHECK[path] - CHECK[format]));

/** From how many payments on one table is the better choice than a smaller one. @param {number} large @param {number} small */
export const beatsFrom = (large, small) => Math.ceil((BUILD[large] - BUILD[small]) / (CHECK[small] - CHECK[large]));

/** How signatures are checked on a path, in words. @param {number} path @param {boolean} deployed */
export function how(path, deployed) {
  const gas = `about ${thousands(CHECK[path])} gas`;
  if (path !== NONE) return `Your account checks this passkey’s signatures with a table of its public key (${TABLES[path]}): ${gas} of every payment.`;
  return `This chain cannot check passkeys by itself, so your account works each signature out: ${gas} of every payment.${deployed ? '' : ' A table of your public key makes it less; it can be built once your account is on the chain.'}`;
}

/** The tables worth offering, smaller first: format and what speaks for it. @param {number} path @param {bigint | undefined} gasPrice wei @returns {{format: number, text: string}[]} */
export function offers(path, gasPrice) {
  const formats = [0x12, 0x13].filter((f) => CHECK[f] < CHECK[path]);
  return formats.map((format, i) => {
    const price = gasPrice ? `about ${roughly(BigInt(BUILD[format]) * gasPrice)} ETH` : `about ${thousands(BUILD[format])} gas`;
    const than = i ? `, and is better than the one of ${TABLES[formats[i - 1]]} from ${beatsFrom(format, formats[i - 1])} payments on` : '';
    return { format, text: `A table of ${TABLES[format]} costs ${price} once and saves ${thousands(CHECK[path] - CHECK[format])} gas with every payment. It has paid for itself after ${paysAfter(format, path)} payments${than}.` };
  });
}

const MINUTE = 60_000;
/** @type {{at: number, yes: boolean} | undefined} Whether the chain has P256VERIFY by now. */ let native;

async function chainAnswers() {
  if (!native || Date.now() - native.at > MINUTE) native = { at: Date.now(), yes: await answers(state.chain.call).catch(() => false) };
  return native.yes;
}

/** @type {string} What is on view, so that nothing is replaced under a finger or a focus. */ let drawn = '';

/** Draws all of it for who is signed in. @param {import('./account.js').Account} account @param {number} path @param {boolean} deployed */
export async function draw(account, path, deployed) {
  const can = deployed && !account.shared;
  const [gasPrice, own] = can ? await Promise.all([state.chain.gasPrice(), chainAnswers()]) : [];
  const list = !can ? [] : own
    ? [{ text: 'This chain has learnt to check passkeys by itself, for about 7,000 gas. One operation makes your account ask it.', button: 'Use the chain’s own check', data: probe() }]
    : offers(path, gasPrice).map(({ format, text }) => ({ text, button: `Build the table of ${TABLES[format]}`, data: useTable(account.signer, format) }));
  $('check-title').textContent = list.length ? 'Make payments cheaper' : 'How your passkey is checked';
  $('check-how').textContent = how(path, deployed);
  const content = JSON.stringify([account.address, list]);
  if (content === drawn) return;
  drawn = content;
  $('offers').replaceChildren(...list.map(({ text, button, data }) => {
    const item = element('li');
    const go = element('button', button);
    go.setAttribute('type', 'button');
    go.addEventListener('click', () => review({ to: account.address, value: 0n, data }));
    item.append(element('p', text), go);
    return item;
  }));
}
