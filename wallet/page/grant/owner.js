// @ts-check
/** The owner's page: an account, what is granted in it, and a new grant from the form to the signed approval. */
import { encode } from '../abi.js';
import { parse, serialize } from '../approval.js';
import { verify } from '../assertion.js';
import { equal, fromHex, toBase64url, toHex } from '../bytes.js';
import { CeremonyError, get, obstacle } from '../ceremony.js';
import { STUB_KEY, UNSEEN, account, enable, enableData, invalidate, parseEnableData, permissionId, rootKey, sealPasskey, signer, stubPasskey, uninstall, validatorOf } from '../kernel.js';
import { checked } from '../operate.js';
import { entry, parseEntry } from '../policies.js';
import { check } from '../policychecks.js';
import { sentence, words, zone } from '../policywords.js';
import { json } from '../rpc.js';
import { generate, valid } from '../secp256k1.js';
import { answered, asked, busy, on, task } from '../task.js';
import { $, element, fieldError, input, problem, rows, show, showing, status } from '../view.js';
import { Trouble, chainName, ether, explain, parseAddress, roughly } from '../words.js';
import { Kernel } from './chain.js';
import { addCard, read as readForm, reset } from './form.js';
import { ask, connect, create, keepOffer, known, localKey, narrow, provider, test } from './keys.js';
import { follow, onItsWay, propose, serve, traffic } from './operation.js';
import { keyOf, keyWords } from './request.js';
import { copy, draw as drawCode, fragment, functionsIn, link, name, packed, unpacked } from './share.js';

/**
 * @typedef {import('./keys.js').Owner} Owner
 * @typedef {import('./keys.js').Passkey} Passkey
 * @typedef {import('../kernel.js').Account} Account
 * @typedef {import('../kernel.js').Permission} Permission
 * @typedef {{permission: Permission, id: Uint8Array, tokens: import('../policies.js').Token[], functions: string[]}} Given functions: as the owner wrote them
 * @typedef {{key: import('../kernel.js').Root, permission: Permission, policies: import('../policies.js').Policy[], functions: string[], typed: {digest: Uint8Array, json: string}, precompiled: boolean}} Draft
 */

/** @type {Kernel} */ let chain;
/** @type {{owner: Owner, account: Account, now: import('./chain.js').State} | undefined} */ let open;
/** @type {Draft | undefined} */ let draft;
/** @type {import('../register.js').Made | undefined} */ let made;
/** @type {Passkey[] | undefined} */ let unsettled;
/** A request that came with the link. @type {string | undefined} */ let request;

const SECRET = 'postern.grant.owner';
const LAST = 'postern.grant.account';

/** @param {() => void} f storage may be forbidden, and everything works without */
function quietly(f) {
  try {
    f();
  } catch {
    // then a reload forgets it
  }
}

// Opening an account.

/** The account of an owner, or the one whose address was given. @param {Owner} owner @param {string} [address] */
async function enter(owner, address) {
  const root = owner.kind === 'ecdsa' ? { kind: /** @type {const} */ ('ecdsa'), owner: owner.owner } : owner;
  const { version } = await chain.newest();
  const made_ = account(version, root);
  const at = address ?? made_.address;
  const now = await chain.state(at);
  if (at !== made_.address && !now.deployed) throw new Trouble('There is no account at this address on this chain.', 'Leave the address empty for the account that follows from the owner.');
  if (now.deployed && !obeys(now.root, owner)) throw new Trouble('This account obeys somebody else.', now.root ? `${keyWords(now.root)} owns ${at}.`.replace(/^t/, 'T') : `This page does not know the validator of ${at}.`);
  const mine = now.deployed ? { ...(at === made_.address ? made_ : { address: at }), version: now.version ?? version, root: { .../** @type {import('../kernel.js').Root} */ (now.root), ...(owner.kind === 'passkey' ? { credentialHash: owner.credentialHash } : {}) } } : made_;
  open = { owner, account: /** @type {Account} */ (mine), now };
  quietly(() => localStorage.setItem(LAST, JSON.stringify({ address: mine.address, kind: owner.kind, id: owner.kind === 'passkey' ? toBase64url(owner.id) : undefined })));
  $('address').textContent = mine.address;
  $('owner').textContent = `Owned by ${owner.kind === 'ecdsa' ? `${owner.owner}, ${owner.where}` : keyWords(owner)}, on Kernel ${mine.version}.`;
  await drawAccount();
  show('account');
  traffic();
  const held = onItsWay();
  if (held) follow(held);
  status();
  if (request) startForm();
}

