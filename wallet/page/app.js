// @ts-check
/**
 * The journey: create a passkey and prove it, or sign in with one; see the
 * account, send from it. What a click needs is fetched before the click, so that
 * the passkey prompt opens from the click itself. Nothing is stored but the last
 * address, as a hint that the page does without as well.
 */
import { checksum, fresh, narrow, parseHandle, passkeySigner, saltHandle, signersOf } from './account.js';
import { FLAGS, attestedAuthData, findings, parseAuthData, verify } from './assertion.js';
import { equal, fromBase64url, toBase64url, toHex } from './bytes.js';
import { create, get, obstacle, CeremonyError } from './ceremony.js';
import { Chain, checked, prepare, receipt, send, sign } from './operate.js';
import { RpcError, json } from './rpc.js';
import { $, element, fieldError, input, lock, problem, rows, show, showing, status } from './view.js';
import { Trouble, chainName, ether, explain, parseAddress, parseEther, roughly } from './words.js';

/**
 * @typedef {import('./account.js').Account} Account
 * @typedef {{options: any, userId: string, salt: Uint8Array, at: number}} Offer what /register/options gave, waiting for a click
 * @typedef {{id: Uint8Array, key: import('./assertion.js').Key, handle: Uint8Array, salt: Uint8Array, registered: Promise<unknown>}} Made a passkey that is not yet proven
 * @typedef {{id: Uint8Array, accounts: Account[]}} Unsettled a sign-in that fits several accounts
 * @typedef {{id: Uint8Array, account: Account, balance?: bigint}} Session who is signed in
 * @typedef {{prepared: import('./operate.js').Prepared, signed?: import('./userop.js').UserOp}} Pending the operation on view
 */

/** @type {Chain} */ let chain;
/** @type {Offer | undefined} */ let offer;
/** @type {Made | undefined} */ let made;
/** @type {Unsettled | undefined} */ let unsettled;
/** @type {Session | undefined} */ let session;
/** @type {Pending | undefined} */ let pending;

const OFFER_LIFE = 120_000; // the server's challenges live five minutes, and the prompt takes its share
const PROMPT = 150_000;
const USERNAME = 'Postern account';

const random = () => crypto.getRandomValues(new Uint8Array(32));

// ---- one thing at a time -------------------------------------------------

/** @type {AbortController | undefined} */ let running;

/**
 * Runs what a click started; its errors go to the section on view. The function
 * is entered synchronously, so a ceremony at its beginning belongs to the click.
 * @param {string} doing @param {(signal: AbortSignal) => Promise<void>} work @param {{ceremony?: boolean}} [how]
 */
async function task(doing, work, { ceremony = false } = {}) {
  if (running) return;
  running = new AbortController();
  const done = work(running.signal); // first: the prompt must belong to the click
  problem();
  lock(true);
  status(doing, true);
  $('cancel').hidden = !ceremony;
  try {
    await done;
  } catch (e) {
    status();
    problem(explain(e));
  } finally {
    $('cancel').hidden = true;
    running = undefined;
    lock(false);
  }
}

/** @param {string} id @param {string} type @param {(e: Event) => void} handler */
const on = (id, type, handler) => $(id).addEventListener(type, (e) => {
  e.preventDefault();
  handler(e);
});

const asked = 'Waiting for your passkey…';
on('cancel', 'click', () => running?.abort());

/** The prompt has been answered; the rest is ours. @param {string} doing */
function answered(doing) {
  $('cancel').hidden = true;
  status(doing, true);
}

// ---- create --------------------------------------------------------------

async function fetchOffer() {
  const salt = random();
  const reply = await json(`${chain.config.passkeyUrl}/register/options`, { username: USERNAME, userHandle: toBase64url(saltHandle(salt)) });
  const { options, userId } = reply;
  if (options?.rp?.id !== chain.config.rpId || options?.user?.id !== toBase64url(saltHandle(salt))) {
    throw new Trouble('The passkey server offers something else than was asked.', 'No passkey was made. Ask whoever runs this server.');
  }
  offer = { options, userId, salt, at: Date.now() };
  return offer;
}

