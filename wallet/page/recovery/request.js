// @ts-check
/** A request to guardians: read in words, agreed to, passed on, and sent when enough have agreed. */
import { passkeySigner } from '../account.js';
import { verify } from '../assertion.js';
import { MalformedError, equal, fromHex, toHex, utf8 } from '../bytes.js';
import { get } from '../ceremony.js';
import { connect, localKey, provider } from '../grant/keys.js';
import { carried, copy, draw as drawCode, link, packed, unpacked } from '../grant/share.js';
import { add, asked, byPasskey, merge, parse, serialize, standing, tierOf } from '../guardianfile.js';
import { AHEAD } from '../guardiandrills.js';
import { digest, transaction, typedData } from '../guardians.js';
import { nameOf, when, words } from '../guardianwords.js';
import { checked } from '../operate.js';
import { valid } from '../secp256k1.js';
import { answered, asked as waiting, busy, on, task } from '../task.js';
import { $, element, fieldError, input, show, status } from '../view.js';
import { Trouble } from '../words.js';
import { keep, note, update } from './drilllog.js';
import { called } from './names.js';
import { canSend, hasWallet, send, sendByWallet } from './sender.js';
import { session } from './session.js';

/**
 * @typedef {import('../guardianfile.js').Collected} Collected
 * @typedef {import('../guardians.js').Message} Message
 * @typedef {import('../guardians.js').Approval} Approval
 */

/** @type {Collected | undefined} The request on view. */ let open;
/** @type {string} Its link. */ let shared = '';
let guardiansOf = (/** @type {string} */ _) => Promise.resolve();

/** @type {Record<Message['kind'], [string, string, string]>} title, what to send, what it has brought about */
const KINDS = {
  recover: ['Help somebody back into their account', 'Send the proposal', 'The recovery is proposed. The waiting time has begun.'],
  cancel: ['Stop a recovery', 'Stop the recovery', 'The recovery is stopped.'],
  freeze: ['Freeze an account', 'Freeze the account', 'The account is frozen.'],
  unfreeze: ['End a freeze', 'End the freeze', 'The freeze is over.'],
  drill: ['A drill: can everybody still sign?', '', ''],
};

/** Opens an account's guardians. @param {string} account */
export const toAccount = (account) => guardiansOf(account);

const here = () => ({ chainId: session.chain.id, module: /** @type {string} */ (session.chain.module) });

/** Begins a request that nobody has agreed to yet. @param {import('./chain.js').State} state of its account @param {Message} message */
export async function begin(state, message) {
  const c = { ...here(), setup: state.setup, message, approvals: [] };
  if (message.kind === 'drill') await note(c);
  await present(c);
}

/** A request as somebody passed it on: a link, its text, or a file. Throws an error in words. @param {string} given @returns {Promise<Collected>} */
export async function read(given) {
  if (!session.chain.module) throw new Trouble('This chain has no guardians.', 'Open the request on the wallet page of the chain that it is for.');
  const text = given.trim();
  if (text.startsWith('{')) return parse(text, here());
  const { text: base64 } = await unpacked(carried(text, 'approval'));
  let json;
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
  } catch (cause) {
    throw new MalformedError('the link is cut off', { cause });
  }
  return parse(json, here());
}

/** Puts a request on view. @param {Collected} c */
export async function present(c) {
  open = c.message.kind === 'drill' ? await keep(c) : c;
  /** @type {HTMLDetailsElement} */ ($('merge-box')).open = c.message.kind === 'drill' && session.own?.account.address === c.message.account;
  await draw();
  show('approve');
  status();
}

/** Of a contract's signature, or a forged one. */
const UNSURE = ': a signature that only the chain can check. Do not count on it';

/** What a drill calls the parts of the page. */
const PARTS = /** @type {[string, string, string][]} */ ([
  ['standing-title', 'Who has agreed', 'Who has shown it'], ['sign-passkey', 'Agree with your passkey', 'Sign the drill with your passkey'],
  ['sign-wallet', 'Agree with a connected wallet', 'Sign the drill with a connected wallet'],
]);

/** What is still needed, in words. @param {ReturnType<typeof standing>} s @param {Message} m */
function lacking(s, m) {
  const signed = s.list.filter((g) => g.approved && !g.open).length;
  if (m.kind === 'drill') return signed === s.list.length ? 'All of them have shown that they can sign.' : `${signed} of ${s.list.length} have shown that they can.`;
  if (s.ready) return '';
  const missing = s.threshold > s.weight ? s.threshold - s.weight : 0n;
  if (missing && s.list.some((g) => g.weight !== 1n)) return `Guardians who weigh ${missing} more have to agree.`;
  return missing ? `${missing} more ${missing === 1n ? 'has' : 'have'} to agree.` : s.few ? 'One guardian alone is not enough for this.' : 'The new signer has not signed yet.';
}