/** @param {import('../kernel.js').Root | undefined} root @param {Owner} owner */
const obeys = (root, owner) => root !== undefined && (root.kind === 'ecdsa' ? owner.kind === 'ecdsa' && root.owner === owner.owner : owner.kind === 'passkey' && equal(root.x, owner.x) && equal(root.y, owner.y));

/** The address that was given, if any. Throws after marking the field. */
function addressGiven() {
  const text = input('address-given').value.trim();
  fieldError('address-given');
  if (!text) return undefined;
  try {
    return parseAddress(text);
  } catch (e) {
    fieldError('address-given', /** @type {Error} */ (e).message);
    throw new Trouble('That is no address.', 'Correct it, or leave it empty.');
  }
}

on('open-passkey', 'click', () => task(asked, async (signal) => {
  const candidates = await ask(chain, signal);
  if (candidates.length > 1) {
    unsettled = candidates;
    show('settle');
    return status('One more signature is needed.');
  }
  await enter(candidates[0], addressGiven());
}, { ceremony: true }));

on('settle-go', 'click', () => task(asked, async (signal) => {
  const p = await narrow(chain, /** @type {Passkey[]} */ (unsettled), signal);
  await enter(p, addressGiven());
}, { ceremony: true }));

on('new-form', 'submit', () => task(asked, async (signal) => {
  made = await create(chain, input('name').value || 'Kernel account', signal);
  show('prove');
  status('Passkey created.');
}, { ceremony: true }));

on('test', 'click', () => task(asked, async (signal) => {
  await enter(await test(chain, /** @type {import('../register.js').Made} */ (made), signal));
}, { ceremony: true }));

on('connect', 'click', () => task('Waiting for your wallet…', async () => enter(await connect(chain), addressGiven())));

/** @param {Uint8Array} secret */
const hold = async (secret) => {
  quietly(() => sessionStorage.setItem(SECRET, toHex(secret)));
  await enter(localKey(secret), addressGiven());
};
on('make-key', 'click', () => task('Making a key…', () => hold(generate())));

on('import-form', 'submit', () => {
  const t = input('secret').value.trim().replace(/^0x/i, '');
  const good = /^[0-9a-f]{64}$/i.test(t) && valid(fromHex('0x' + t));
  fieldError('secret', good ? '' : 'A private key has 64 digits 0–9 and a–f.');
  if (!good) return input('secret').focus();
  task('Opening the account…', async () => {
    input('secret').value = '';
    await hold(fromHex('0x' + t));
  });
});

/** What was open last in this browser, if its owner can be asked without more ado. */
function lastOwner() {
  try {
    const { address, kind, id } = JSON.parse(localStorage.getItem(LAST) ?? 'null');
    if (kind === 'passkey') return { address: /** @type {string} */ (address), owner: known().find((p) => toBase64url(p.id) === id) };
    const secret = chain.development ? sessionStorage.getItem(SECRET) : null;
    return { address, owner: secret ? localKey(fromHex(secret, 32)) : undefined };
  } catch {
    return undefined;
  }
}

on('last-open', 'click', () => task('Opening the account…', async () => {
  const last = lastOwner();
  if (!last?.owner) return;
  const own = account((await chain.newest()).version, last.owner.kind === 'ecdsa' ? { kind: 'ecdsa', owner: last.owner.owner } : last.owner);
  await enter(last.owner, last.address === own.address ? undefined : last.address);
}));

// The account's screen.

const listKey = () => `postern.grants.${chain.id}.${open?.account.address}`;