const freshOffer = () => (offer && Date.now() - offer.at < OFFER_LIFE ? offer : undefined);

/** Keeps an offer at hand while the first screen is looked at. */
function keepOffer() {
  if (showing('start') && document.visibilityState === 'visible' && !running && !freshOffer()) fetchOffer().catch(() => {}); // asked again, and reported, on the click
}

on('create-form', 'submit', () => task(asked, async (signal) => {
  const ready = freshOffer() ?? await fetchOffer();
  const name = input('name').value.trim() || USERNAME;
  const made_ = await create({ options: ready.options, name, signal, timeout: PROMPT });
  offer = undefined;
  answered('Checking the new passkey…');
  const { challenge } = ready.options;
  const raw = attestedAuthData(made_.attestationObject);
  const wrong = findings({ authenticatorData: raw, clientDataJSON: made_.clientDataJSON }, { challenge: fromBase64url(challenge), rpIdHash: chain.rpIdHash, origin: location.origin, type: 'webauthn.create' });
  const { credential, flags } = parseAuthData(raw);
  if (!credential || !equal(credential.id, made_.id)) wrong.push('It names no key.');
  if (made_.discoverable === false) wrong.push('Your device would not offer it when you sign in.');
  if (wrong.length || !credential) throw new Trouble('This passkey cannot hold an account.', `${wrong.join(' ')} Delete it, and choose another place to keep your passkey.`);
  const registered = json(`${chain.config.passkeyUrl}/register/verify`, { userId: ready.userId, username: USERNAME, cred: made_.json }).then((reply) => {
    if (reply.verified !== true) throw new Trouble('The passkey server did not accept the passkey.', 'Start over.');
  });
  registered.catch(() => {}); // reported when the proof asks for it
  made = { id: made_.id, key: credential.key, handle: saltHandle(ready.salt), salt: ready.salt, registered };
  $('kept').textContent = flags & FLAGS.BE
    ? 'It is kept by your passkey provider, so your other devices with that provider can use it too.'
    : 'It lives on this device only. If the device is lost, so is this account: keep small amounts.';
  show('prove');
  status('Passkey created.');
}, { ceremony: true }));

on('test', 'click', () => task(asked, async (signal) => {
  const m = /** @type {Made} */ (made);
  const challenge = random();
  const got = await get({ rpId: chain.config.rpId, challenge, allow: [m.id], signal });
  answered('Checking the signature…');
  const assertion = checked(chain, got, challenge);
  if (!await verify(assertion, m.key)) throw new Trouble('The signature does not fit the passkey’s key.', 'This passkey cannot hold an account. Start over with another place to keep it.');
  if (got.userHandle && !equal(got.userHandle, m.handle)) throw new Trouble('The passkey gave back another account’s name.', 'Start over with another place to keep your passkey.');
  try {
    await m.registered;
  } catch (e) {
    if (e instanceof Trouble) throw e;
    throw new Trouble('The passkey server did not accept the passkey.', 'Start over.', e);
  }
  enter({ id: m.id, account: fresh(chain.config, m.key, m.salt) });
  status('Your account is ready.');
}, { ceremony: true }));

on('test-back', 'click', () => leave());

// ---- sign in -------------------------------------------------------------