async function draw() {
  const c = /** @type {Collected} */ (open);
  const m = c.message;
  const text = serialize(c);
  $('approve-title').textContent = KINDS[m.kind][0];
  $('approve-words').replaceChildren(...words(m).map((w) => element('li', w)));
  const s = standing(c);
  $('standing').replaceChildren(...s.list.map((g) => element('li', `${named(sentence(nameOf(g.signer)), g.signer)}${g.weight === 1n ? '' : ` (weighs ${g.weight})`}${g.open ? UNSURE : !g.approved ? '' : m.kind === 'drill' ? ' can sign' : ' has agreed'}`, g.approved && !g.open ? '' : 'open')), ...(m.kind === 'recover' ? [element('li', `The new signer itself${s.works ? ' has signed: it works' : s.proven ? UNSURE : ''}`, s.works ? '' : 'open')] : []));
  $('standing-words').textContent = lacking(s, m);
  for (const [id, usual, drill] of PARTS) $(id).textContent = m.kind === 'drill' ? drill : usual;
  const open_ = s.list.filter((g) => !g.approved || g.open);
  $('sign-box').hidden = !open_.length || (s.ready && !s.list.some((g) => g.open));
  $('sign-passkey').hidden = !open_.some((g) => passkeySigner(g.signer));
  const keys = open_.some((g) => g.signer.length === 20);
  $('sign-wallet').hidden = !keys || !provider();
  $('sign-key-box').hidden = !keys || !session.chain.config.faucet;
  const sends = [canSend(session.chain), hasWallet()];
  $('send-box').hidden = !s.ready;
  $('send').hidden = !sends[0];
  $('send').textContent = KINDS[m.kind][1];
  $('send-wallet').hidden = !sends[1];
  $('send-none').hidden = sends.some(Boolean);
  $('copy-call').hidden = !s.ready || sends.some(Boolean);
  $('send-to').textContent = c.module;
  $('hand-box').hidden = false;
  $('send-words').textContent = m.kind === 'recover' ? 'Anyone may send it and pay the fee. From then on the waiting time runs, in which the account’s owner can object.' : 'Anyone may send it and pay the fee.';
  await drawStale(c);
  shared = link('recovery', 'approval', await packed(btoa(Array.from(utf8(text), (v) => String.fromCharCode(v)).join('')), []));
  $('code').hidden = !drawCode('code', shared);
  const a = /** @type {HTMLAnchorElement} */ ($('save-file'));
  URL.revokeObjectURL(a.href);
  a.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  a.download = m.kind === 'drill' ? 'drill.json' : 'recovery.json';
}

/** Says so where the chain would refuse it by now. @param {Collected} c */
async function drawStale(c) {
  const m = c.message;
  const state = await session.chain.standing(m.account).catch(() => undefined);
  const say = (/** @type {string} */ text) => {
    $('approve-stale').hidden = !text;
    $('approve-stale').textContent = text;
  };
  if (!state) return say('');
  const tier = tierOf(m);
  const nonce = m.kind === 'recover' || m.kind === 'cancel' ? state.nonces[m.tier] : state.any;
  const deadline = m.kind === 'recover' || m.kind === 'freeze' || m.kind === 'unfreeze' ? m.deadline : undefined;
  const same = state.setup.tiers.length > Math.max(0, tier) && m.nonce === nonce;
  const waiting_ = m.kind === 'recover' && state.proposals.find((p) => p.tier === m.tier && p.expiresAt > state.now);
  const proposed = waiting_ && equal(waiting_.digest, digest(m, c.chainId, c.module));
  const over = proposed ? `This recovery is proposed. It can be carried out from ${when(waiting_.readyAt)} on.`
    : m.kind === 'drill' ? (m.date > state.now + AHEAD ? `This drill is dated ${when(m.date)}, which is not yet. Whoever signed it would seem to have a key that may be lost by then. Ask for one of today.` : '')
    : !same ? 'The account has gone past this request: it was stopped, carried out, or its guardians were changed. Nobody needs to sign it any more.'
    : deadline && deadline < state.now ? `It could be sent until ${when(deadline)}. Ask for a new one.`
    : waiting_ ? 'The same guardians have proposed something else, which waits. It has to be stopped or to expire first.' : '';
  say(over);
  if (over) $('sign-box').hidden = $('send-box').hidden = $('hand-box').hidden = true;
}