/** The grants of this account that this browser has seen: nothing in it can act. @returns {Given[]} */
function given() {
  try {
    return JSON.parse(localStorage.getItem(listKey()) ?? '[]').map((/** @type {any} */ g) => {
      const permission = parseEnableData(fromHex(g.enableData));
      return { permission, id: permissionId(permission), tokens: g.tokens ?? [], functions: g.functions ?? [] };
    });
  } catch {
    return [];
  }
}

/** @param {Draft} d */
function addGiven({ permission, functions }) {
  const id = permissionId(permission);
  const list = [...given().filter((g) => !equal(g.id, id)), { permission, tokens: chain.tokens, functions }];
  quietly(() => localStorage.setItem(listKey(), JSON.stringify(list.map((g) => ({ enableData: toHex(enableData(g.permission)), tokens: g.tokens, functions: g.functions })))));
}

async function drawAccount() {
  if (!open) return;
  const mine = open.account;
  const list = given();
  const now = await chain.state(mine.address);
  const states = await Promise.all(list.map((g) => stateOf(g, now.deployed)));
  if (open?.account !== mine) return;
  open.now = now;
  $('balance').textContent = roughly(now.balance);
  $('balance').title = `${ether(now.balance)} ETH`;
  $('life').textContent = now.deployed ? 'On the chain.' : 'Not on the chain yet: the session key’s first operation creates it. It can receive already.';
  $('faucet-box').hidden = !chain.config.faucet;
  $('none').hidden = list.length > 0;
  $('all-box').hidden = !list.length;
  $('given').replaceChildren(...list.map((g, i) => item(g, states[i])));
}

/** @param {Given} g @param {boolean} deployed @returns {Promise<State>} */
async function stateOf(g, deployed) {
  if (!open || !deployed) return 'unused';
  const { address } = open.account;
  const { there, valid } = await chain.installed(address, g.id);
  if (there) return valid ? 'used' : 'void';
  return await chain.revoked(address, g.id, g.permission.policies.map(parseEntry)) ? 'revoked' : 'unused';
}

/** @typedef {'used' | 'void' | 'revoked' | 'unused'} State @type {Record<State, [string, string]>} */
const STATES = {
  used: ['in use', ''],
  void: ['may not send any more', 'Every session key was revoked. It may still sign messages if its limits let it; revoke it by itself to close that too.'],
  revoked: ['revoked', ''],
  unused: ['not used yet', 'Its first operation installs it. Until then it cannot be revoked by itself: revoke every session key, and the approval is void.'],
};

/** @param {Given} g @param {State} state */
function item(g, state) {
  const li = element('li', '', 'card');
  const key = keyWords(keyOf(g.permission.signer));
  const title = element('p', '', 'given-title');
  title.append(element('strong', `${key[0].toUpperCase()}${key.slice(1)}`), document.createTextNode(' '), element('span', STATES[state][0], `badge${state === 'used' ? '' : ' off'}`));
  const more = document.createElement('details');
  const list = element('ul', '', 'words');
  list.append(...words({ policies: name(g.permission.policies.map(parseEntry), g.functions), flag: g.permission.flag, tokens: g.tokens, zone: zone() }).map((w) => element('li', w)));
  more.append(element('summary', 'What it may do'), list, element('p', `Permission ${toHex(g.id)}`, 'hint code'));
  li.append(title, ...(STATES[state][1] ? [element('p', STATES[state][1], 'hint')] : []), more);
  if (state === 'used' || state === 'void') {
    const revoke = element('button', 'Revoke', 'small danger');
    revoke.setAttribute('type', 'button');
    revoke.setAttribute('aria-label', `Revoke ${key}`);
    revoke.addEventListener('click', () => task('Working out the fee…', () => byOwner(uninstall(g.id, g.permission.policies.length))));
    li.append(revoke);
  }
  return li;
}

on('revoke-all', 'click', () => task('Working out the fee…', async () => {
  if (open) await byOwner(invalidate(open.now.nonce + 1));
}));

on('copy', 'click', () => copy($('address').textContent ?? '', 'Address'));
on('faucet', 'click', () => task('Asking the faucet…', async () => {
  await chain.ask('postern_faucet', open?.account.address);
  await drawAccount();
  status('Test ETH has arrived.');
}));