on('signin', 'click', () => task(asked, async (signal) => {
  const challenge = random();
  const prompt = get({ rpId: chain.config.rpId, challenge, signal });
  recovery().catch(() => {}); // loads while the person is asked
  const got = await prompt;
  answered('Finding your account…');
  const assertion = checked(chain, got, challenge);
  const handle = parseHandle(got.userHandle);
  if (!handle) throw new Trouble('This passkey belongs to no account of this wallet.', 'Choose another passkey, or create one.');
  if (handle.kind === 'address') return enter({ id: got.id, account: await further(handle.address, assertion) });
  const all = (await keysOf(assertion)).map((key) => fresh(chain.config, key, handle.salt));
  const deployed = await Promise.all(all.map((a) => chain.hasCode(a.address)));
  const known = all.filter((a) => a.address === hint());
  const live = all.filter((_, i) => deployed[i]);
  const accounts = [known, live, all].find((list) => list.length) ?? [];
  if (accounts.length !== 1) {
    unsettled = { id: got.id, accounts };
    show('settle');
    return status('One more signature is needed.');
  }
  if (deployed[all.indexOf(accounts[0])]) await mustSign(accounts[0]);
  enter({ id: got.id, account: accounts[0] });
  status('You are signed in.');
}, { ceremony: true }));

on('settle-go', 'click', () => task(asked, async (signal) => {
  const u = /** @type {Unsettled} */ (unsettled);
  const challenge = random();
  const got = await get({ rpId: chain.config.rpId, challenge, allow: [u.id], signal });
  answered('Finding your account…');
  const left = await narrow(u.accounts, checked(chain, got, challenge));
  if (left.length !== 1) throw new Trouble('The two signatures are by different keys.', 'Sign in again, with one passkey.');
  if (await chain.hasCode(left[0].address)) await mustSign(left[0]);
  enter({ id: u.id, account: left[0] });
  status('You are signed in.');
}, { ceremony: true }));

on('settle-back', 'click', () => leave());

const recovery = () => import('./recover.js');

/** The keys that could have made this signature. @param {import('./assertion.js').Signed} assertion */
async function keysOf(assertion) {
  try {
    return await (await recovery()).recover(assertion);
  } catch (e) {
    throw new Trouble('A part of this page could not be loaded.', 'Check your connection, reload, and sign in again.', e);
  }
}

/** The account that a later passkey was added to. @param {string} address @param {import('./assertion.js').Signed} assertion @returns {Promise<Account>} */
async function further(address, assertion) {
  const keys = await keysOf(assertion);
  const signers = (await signersOf(chain.call, address)).map(passkeySigner);
  const signer = signers.find((s) => s && keys.some((k) => equal(k.x, s.x) && equal(k.y, s.y)));
  if (!signer) throw notASigner(address);
  return { address, signer };
}

/** @param {Account} account */
async function mustSign(account) {
  const signers = (await signersOf(chain.call, account.address)).map(passkeySigner);
  const { x, y, rule } = account.signer;
  if (!signers.some((s) => s && s.rule === rule && equal(s.x, x) && equal(s.y, y))) throw notASigner(account.address);
}

/** @param {string} address */
const notASigner = (address) => new Trouble('This passkey may no longer sign for its account.', `It was removed from ${address}. Sign in with another passkey of that account.`);

const HINT = 'postern.last';

/** The last address used here: saves the second signature, decides nothing else. */
function hint() {
  try {
    return localStorage.getItem(HINT) ?? undefined;
  } catch {
    return undefined; // storage may be forbidden
  }
}

/** @param {string} [address] */
function remember(address) {
  try {
    if (address) localStorage.setItem(HINT, address);
    else localStorage.removeItem(HINT);
  } catch {
    // works without
  }
}

/** @param {Session} s */
function enter(s) {
  made = unsettled = undefined;
  session = s;
  remember(s.account.address);
  $('address').textContent = s.account.address;
  $('balance').textContent = '…';
  $('life').textContent = '';
  show('account');
  status('You are signed in.');
  refresh();
}

function leave() {
  session = made = unsettled = pending = undefined;
  for (const id of ['to', 'amount']) input(id).value = '';
  start();
}

on('signout', 'click', () => {
  if (running) return;
  remember();
  leave();
  status('You are signed out.');
});

// ---- account -------------------------------------------------------------