/** @param {string} words of one guardian @param {Uint8Array} signer */
const named = (words, signer) => (called(signer) ? `${called(signer)}: ${words}` : words);

/** @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {Approval} a */
async function agreed(a) {
  const c = /** @type {Collected} */ (open);
  await add(c, a);
  if (c.message.kind === 'drill') await update(c);
  await draw();
  $('approve-title').focus({ preventScroll: true });
  status(standing(c).ready ? 'Signed. Enough have agreed.' : c.message.kind === 'drill' ? 'Signed. Now pass it back to whoever sent it to you.' : 'Signed. Now pass it on.');
}

on('sign-passkey', 'click', () => {
  const c = /** @type {Collected} */ (open);
  const challenge = digest(c.message, c.chainId, c.module);
  task(waiting, async (signal) => {
    const got = await get({ rpId: session.chain.config.rpId, challenge, signal });
    answered('Checking the signature…');
    const assertion = checked(session.chain, got, challenge);
    for (const g of asked(c)) {
      const key = passkeySigner(g.signer);
      if (key && await verify(assertion, key)) return agreed(byPasskey(g.signer, assertion));
    }
    throw new Trouble('That passkey is none of these guardians.', 'Choose the one that you gave the account’s owner. If it lives on another website, open the request there.');
  }, { ceremony: true });
});

/** @param {import('../grant/keys.js').KeyOwner} owner */
async function byKey(owner) {
  const c = /** @type {Collected} */ (open);
  const signer = fromHex(owner.owner, 20);
  if (!asked(c).some((g) => equal(g.signer, signer))) throw new Trouble(`${owner.owner} is none of these guardians.`, 'Choose the account that you gave the owner.');
  const signature = await owner.typed({ digest: digest(c.message, c.chainId, c.module), json: typedData(c.message, c.chainId, c.module) });
  await agreed({ signer, signature, proof: [] });
}

on('sign-wallet', 'click', () => task('Waiting for your wallet…', async () => byKey(await connect(/** @type {any} */ (session.chain)))));

on('sign-key-form', 'submit', () => {
  const field = input('sign-key');
  const text = field.value.trim();
  const secret = /^(0x)?[0-9a-f]{64}$/i.test(text) ? fromHex(text.startsWith('0x') ? text : `0x${text}`, 32) : undefined;
  fieldError('sign-key', secret && valid(secret) ? '' : 'That is no private key: 64 digits 0–9 and a–f after 0x.');
  if (!secret || !valid(secret)) return field.focus();
  field.value = '';
  task('Signing…', async () => {
    try {
      await byKey(localKey(secret));
    } finally {
      secret.fill(0);
    }
  });
});

/** @param {typeof send} by */
function sending(by) {
  const c = /** @type {Collected} */ (open);
  task('Sending…', async () => {
    const m = c.message;
    await by(session.chain, c.module, transaction(m, c.setup, c.approvals, c.newSigner));
    await toAccount(m.account);
    status(KINDS[m.kind][2]);
  });
}
on('send', 'click', () => sending(send));
on('send-wallet', 'click', () => sending(sendByWallet));
on('copy-call', 'click', () => {
  const c = /** @type {Collected} */ (open);
  copy(toHex(transaction(c.message, c.setup, c.approvals, c.newSigner)), 'Data');
});

on('copy-link', 'click', () => copy(shared, 'Link'));
on('copy-text', 'click', () => copy(serialize(/** @type {Collected} */ (open)), 'Text'));

/** Takes what somebody sent back. @param {string} given */
function answer(given) {
  fieldError('answer');
  task('Reading it…', async () => {
    const c = /** @type {Collected} */ (open);
    try {
      await merge(c, await read(given));
      if (c.message.kind === 'drill') await update(c);
    } catch (e) {
      if (/** @type {any} */ (e)?.name !== 'MalformedError') throw e;
      throw new Trouble('That is no answer to this request.', `${sentence(/** @type {Error} */ (e).message)}.`);
    }
    input('answer').value = '';
    await draw();
    status('Added.');
  });
}
on('merge-form', 'submit', () => !busy() && answer(input('answer').value));
on('answer-file', 'change', async () => {
  const file = input('answer-file').files?.[0];
  if (!file || busy()) return;
  const text = file.size > 1_000_000 ? '' : await file.text();
  input('answer-file').value = '';
  answer(text);
});

on('approve-account', 'click', () => task('Reading the account…', () => toAccount(/** @type {Collected} */ (open).message.account)));

/** Says where an account's guardians are shown. @param {(account: string) => Promise<void>} f */
export function accountsAt(f) {
  guardiansOf = f;
}

