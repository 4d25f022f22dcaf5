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
 * Gas by path: what checking a signature takes, with its hints' calldata, and what building the
 * table takes. As package account/webauthn has them; tests compare.
 * @type {Record<number, {verify: number, build: number}>}
 */
export const COST = {
  [NONE]: { verify: 69_259, build: 0 },
  0x11: { verify: 50_298, build: 207_266 },
  0x12: { verify: 42_285, build: 321_033 },
  0x13: { verify: 35_218, build: 956_188 },
  0x14: { verify: 31_509, build: 3_476_348 },
};

/** Gas of an operation that builds, beside building and its own signature. */
export const OPERATION = 125_000;

const thousands = (/** @type {number} */ gas) => (Math.round(gas / 1000) * 1000).toLocaleString('en');
/** Gas of the whole operation that builds a table. @param {number} format @param {number} path in use */
export const price = (format, path) => COST[format].build + OPERATION + COST[path].verify;

/** After how many payments a table has paid for itself, beside going on without it. @param {number} format @param {number} path in use */
export const paysAfter = (format, path) => Math.ceil(price(format, path) / (COST[path].verify - COST[format].verify));

/** From how many payments on one table is the better choice than a smaller one. @param {number} large @param {number} small */
export const beatsFrom = (large, small) => Math.ceil((COST[large].build - COST[small].build) / (COST[small].verify - COST[large].verify));

/** How signatures are checked on a path, in words. @param {number} path @param {boolean} deployed */
export function how(path, deployed) {
  const gas = `about ${thousands(COST[path].verify)} gas of every payment’s fee`;
  if (path !== NONE) return `Your account checks this passkey with a table made from its public key (${TABLES[path]}): ${gas}.`;
  return `This chain cannot check passkeys by itself, so your account calculates: ${gas}. A table made from your passkey’s public key, kept on the chain, makes that less${deployed ? '.' : '; it can be built once your account is on the chain.'}`;
}

/** The tables worth offering, smaller first: format and what speaks for it. @param {number} path @param {bigint | undefined} gasPrice wei @returns {{format: number, text: string}[]} */
export function offers(path, gasPrice) {
  const formats = [0x12, 0x13].filter((f) => COST[f].verify < COST[path].verify);
  const eth = (/** @type {number} */ gas) => (gasPrice ? `about ${roughly(BigInt(gas) * gasPrice)} ETH` : `about ${thousands(gas)} gas`);
  return formats.map((format, i) => {
    const saved = COST[path].verify - COST[format].verify;
    const than = i ? ` It is the better choice from ${beatsFrom(format, formats[i - 1])} payments on.` : '';
    return { format, text: `A table of ${TABLES[format]} costs ${eth(price(format, path))} once, makes every payment ${eth(saved)} cheaper and has paid for itself after ${paysAfter(format, path)} payments.${than}` };
  });
}

const MINUTE = 60_000;
/** @type {{at: number, yes: boolean} | undefined} Whether the chain has P256VERIFY by now. */ let native;

async function chainAnswers() {
  if (!native || Date.now() - native.at > MINUTE) native = { at: Date.now(), yes: await answers(state.chain.call).catch(() => false) };
  return native.yes;
}

/** @type {string} The buttons on view: they stay where they are while only prices change, under a finger or a focus. */ let drawn = '';
/** @type {HTMLElement[]} What stands above each. */ let texts = [];

/** Draws all of it for who is signed in. @param {import('./account.js').Account} account @param {number} path @param {boolean} deployed */
export async function draw(account, path, deployed) {
  const can = deployed && !account.shared;
  const [gasPrice, own] = can ? await Promise.all([state.chain.gasPrice(), chainAnswers()]) : [];
  if (account !== state.session?.account) return;
  const list = !can ? [] : own
    ? [{ text: 'This chain has learnt to check passkeys by itself, for about 7,000 gas. One operation makes your account ask it.', button: 'Use the chain’s own check', data: probe() }]
    : offers(path, gasPrice).map(({ format, text }) => ({ text, button: `Build the table of ${TABLES[format]}`, data: useTable(account.signer, format) }));
  $('check-title').textContent = list.length ? 'Make payments cheaper' : 'How your passkey is checked';
  $('check-how').textContent = how(path, deployed);
  const buttons = JSON.stringify([account.address, list.map((o) => o.data)]);
  if (buttons !== drawn) {
    drawn = buttons;
    texts = list.map(() => element('p'));
    $('offers').replaceChildren(...list.map(({ button, data }, i) => {
      const item = element('li');
      const go = element('button', button);
      go.setAttribute('type', 'button');
      go.addEventListener('click', () => review({ to: account.address, value: 0n, data }));
      item.append(texts[i], go);
      return item;
    }));
  }
  list.forEach(({ text }, i) => (texts[i].textContent = text));
}
