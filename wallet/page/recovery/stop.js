// @ts-check
/** The owner's signature that stops every recovery: for an account that is frozen or cannot pay. Whoever has it may send it. */
import { verify } from '../assertion.js';
import { MalformedError, toHex, utf8 } from '../bytes.js';
import { get } from '../ceremony.js';
import { carried, copy, draw as drawCode, link, packed, unpacked } from '../grant/share.js';
import { FORMAT, challenge, epoch, parse, serialize, transaction, words } from '../guardianstop.js';
import { checked } from '../operate.js';
import { hinter, pathOf } from '../path.js';
import { RpcError } from '../rpc.js';
import { answered, asked, on, task } from '../task.js';
import { seal } from '../userop.js';
import { $, element, show, status } from '../view.js';
import { Trouble } from '../words.js';
import { toAccount } from './request.js';
import { canSend, hasWallet, send, sendByWallet } from './sender.js';
import { session } from './session.js';

/** @typedef {import('../guardianstop.js').Stop} Stop */

/** What is on view; without a signature while its owner has to sign. @type {Stop | undefined} */ let open;
/** @type {Awaited<ReturnType<typeof hinter>>} What makes hints for the account, loaded before the prompt. */ let hint;
let shared = '';

const here = () => ({ chainId: session.chain.id, module: /** @type {string} */ (session.chain.module) });

/** For the owner: what will be signed. @param {string} account */
export async function begin(account) {
  const mine = session.own;
  if (mine?.account.address !== account) throw new Trouble('This page does not know your passkey yet.', 'Go back and open the account with it.');
  if (mine.account.shared) throw new Trouble('This passkey alone cannot sign for this account.', 'Further signers must sign as well, which this page cannot gather. Two guardians of the tier can stop the recovery, too.');
  const [state, path] = await Promise.all([session.chain.standing(account), pathOf(session.chain, mine.account)]);
  if (!state.proposals.some((p) => p.expiresAt > state.now)) throw new Trouble('There is nothing to stop.', 'No recovery of this account is proposed.');
  hint = await hinter(path);
  open = { ...here(), account, nonce: epoch(state.any), signature: new Uint8Array() };
  await draw();
}

/** For whoever got the signature: a link, its text, or a file. Undefined if it is something else. @param {string} given */
export async function read(given) {
  const text = given.trim();
  if (!session.chain.module || !(text.startsWith('{') ? text.includes(FORMAT) : text.includes('#stop='))) return undefined;
  if (text.startsWith('{')) return parse(text, here());
  const { text: base64 } = await unpacked(carried(text, 'stop'));
  try {
    return parse(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))), here());
  } catch (cause) {
    if (cause instanceof MalformedError) throw cause;
    throw new MalformedError('the link is cut off', { cause });
  }
}

/** @param {Stop} s */
export async function present(s) {
  open = s;
  await draw();
}

async function draw() {
  const s = /** @type {Stop} */ (open);
  const signed = s.signature.length > 0;
  $('stop-account').textContent = s.account;
  $('stop-words').replaceChildren(...[...words(s),
    signed ? 'Its owner has signed this.' : 'Your account pays nothing for it. It works while the account is frozen, too.',
    'It can be used once, by whoever has it, until a recovery is carried out or stopped, or the guardians are changed.'].map((w) => element('li', w)));
  $('stop-sign-box').hidden = signed;
  const stale = signed ? await doubt(s) : '';
  $('stop-stale').textContent = stale;
  $('stop-stale').hidden = !stale;
  $('stop-send-box').hidden = !signed || !!stale;
  const sends = [canSend(session.chain), hasWallet()];
  $('stop-send').hidden = !sends[0];
  $('stop-send-wallet').hidden = !sends[1];
  $('stop-send-to').textContent = s.module;
  if (signed) await drawShared(s);
  show('stop');
  status();
}

/** @param {Stop} s */
async function drawShared(s) {
  const text = serialize(s);
  shared = link('recovery', 'stop', await packed(btoa(String.fromCharCode(...utf8(text))), []));
  $('stop-code').hidden = !drawCode('stop-code', shared);
  const a = /** @type {HTMLAnchorElement} */ ($('save-stop'));
  URL.revokeObjectURL(a.href);
  a.href = URL.createObjectURL(new Blob([text, '\n'], { type: 'application/json' }));
}

/** Why the chain would refuse it; '' if it would not. @param {Stop} s */
async function doubt(s) {
  const state = await session.chain.standing(s.account);
  if (epoch(state.any) !== s.nonce) return 'The account has gone past this: the recovery was stopped or carried out, or the guardians were changed. Nobody needs to send it any more.';
  if (!state.proposals.some((p) => p.expiresAt > state.now)) return 'No recovery of this account is proposed now. There is nothing to stop.';
  try {
    await session.chain.call(s.module, transaction(s)); // the contract's own word, without sending anything
  } catch (e) {
    if (!(e instanceof RpcError) || e.kind !== 'refused') throw e;
    return 'The account does not accept this signature. It may be of a signer that was removed, or of another account.';
  }
  return '';
}

on('stop-sign', 'click', () => {
  const [s, mine] = [open, session.own];
  if (!s || mine?.account.address !== s.account) return;
  const { account: { signer }, id } = mine;
  const asks = challenge(s);
  task(asked, async (signal) => {
    const got = await get({ rpId: session.chain.config.rpId, challenge: asks, allow: [id], signal });
    answered('Checking the signature…');
    const assertion = checked(session.chain, got, asks);
    if (!await verify(assertion, signer)) throw new Trouble('The signature is not by this account’s key.', 'Open the account again with the right passkey.');
    open = { ...s, signature: seal(signer, assertion, await hint?.(assertion, signer)) };
    await draw();
    status('Signed. Now send it, or pass it on.');
  }, { ceremony: true });
});

/** @param {typeof send} by */
function sending(by) {
  const s = /** @type {Stop} */ (open);
  task('Sending…', async () => {
    await by(session.chain, s.module, transaction(s));
    await toAccount(s.account);
    status('Every recovery is stopped.');
  });
}
on('stop-send', 'click', () => sending(send));
on('stop-send-wallet', 'click', () => sending(sendByWallet));
on('stop-copy-link', 'click', () => copy(shared, 'Link'));
on('stop-copy-call', 'click', () => copy(toHex(transaction(/** @type {Stop} */ (open))), 'Data'));
on('stop-back', 'click', () => task('Reading the account…', () => toAccount(/** @type {Stop} */ (open).account)));
