// @ts-check
/** The session key's page: ask for an approval, open it, act within its limits, see what is left. */
import { parse } from '../approval.js';
import { verify } from '../assertion.js';
import { toHex } from '../bytes.js';
import { CeremonyError, get, obstacle } from '../ceremony.js';
import { parseFunction, selector } from '../functions.js';
import { STUB_KEY, UNSEEN, execute, permissionKey, personal, sealPasskey, stubPasskey, use, useFirst } from '../kernel.js';
import { checked } from '../operate.js';
import { check } from '../policychecks.js';
import { refusal } from '../policydecide.js';
import { clock, formatUnits, functionOf, sentence, words, zone } from '../policywords.js';
import { json } from '../rpc.js';
import { addressOf, sign } from '../secp256k1.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, element, fieldError, input, problem, rows, show, showing, status } from '../view.js';
import { Trouble, chainName, explain } from '../words.js';
import { draw as drawFields, offer, read, unnamed } from './act.js';
import { Kernel } from './chain.js';
import { ask, create, keepOffer, known, test } from './keys.js';
import { hold, permissionFor } from './opening.js';
import { follow, onItsWay, propose, serve, traffic } from './operation.js';
import { requestOf } from './request.js';
import { copy, draw as drawCode, fragment, link, name, unpacked } from './share.js';

/**
 * @typedef {import('./keys.js').Passkey} Passkey
 * @typedef {import('./opening.js').Opened} Opened
 * @typedef {Passkey | {kind: 'ecdsa', owner: string, secret: Uint8Array}} Key of the session
 */

/** @type {Kernel} */ let chain;
/** @type {import('../approval.js').Approval | undefined} Read, and waiting for its key. */ let waiting;
/** @type {(Opened & {key: Key}) | undefined} */ let open;
/** @type {import('../register.js').Made | undefined} */ let made;
/** @type {string} */ let request = '';

// 1. Ask.

on('new-form', 'submit', () => task(asked, async (signal) => {
  made = await create(chain, input('name').value || 'Session key', signal);
  show('prove');
  status('Passkey created.');
}, { ceremony: true }));

on('test', 'click', () => task(asked, async (signal) => {
  showRequest(await test(chain, /** @type {import('../register.js').Made} */ (made), signal));
}, { ceremony: true }));

/** @param {Passkey} p */
function showRequest(p) {
  request = requestOf(p);
  drawCode('code', link('grant', 'for', request));
  $('request-text').textContent = request;
  show('request');
  status();
}
on('ask-again', 'click', () => {
  const last = known().at(-1);
  if (last && !busy()) showRequest(last);
});
on('copy-link', 'click', () => copy(link('grant', 'for', request), 'Link'));
on('copy-text', 'click', () => copy(request, 'Text'));
on('request-back', 'click', () => !busy() && start());

// 2. Open.

on('open-form', 'submit', () => !busy() && openText(input('text').value));

on('file', 'change', async () => {
  const file = input('file').files?.[0];
  if (!file || busy()) return;
  const text = file.size > 1_000_000 ? '' : await file.text();
  input('file').value = '';
  openText(text);
});

/** @param {string} given */
async function openText(given) {
  fieldError('text');
  try {
    const { text, functions } = await unpacked(given);
    const a = parse(text);
    name(a.policies, functions);
    task('Asking the chain about the approval…', () => withKey(a));
  } catch (e) {
    fieldError('text', sentence(e) + (given.trim().startsWith('postern') ? '' : ' Ask the owner for it again.'));
    input('text').focus();
    status('This is no approval.');
  }
}

/** @param {import('../approval.js').Approval} a */
async function withKey(a) {
  input('text').value = '';
  if (a.privateKey) {
    const secret = a.privateKey;
    return enter(a, { kind: 'ecdsa', owner: addressOf(secret), secret });
  }
  const mine = known().find((p) => permissionFor(a, p));
  if (mine) return enter(a, mine);
  waiting = a;
  await chain.now(); // that it answers is as good to know before the prompt
  $('unlock-words').replaceChildren(...wordsOf(a.policies).map((w) => element('li', w)));
  show('unlock');
  status();
}

on('unlock-go', 'click', () => task(asked, async (signal) => {
  const a = /** @type {NonNullable<typeof waiting>} */ (waiting);
  const mine = (await ask(chain, signal)).find((p) => permissionFor(a, p));
  if (!mine) throw new Trouble('This approval is for another key, or was changed.', 'Use the passkey that the request was made with, or ask the owner for a new one.');
  await enter(a, mine);
}, { ceremony: true }));
on('unlock-back', 'click', () => !busy() && start());