on('leave', 'click', () => {
  if (busy()) return;
  open = undefined;
  quietly(() => sessionStorage.removeItem(SECRET));
  quietly(() => localStorage.removeItem(LAST));
  start();
});

on('add-form', 'submit', () => task('Reading the approval…', async () => {
  const mine = /** @type {NonNullable<typeof open>} */ (open).account;
  fieldError('add-text');
  try {
    const a = parse((await unpacked(input('add-text').value)).text);
    if (a.account !== mine.address) throw new Error(`It is for another account, ${a.account}.`);
    // The document does not say who has the key; its name and the number of its policies are enough to revoke it.
    if (!(await chain.installed(mine.address, a.permissionId).catch(() => ({ there: false }))).there) throw new Error('The account does not have it: it was not used yet, or is revoked.');
    await byOwner(uninstall(a.permissionId, a.policies.length));
    input('add-text').value = '';
  } catch (e) {
    if (e instanceof Trouble) throw e;
    fieldError('add-text', sentence(e));
  }
}));

/** An operation of the account on itself. @param {string} callData */
async function byOwner(callData) {
  const { owner, account: mine } = /** @type {NonNullable<typeof open>} */ (open);
  const precompiled = owner.kind === 'passkey' && await chain.hasP256();
  const stub = owner.kind === 'passkey' ? wrap(mine, stubPasskey(location.origin, precompiled)) : STUB_KEY;
  await propose(
    { address: mine.address, stub: toHex(stub), factory: mine.factory, factoryData: mine.factoryData, nonceKey: rootKey(mine.root), unseen: owner.kind === 'passkey' ? UNSEEN : 0n }, callData, 0n,
    async ({ digest }, signal) => (owner.kind === 'passkey' ? wrap(mine, await byPasskey(owner, digest, precompiled, signal)) : owner.personal(digest)),
    { by: owner.kind === 'passkey' ? `the owner, ${keyWords(owner)}` : `the owner, ${owner.where}`, passkey: owner.kind === 'passkey' });
}

/** The form in which the multi-chain validator takes a passkey's signature of one hash. @param {Account} a @param {Uint8Array} signature */
const wrap = (a, signature) => (a.root.kind === 'passkey' && a.root.multi ? encode(['bytes', 'bytes'], ['0x', signature]) : signature);

/** Asks the owner's passkey. Call it from the click. @param {Passkey} p @param {Uint8Array} challenge @param {boolean} precompiled @param {AbortSignal} signal */
async function byPasskey(p, challenge, precompiled, signal) {
  const got = await get({ rpId: chain.config.rpId, challenge, allow: [p.id], signal });
  answered('Checking the signature…');
  const assertion = checked(chain, got, challenge);
  if (!await verify(assertion, p)) throw new Trouble('The signature is not by the owner’s passkey.', 'Nothing was sent. Choose the passkey that owns this account.');
  return sealPasskey(assertion, precompiled);
}

// A new grant.

function startForm() {
  reset(request);
  request = undefined;
  addCard('eth');
  show('form');
  status();
}
on('new-grant', 'click', () => !busy() && startForm());
on('form-back', 'click', () => !busy() && show('account'));
on('approve-back', 'click', () => !busy() && show('form'));