/** Balance and state from the chain; a failure is said once and does not disturb. */
async function refresh() {
  const s = session;
  if (!s) return;
  const { address } = s.account;
  try {
    const [balance, deployed] = await Promise.all([chain.balance(address), chain.hasCode(address)]);
    if (s !== session) return;
    s.balance = balance;
    $('balance').textContent = ether(balance).length > 14 ? roughly(balance) : ether(balance);
    $('balance').title = `${ether(balance)} ETH`;
    $('life').textContent = deployed ? 'On the chain.' : 'Ready to receive. Your first payment also creates it on the chain.';
    const signers = deployed ? await signersOf(chain.call, address) : [];
    $('signers').replaceChildren(...(signers.length ? signers.map(signerLine) : [element('li', 'This passkey alone. It is written to the chain with your first payment.')]));
  } catch (e) {
    if (s !== session) return;
    $('life').textContent = 'The balance cannot be read at the moment.';
  }
}

/** @param {Uint8Array} b */
function signerLine(b) {
  const key = passkeySigner(b);
  if (!key) return element('li', `${b.length === 20 ? 'Key or contract' : 'Other signer'} ${b.length === 20 ? checksum(toHex(b)) : toHex(b)}`, 'code');
  const own = session && equal(key.x, session.account.signer.x);
  return element('li', `Passkey ${toHex(key.x).slice(0, 12)}…${own ? ' – the one you use now' : ''}`);
}

on('copy', 'click', async () => {
  const address = $('address').textContent ?? '';
  try {
    await navigator.clipboard.writeText(address);
    status('Address copied.');
  } catch {
    getSelection()?.selectAllChildren($('address'));
    status('The address is selected; copy it with your keyboard.');
  }
});

on('faucet', 'click', () => task('Asking for test ETH…', async () => {
  const s = /** @type {Session} */ (session);
  const before = s.balance;
  await chain.ask('postern_faucet', s.account.address);
  for (let i = 0; i < 40 && s === session; i++) {
    await refresh();
    if (s.balance !== before) return status('Test ETH has arrived.');
    await new Promise((done) => setTimeout(done, 250));
  }
  status('Test ETH is on its way.');
}));

// ---- send ----------------------------------------------------------------

/** What the form says; undefined, with the fields marked, if it says nothing usable. */
function readForm() {
  /** @type {any} */ const out = {};
  for (const [id, parse] of /** @type {const} */ ([['amount', parseEther], ['to', parseAddress]])) {
    try {
      out[id] = parse(input(id).value);
      fieldError(id);
    } catch (e) {
      fieldError(id, /** @type {Error} */ (e).message);
      input(id).focus();
    }
  }
  if (out.to && out.to === session?.account.address) {
    fieldError('to', 'That is this account itself.');
    input('to').focus();
    return undefined;
  }
  return 'to' in out && 'amount' in out ? out : undefined;
}

on('send-form', 'submit', () => {
  const wanted = running ? undefined : readForm();
  const s = session;
  if (!wanted || !s) return;
  task('Working out the fee…', async () => {
    const prepared = await prepare(chain, s.account, wanted.to, wanted.amount);
    if (s !== session) return;
    pending = { prepared };
    $('review-title').textContent = prepared.shown.sentence;
    $('sign').textContent = 'Sign with your passkey';
    rows('review-rows', prepared.shown.rows);
    rows('review-details', prepared.shown.details);
    show('review');
    status();
  });
});

on('review-back', 'click', () => {
  if (running) return;
  pending = undefined;
  show('account');
  status();
  input('amount').focus();
});

on('sign', 'click', () => {
  const s = session;
  const p = pending;
  if (!s || !p) return;
  if (p.signed) task('Sending again…', () => deliver(p));
  else {
    task(asked, async (signal) => {
      p.signed = await sign(chain, s.account, s.id, p.prepared, signal);
      answered('Sending…');
      await deliver(p);
    }, { ceremony: true });
  }
});

