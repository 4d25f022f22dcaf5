// @ts-check
/** What the passkey server has seen of passkeys: it tells whoever has just signed with them, and the audit takes it as facts. */
import { fromBase64url, toBase64url } from '../bytes.js';
import { get } from '../ceremony.js';
import { RpcError, json } from '../rpc.js';
import { answered, asked, on, task } from '../task.js';
import { $, element, status } from '../view.js';
import { Trouble } from '../words.js';
import { session } from './session.js';

/**
 * @typedef {{at?: string, what: string}} Event
 * @typedef {{id: string, rpId: string, name?: string, provider?: string, confidence?: string, class: string, examples?: string, history?: object[], created?: string, lastUse?: string, changes?: Event[], events?: Event[]}} Passkey
 * @typedef {{format: string, passkeys: Passkey[]}} Kept
 */

const FORMAT = 'postern-passkeys-1';
const OFFER_LIFE = 120_000; // the server's challenges live five minutes, and the prompt takes its share

/** @type {{challenge: Uint8Array, at: number} | undefined} */ let offer;

/** Fetches a challenge before anybody clicks, so that the prompt belongs to the click. */
export const prepare = () => fetchOffer().catch(() => {}); // a click asks again, and says what is wrong

async function fetchOffer() {
  const options = await json(`${session.chain.config.passkeyUrl}/login/options`, {});
  if (options.rpId !== session.chain.config.rpId) throw new Trouble('The passkey server asks for another domain’s passkeys.', 'Ask whoever runs this server.');
  offer = { challenge: fromBase64url(options.challenge), at: Date.now() };
  return offer;
}

/** @param {() => Promise<void>} told runs when the server has told something new */
export function onTold(told) {
  on('ask-server', 'click', () => task(asked, async (signal) => {
    const { challenge } = offer && Date.now() - offer.at < OFFER_LIFE ? offer : await fetchOffer();
    offer = undefined; // each is good for one signature
    const got = await get({ rpId: session.chain.config.rpId, challenge, signal });
    answered('Asking the passkey server…');
    const before = session.kept;
    session.kept = merged(before, await ask(got));
    try {
      await told();
    } catch (e) {
      session.kept = before;
      throw e;
    } finally {
      prepare();
    }
    status('The passkey server has told what it has seen.');
  }, { ceremony: true }));
}

/** @param {import('../ceremony.js').Got} got @returns {Promise<Kept>} */
async function ask(got) {
  const id = toBase64url(got.id);
  const cred = {
    id, rawId: id, type: 'public-key', clientExtensionResults: {},
    response: { clientDataJSON: toBase64url(got.clientDataJSON), authenticatorData: toBase64url(got.authenticatorData), signature: toBase64url(got.der), ...(got.userHandle && { userHandle: toBase64url(got.userHandle) }) },
  };
  const url = session.chain.config.passkeyUrl;
  const { listToken } = await json(`${url}/login/verify`, { cred, list: true }).catch((e) => {
    if (e instanceof RpcError && e.code === 'credential_unknown') throw new Trouble('The passkey server does not know this passkey.', 'It was made with another server, which may know it. Everything else works without.', e);
    throw e;
  });
  if (typeof listToken !== 'string') throw new Trouble('This passkey server does not tell what it has seen.', 'Start a newer “postern up”.');
  const reply = await fetch(`${url}/credentials`, { headers: { Authorization: `Bearer ${listToken}` }, signal: AbortSignal.timeout(20_000) }).then((r) => r.json(), () => undefined);
  if (reply?.format !== FORMAT || !Array.isArray(reply.passkeys)) throw new Trouble('What the passkey server has seen cannot be read.', 'Try again.');
  return reply;
}

/** What was told before stays; of one passkey, the newer. @param {Kept | undefined} before @param {Kept} now @returns {Kept} */
const merged = (before, now) => ({ format: FORMAT, passkeys: [...(before?.passkeys ?? []).filter((p) => !now.passkeys.some((q) => q.id === p.id && q.rpId === p.rpId)), ...now.passkeys].slice(-16) });

/** Lists what was told, newest first. */
export function drawKept() {
  $('kept').replaceChildren(...(session.kept?.passkeys ?? []).map((p) => {
    const li = element('li', `${p.provider ? `${p.provider}${p.confidence === 'claimed' ? ' (as it claims)' : ''}` : 'Passkey'}, ${p.rpId}: ${p.class}.`);
    const lines = [...(p.changes ?? []), ...(p.events ?? []).filter((e) => !(p.changes ?? []).some((c) => c.what === e.what && c.at === e.at))];
    if (p.lastUse) lines.push({ at: p.lastUse, what: 'it was used last' });
    const ul = element('ul', '', 'words');
    ul.append(...lines.sort((a, b) => (b.at ?? '').localeCompare(a.at ?? '')).map((e) => element('li', `${day(e.at)}: ${e.what}.`)));
    li.append(ul);
    return li;
  }));
}

/** @param {string | undefined} at */
const day = (at) => (at ? new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }) : 'Some day');