on('grant-form', 'submit', () => task('Reading the form…', async () => {
  const { owner, account: mine } = /** @type {NonNullable<typeof open>} */ (open);
  const said = await readForm(chain);
  if (!said) return status('Something in the form is missing or wrong.');
  const { key, policies } = said;
  const permission = { policies: policies.map(entry), signer: signer(key) };
  const now = await chain.state(mine.address);
  const id = permissionId(permission);
  if (now.deployed && ((await chain.installed(mine.address, id)).there || await chain.revoked(mine.address, id, policies))) throw new Trouble('The account has, or had, this session key with the same limits.', 'Change something, such as the end of its time.');
  const found = check({ policies, tokens: chain.tokens }, { now: Math.floor(Date.now() / 1000), account: mine.address, protected: [validatorOf(mine.root)], signer: permission.signer.contract, owner: validatorOf(mine.root), portable: true });
  const refused = found.find((f) => f.refused);
  if (refused) throw new Trouble(sentence({ message: refused.what }), sentence({ message: refused.way }));
  const precompiled = owner.kind === 'passkey' && await chain.hasP256();
  const typed = enable(mine, chain.id, now.nonce, permission);
  draft = { key, permission, policies, functions: functionsIn(policies), typed, precompiled };
  $('words').replaceChildren(...words({ policies, tokens: chain.tokens, zone: zone() }).map((w) => element('li', w)));
  const doubts = found.filter((f) => !['rate-total'].includes(f.code)).map((f) => `${sentence({ message: f.what })} ${sentence({ message: f.way })}`);
  $('findings').replaceChildren(...[...new Set(doubts)].map((t) => element('li', t)));
  $('findings').hidden = !doubts.length;
  rows('approve-rows', [
    ['The session key', key.kind === 'ecdsa' ? key.owner : `passkey ${toHex(key.x)}`, 'code'],
    ['Acts for the account', mine.address, 'code'],
    ['On', chainName(chain.id)],
    ['Signed by', owner.kind === 'ecdsa' ? `${owner.owner}, ${owner.where}` : `the owner, ${keyWords(owner)}`],
  ]);
  rows('approve-details', [
    ['Permission', toHex(id), 'code'],
    ['Nonce of the account', String(now.nonce)],
    ['Digest that is signed (EIP-712, Enable)', toHex(typed.digest), 'code'],
    ['Typed data', typed.json, 'code'],
  ]);
  $('approve-sign').textContent = owner.kind === 'passkey' ? 'Sign with your passkey' : 'Sign';
  show('approve');
  status();
}));

on('approve-sign', 'click', () => {
  const d = draft;
  const who = open;
  if (!d || !who) return;
  const { owner, account: mine } = who;
  task(owner.kind === 'passkey' ? asked : 'Waiting for the signature…', async (signal) => {
    const signature = owner.kind === 'passkey' ? wrap(mine, await byPasskey(owner, d.typed.digest, d.precompiled, signal)) : await owner.typed(d.typed);
    const text = serialize({ policies: d.policies, permissionId: permissionId(d.permission), account: mine.address, initCode: mine.factoryData ?? '0x', signature });
    addGiven(d);
    await handOver(text, d.functions);
  }, { ceremony: owner.kind === 'passkey' });
});

let [approval, url] = ['', ''];

/** @param {string} text @param {string[]} functions */
async function handOver(text, functions) {
  approval = text;
  url = link('session', 'approval', await packed(text, functions));
  $('code-none').hidden = drawCode('code', url);
  $('approval').textContent = text;
  const file = /** @type {HTMLAnchorElement} */ ($('file'));
  URL.revokeObjectURL(file.href);
  file.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  show('handover');
  status('The approval is signed.');
}
on('copy-link', 'click', () => copy(url, 'Link'));
on('copy-text', 'click', () => copy(approval, 'Text'));
on('handover-back', 'click', () => task('Reading the account…', async () => {
  await drawAccount();
  show('account');
  status();
}));

// Beginning and end.

function start() {
  const last = lastOwner();
  $('last').hidden = !last?.owner;
  if (last?.owner) $('last-open').textContent = `Go on with ${last.address.slice(0, 8)}…${last.address.slice(-6)}`;
  show('start');
  status();
}

async function boot() {
  const missing = obstacle();
  if (missing) return problem(explain(new CeremonyError(missing)));
  request = fragment('for');
  status('Getting ready…', true);
  try {
    chain = /** @type {Kernel} */ (await Kernel.open(await json('./config.json')));
    $('absent').hidden = (await chain.newest()).there;
  } catch (e) {
    status();
    return problem(explain(e));
  }
  serve({ chain: () => chain, address: () => open?.account.address, home: 'account', arrived: drawAccount });
  $('network').textContent = chainName(chain.id).replace(/ \(.*/, '');
  $('network').hidden = false;
  $('key-box').hidden = !chain.development;
  $('connect').hidden = !provider();
  start();
  for (const b of document.querySelectorAll('#start button')) b.removeAttribute('disabled');
  setInterval(() => showing('start') && keepOffer(chain), 1000);
}

boot();