/** @param {import('../policies.js').Policy[]} policies */
const wordsOf = (policies) => words({ policies, tokens: chain.tokens, zone: zone() });

/** @param {import('../approval.js').Approval} a @param {Key} key */
async function enter(a, key) {
  const permission = permissionFor(a, key);
  if (!permission) throw new Trouble('This approval is for another key, or was changed.', 'Ask the owner for a new one.');
  for (const q of a.policies.flatMap((p) => (p.kind === 'call' ? p.permissions : []))) {
    const f = functionOf(q);
    if (f) chain.functions.set(q.selector, f);
    if (f && q.selector !== '0x00000000') await chain.token(q.target).catch(() => {}); // then amounts stay bare
  }
  open = { ...await hold(chain, a, permission, key), key };
  draw();
  show('session');
  traffic();
  const held = onItsWay();
  if (held) follow(held);
  status();
}

/** Reads the chain again. */
async function refresh() {
  if (!open) return;
  const { approval, permission, key } = open;
  const again = await hold(chain, approval, permission, key);
  if (open?.approval !== approval) return;
  open = { ...again, key };
  drawState();
}

/** Everything, with an empty form. */
function draw() {
  const o = /** @type {NonNullable<typeof open>} */ (open);
  drawState();
  offer(usable(o) ? o.approval.policies.flatMap((p) => (p.kind === 'call' ? p.permissions : [])) : [], chain.tokens);
}

/** @param {Opened} o */
const usable = (o) => o.checks.every((c) => c.good);

function drawState() {
  const o = /** @type {NonNullable<typeof open>} */ (open);
  const good = usable(o);
  $('session-title').textContent = good ? 'You may act' : 'This approval is of no use';
  $('state').textContent = good ? `Within these limits, on ${chainName(chain.id)}.` : 'See what is wrong, and ask the owner for a new one.';
  $('checks').replaceChildren(...o.checks.map((c) => element('li', c.text, c.good ? 'good' : 'bad')));
  const found = check({ policies: o.approval.policies, tokens: chain.tokens }, { now: 0, account: o.approval.account, signer: o.permission.signer.contract }).filter((f) => f.refused);
  $('words').replaceChildren(...wordsOf(o.approval.policies).map((w) => element('li', w)), ...found.map((f) => element('li', `Take care: ${f.what}.`, 'bad')));
  const left = remaining(o);
  rows('left', left);
  $('left').hidden = !left.length;
  $('gasless-box').hidden = !good || !chain.paymasterUrl;
  if (!good) $('act-form').hidden = true;
}

/** What is left of each limit. @param {Opened} o @returns {[string, string, string?][]} */
function remaining({ approval, left, time, installed, now }) {
  return [
    ['The account holds', `${formatUnits(now.balance, 18)} ETH`],
    ...approval.policies.flatMap((p, i) => /** @type {[string, string][]} */ (
      p.kind === 'rate-limit' ? [['Operations left', `${left[i]?.count ?? p.count} of ${p.count}`], ...((left[i]?.startAt ?? p.startAt) > time ? [['Next one from', clock(left[i]?.startAt ?? p.startAt, zone())]] : [])]
        : p.kind === 'gas' ? [['Fees left', `${formatUnits(left[i]?.allowed ?? p.allowed, 18)} of ${formatUnits(p.allowed, 18)} ETH`]]
          : p.kind === 'timestamp' && p.validUntil ? [['Time left', p.validUntil > time ? duration(p.validUntil - time) : 'none']] : [])),
    ...(installed ? [] : /** @type {[string, string][]} */ ([['Used', 'not yet']])),
  ];
}

/** @param {number} seconds */
const duration = (seconds) => (seconds >= 2 * 86400 ? `${Math.floor(seconds / 86400)} days` : seconds >= 7200 ? `${Math.floor(seconds / 3600)} hours` : `${Math.ceil(seconds / 60)} minutes`);

// 3. Act.

on('what', 'change', drawFields);