/** Sends what is signed. The same operation may be sent again without harm. @param {Pending} p */
async function deliver(p) {
  const signed = /** @type {import('./userop.js').UserOp} */ (p.signed);
  const opHash = toHex(p.prepared.digest);
  try {
    await send(chain, signed);
  } catch (e) {
    const landed = e instanceof RpcError && await chain.ask('eth_getUserOperationReceipt', opHash).catch(() => undefined);
    if (!landed) {
      if (!(e instanceof RpcError) || e.kind === 'refused') {
        p.signed = undefined;
        throw e;
      }
      $('sign').textContent = 'Send again';
      throw new Trouble('The server did not confirm that it took the operation.', 'It may have. Sending again sends the very same operation, which can happen only once.', e);
    }
  }
  pending = undefined;
  for (const id of ['to', 'amount']) input(id).value = '';
  $('done-step').textContent = 'Signed and sent';
  $('done-title').textContent = 'Waiting for the chain';
  rows('done-rows', [['Operation', opHash, 'code']]);
  show('done');
  follow(opHash, p.prepared);
}

/** Waits for the receipt beside whatever the person does next. @param {string} opHash @param {import('./operate.js').Prepared} prepared */
async function follow(opHash, prepared) {
  const s = session;
  const here = () => s === session && showing('done') && $('done-rows').textContent?.includes(opHash);
  status('Waiting for the receipt…', true);
  /** @type {any} */ let r;
  try {
    r = await receipt(chain, opHash, (seconds) => {
      if (here() && seconds && seconds % 20 === 0) status(`No receipt for ${seconds} seconds. The operation may still come; it is safe to leave this page.`, true);
      return s === session;
    });
  } catch (e) {
    if (here()) {
      status();
      problem(explain(e));
    }
  }
  if (!r || s !== session) return;
  refresh();
  const [to, amount] = prepared.shown.rows;
  if (here()) {
    $('done-step').textContent = 'Receipt';
    $('done-title').textContent = r.success ? `${amount[1]} sent` : 'The transfer failed';
    rows('done-rows', [
      ['To', to[1], 'code'],
      ...(r.success ? [] : /** @type {[string, string][]} */ ([['Why', r.reason && r.reason !== '0x' ? r.reason : 'The recipient does not accept this transfer. Only the fee was paid.']])),
      ['Network fee paid', `${roughly(BigInt(r.actualGasCost))} ETH (${BigInt(r.actualGasUsed).toLocaleString('en')} gas)`],
      ['Transaction', r.receipt?.transactionHash ?? '', 'code'],
      ['Block', r.receipt?.blockNumber ? String(BigInt(r.receipt.blockNumber)) : ''],
      ['Operation', opHash, 'code'],
    ]);
    show('done');
  }
  status(`The transfer of ${amount[1]} ${r.success ? 'is' : 'failed'} on the chain.`);
}

on('done-back', 'click', () => {
  if (!session) return;
  show('account');
  status();
  refresh();
});

// ---- start ---------------------------------------------------------------

function start() {
  const last = hint();
  $('last').hidden = !last;
  $('last-address').textContent = last ? `${last.slice(0, 8)}…${last.slice(-6)}` : '';
  show('start');
  keepOffer();
}

async function boot() {
  const missing = obstacle();
  if (missing) return problem(explain(new CeremonyError(missing)));
  status('Getting ready…', true);
  try {
    chain = await Chain.open(await json('./config.json'));
  } catch (e) {
    status();
    return problem(explain(e));
  }
  status();
  $('network').textContent = chainName(chain.id).replace(/ \(.*/, '');
  $('network').hidden = false;
  $('faucet-box').hidden = !chain.config.faucet;
  for (const id of ['create', 'signin']) $(id).removeAttribute('disabled');
  start();
  setInterval(keepOffer, OFFER_LIFE / 2);
  setInterval(() => document.visibilityState === 'visible' && showing('account') && refresh(), 8000);
  document.addEventListener('visibilitychange', () => {
    keepOffer();
    if (document.visibilityState === 'visible') refresh();
  });
}

boot();
