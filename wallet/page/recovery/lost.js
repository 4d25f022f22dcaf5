// @ts-check
/** For who has lost their keys: a new passkey, which signs its own request, and a link for the guardians. */
import { addressHandle, signerBytes, signersOf, UV_REQUIRED } from '../account.js';
import { keccak } from '../abi.js';
import { verify } from '../assertion.js';
import { get } from '../ceremony.js';
import { configHash, digest } from '../guardians.js';
import { add, byPasskey } from '../guardianfile.js';
import { duration, nameOf, quorum } from '../guardianwords.js';
import { checked } from '../operate.js';
import { fetchOffer, fresh, make, settled } from '../register.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, element, input, show, showing, status } from '../view.js';
import { Trouble } from '../words.js';
import { present } from './request.js';
import { session } from './session.js';

/** @typedef {import('./chain.js').State} State */

/** How long guardians have to sign, in seconds. */
const TIME = 7 * 86_400;

/** @type {{account: string, state: State, signers: Uint8Array[]} | undefined} */ let lost;
/** @type {import('../register.js').Offer | undefined} */ let offer;
/** @type {import('../register.js').Made | undefined} */ let made;
/** @type {import('../guardianfile.js').Collected | undefined} */ let request;

/** @param {string} account */
export async function enter(account) {
  const chain = session.chain;
  if (!await chain.hasCode(account)) throw new Trouble('There is no account at this address on this chain.', 'Check the address. Guardians can bring back what is on the chain.');
  const [state, signers] = await Promise.all([chain.standing(account), signersOf(chain.call, account).catch(() => /** @type {Uint8Array[]} */ ([]))]);
  if (!state.setup.tiers.length || !signers.length) throw new Trouble('Nobody guards this account.', 'Without guardians, nobody can put a new passkey in. Look at its audit: another of its signers may still be somewhere.');
  lost = { account, state, signers };
  made = request = undefined;
  $('lost-account').textContent = account;
  $('lost-tier').replaceChildren(...state.setup.tiers.map((t, i) => {
    const taken = state.proposals.some((p) => p.tier === i && p.expiresAt > state.now);
    return element('option', `Tier ${i + 1}: ${quorum(t)}, then ${duration(t.delay)}${taken ? ' (has proposed something already)' : ''}`);
  }));
  $('replaced').replaceChildren(...signers.map((s, i) => {
    const label = element('label', '', 'check');
    const box = document.createElement('input');
    Object.assign(box, { type: 'checkbox', id: `replace-${i}`, checked: true });
    label.append(box, element('span', nameOf(s)));
    return label;
  }));
  $('recover-form').hidden = false;
  $('prove-box').hidden = true;
  keepOffer();
  show('lost');
  status();
}

/** Keeps an offer at hand: the prompt must open from the click itself. */
export async function keepOffer() {
  if (lost && !made && document.visibilityState === 'visible' && !busy() && !fresh(offer)) offer = await fetchOffer(session.chain, addressHandle(lost.account)).catch(() => undefined);
}
setInterval(() => showing('lost') && keepOffer(), 30_000);

on('recover-form', 'submit', () => {
  if (!lost) return;
  const { account, state, signers } = lost;
  const replaces = signers.filter((_, i) => input(`replace-${i}`).checked);
  const tier = /** @type {HTMLSelectElement} */ (/** @type {unknown} */ ($('lost-tier'))).selectedIndex;
  task(asked, async (signal) => {
    if (!replaces.length) throw new Trouble('Which signers have you lost?', 'Mark one at least. The new passkey takes its place.');
    const ready = offer && fresh(offer) ? offer : await fetchOffer(session.chain, addressHandle(account));
    made = await make(session.chain, ready, input('lost-name').value || 'Recovered account', signal, () => {
      offer = undefined;
      answered('Checking the new passkey…');
    });
    request = {
      chainId: session.chain.id, module: /** @type {string} */ (session.chain.module), setup: state.setup, approvals: [],
      message: {
        kind: 'recover', account, tier, newSigner: signerBytes({ ...made.key, rule: UV_REQUIRED }), table: 0, credentialIdHash: keccak(made.id),
        replaces, nonce: state.nonces[tier], deadline: state.now + TIME, configHash: configHash(state.setup),
      },
    };
    $('recover-form').hidden = true;
    $('prove-box').hidden = false;
    status('Passkey created.');
  }, { ceremony: true });
});

on('prove', 'click', () => {
  const [m, c] = [made, request];
  if (!m || !c) return;
  const challenge = digest(c.message, c.chainId, c.module);
  task(asked, async (signal) => {
    // Asked as signing in asks, without a name: what is not found now would not be found then.
    const got = await get({ rpId: session.chain.config.rpId, challenge, signal });
    answered('Checking the signature…');
    const assertion = checked(session.chain, got, challenge);
    if (!await verify(assertion, m.key)) throw new Trouble('That was another passkey.', 'Choose the one that you have just made.');
    if (!got.userHandle) throw new Trouble('Your passkey provider did not give back what finds the account again.', 'Start over with another place to keep the passkey: another provider, device or security key.');
    await settled(m.registered, () => {
      m.registered = m.register();
    });
    await add(c, byPasskey(c.message.kind === 'recover' ? c.message.newSigner : new Uint8Array(), assertion));
    await present(c);
    status('The request is ready. Give it to your guardians, and read the new passkey’s name to them.');
  }, { ceremony: true });
});