on('fields', 'change', ({ target }) => {
  const q = unnamed();
  const text = /** @type {HTMLInputElement} */ (target).value;
  if (!open || !q || /** @type {HTMLElement} */ (target).id !== 'act-fn' || !text.trim()) return;
  try {
    const fn = parseFunction(text);
    if (selector(fn) !== q.selector) throw new Error(`The selector of this function is ${selector(fn)}, not ${q.selector}.`);
    name(open.approval.policies, [text]);
    chain.functions.set(q.selector, fn);
    const chosen = input('what').value;
    draw();
    input('what').value = chosen;
    drawFields();
  } catch (e) {
    fieldError('act-fn', sentence(e));
  }
});

on('act-form', 'submit', () => {
  const o = open;
  const call = !busy() && o ? read() : undefined;
  if (!o || !call) return;
  task('Asking the limits, and working out the fee…', async () => {
    const callData = execute([call]);
    const { key, approval, permission } = o;
    const precompiled = key.kind === 'passkey' && await chain.hasP256();
    if (key.kind === 'passkey' && !precompiled && !await chain.passkeysWork()) throw new Trouble('This chain cannot check passkeys for Kernel accounts.', 'It has neither P256VERIFY nor the contract that Kernel asks instead.');
    await refresh();
    const fresh = open?.approval === approval ? open : o;
    const judge = (/** @type {import('../userop.js').UserOp} */ op) => {
      const r = refusal({ policies: approval.policies }, fresh.left, Math.max(fresh.time, Math.floor(Date.now() / 1000) - 60), op);
      if (r) throw new Trouble(r.what, `${r.way} It is ${r.policy < 0 ? 'the grant as a whole' : `policy ${r.policy + 1}`}${r.permission === undefined ? '' : `, call ${r.permission + 1}`}${r.rule === undefined ? '' : `, condition ${r.rule + 1}`} that says so. Nothing was sent.`);
      return [];
    };
    judge({ sender: approval.account, nonce: 0n, callData, callGasLimit: 0n, verificationGasLimit: 0n, preVerificationGas: 0n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, signature: '0x', paymaster: gasPaymaster(approval.policies) });
    const seal = (/** @type {Uint8Array} */ signature) => (fresh.installed ? use(signature) : useFirst(permission, /** @type {Uint8Array} */ (approval.signature), signature));
    await propose(
      { address: approval.account, stub: toHex(seal(key.kind === 'passkey' ? stubPasskey(location.origin, precompiled) : STUB_KEY)), factory: o.factory, factoryData: o.factoryData, nonceKey: permissionKey(approval.permissionId, !fresh.installed), unseen: key.kind === 'passkey' ? UNSEEN : 0n },
      callData, call.value,
      async ({ digest }, signal) => {
        if (key.kind === 'ecdsa') return seal(sign(personal(digest), key.secret));
        const got = await get({ rpId: chain.config.rpId, challenge: digest, allow: [key.id], signal });
        answered('Checking the signature…');
        const assertion = checked(chain, got, digest);
        if (!await verify(assertion, key)) throw new Trouble('The signature is not by the session’s passkey.', 'Nothing was sent. Choose the passkey that the approval is for.');
        return seal(sealPasskey(assertion, precompiled));
      },
      { by: key.kind === 'passkey' ? 'your passkey, as session key' : 'the key in the approval', passkey: key.kind === 'passkey', gasless: input('gasless').checked, judge });
  });
});

/** For the first look, the paymaster that is enforced is taken to pay. @param {import('../policies.js').Policy[]} policies */
const gasPaymaster = (policies) => policies.map((p) => (p.kind === 'gas' && p.enforcePaymaster ? p.paymaster : undefined)).find(Boolean);

on('leave', 'click', () => {
  if (busy()) return;
  if (open?.key.kind === 'ecdsa') open.key.secret.fill(0);
  open = undefined;
  start();
  status('This page has forgotten the approval. Open it again from where you keep it.');
});

function start() {
  $('ask-again').hidden = !known().length;
  show('start');
  status();
}

async function boot() {
  const missing = obstacle();
  if (missing) return problem(explain(new CeremonyError(missing)));
  const given = fragment('approval');
  status('Getting ready…', true);
  try {
    chain = /** @type {Kernel} */ (await Kernel.open(await json('./config.json')));
  } catch (e) {
    status();
    return problem(explain(e));
  }
  serve({ chain: () => chain, address: () => open?.approval.account, home: 'session', arrived: refresh });
  $('network').textContent = chainName(chain.id).replace(/ \(.*/, '');
  $('network').hidden = false;
  start();
  for (const b of document.querySelectorAll('#start button')) b.removeAttribute('disabled');
  setInterval(() => showing('start') && keepOffer(chain), 1000);
  if (given) openText(given);
}

boot();
