// @ts-check
/** Step 1: an owner key, made here or imported, and the account that its address gives; or an account opened by its address or passkey. */
import { parseHandle } from '../account.js';
import { verify } from '../assertion.js';
import { delegateOf } from '../authorization.js';
import { equal, fromHex, toHex } from '../bytes.js';
import { get } from '../ceremony.js';
import { V130, account, isHybrid, keyId, keyIdHash, keyOf, passkeyKey, signersOf } from '../hybrid.js';
import { checked } from '../operate.js';
import { addressOf, generate, valid } from '../secp256k1.js';
import { random } from '../state.js';
import { answered, asked, on, task } from '../task.js';
import { $, fieldError, input, status } from '../view.js';
import { Trouble, parseAddress } from '../words.js';
import { arrivals, enter } from './overview.js';
import { holdOwner, openHere, remembered, session } from './session.js';

/** The salt of MetaMask's own examples, so that one owner key has one account here and there. */
const SALT = new Uint8Array(32);

/** @type {{secret: Uint8Array, address: string} | undefined} A key whose account is not the one that was open last. */ let undecided;
arrivals.add(() => {
  undecided = undefined;
});

/** A key that is held is not written over: its account may have no other. */
function spare() {
  const here = openHere();
  if (session.owner && here) throw new Trouble('This tab still holds another owner key.', `Go on with ${short(here.address)}. Leave that account before you take another key.`);
}

/** Who opens the account that was open last, as far as can be told. @param {NonNullable<ReturnType<typeof remembered>>} before */
async function ownerOf({ address, owner, eoa }) {
  if (eoa) return owner;
  return await isHybrid(session.chain, address) ? (await signersOf(session.chain, address)).owner : undefined;
}

/** What a person typed, as a secret. Throws a sentence. @param {string} text */
export function parseSecret(text) {
  const t = text.trim().replace(/^0x/i, '');
  if (!t) throw new Error('Enter the key.');
  if (!/^[0-9a-f]*$/i.test(t)) throw new Error('A private key has only the digits 0–9 and a–f.');
  if (t.length !== 64) throw new Error(`A private key has 64 digits; this has ${t.length}.`);
  const secret = fromHex('0x' + t);
  if (!valid(secret)) throw new Error('That number is no key.');
  return secret;
}

/** The account that begins with an owner key alone. @param {string} owner */
export async function begin(owner) {
  const { chain } = session;
  const a = account(V130, { owner, salt: SALT });
  const theirs = (await chain.call(a.factory, a.compute)).slice(12);
  if (toHex(theirs) !== a.address.toLowerCase()) throw new Trouble('The chain’s factory computes another address than this page.', 'Nothing was sent. This chain has other contracts than MetaMask’s; ask whoever runs it.');
  await enter({ address: a.address, owner, salt: toHex(SALT) }, 'This is the account of your owner key.');
}

on('make-key', 'click', () => task('Making a key…', async () => {
  spare();
  holdOwner(generate());
  await begin(/** @type {NonNullable<typeof session.owner>} */ (session.owner).address);
}));

on('import-form', 'submit', () => {
  let secret = new Uint8Array();
  try {
    secret = parseSecret(input('secret').value);
    fieldError('secret');
  } catch (e) {
    fieldError('secret', /** @type {Error} */ (e).message);
    input('secret').focus();
    return;
  }
  task('Looking for its account…', async () => {
    input('secret').value = '';
    spare();
    const owner = addressOf(secret);
    const { address } = account(V130, { owner, salt: SALT });
    const before = remembered();
    if (before && before.address !== address) {
      if (await ownerOf(before) === owner) {
        holdOwner(secret);
        return enter(before, before.eoa ? OWN_ADDRESS : 'Opened by its address: your key owns it now, although it began with another.');
      }
      undecided = { secret, address };
      $('trap-start-text').textContent = `An account rebuilt from this key is ${address}: a different account than ${before.address}, which was open here before. An account’s address comes from its first parameters and never changes.`;
      $('trap-start-old').textContent = `Open ${short(before.address)}`;
      $('trap-start-new').textContent = `Go on with ${short(address)}`;
      $('trap-start').hidden = false;
      $('trap-start').scrollIntoView({ block: 'nearest' });
      return status('Did you mean the other account?');
    }
    holdOwner(secret);
    await begin(owner);
  });
});

/** @param {string} address */
export const short = (address) => `${address.slice(0, 8)}…${address.slice(-6)}`;

on('trap-start-old', 'click', () => task('Opening the account…', async () => {
  undecided = undefined;
  await openAddress(/** @type {NonNullable<ReturnType<typeof remembered>>} */ (remembered()).address);
}));

on('trap-start-new', 'click', () => task('Opening the account…', async () => {
  if (!undecided) return;
  holdOwner(undecided.secret);
  undecided = undefined;
  await begin(/** @type {NonNullable<typeof session.owner>} */ (session.owner).address);
}));

/** Opens what stands at an address: never rebuilt, always read. @param {string} address */
export async function openAddress(address) {
  const { chain } = session;
  const before = remembered();
  if (before?.eoa && before.address === address) return enter(before, OWN_ADDRESS);
  const code = fromHex(await chain.ask('eth_getCode', address, 'latest'));
  if (delegateOf(code) === V130.stateless.toLowerCase()) throw new Trouble('This is the address of a key that runs MetaMask’s code (EIP-7702).', 'It has no owner and no passkeys, only its own key: import that key, and choose its own address.');
  if (!code.length) {
    if (before?.owner && before.salt === toHex(SALT) && account(V130, { owner: before.owner, salt: SALT }).address === address) return begin(before.owner);
    throw new Trouble('There is no account at this address on this chain.', 'Check the address. If it has not been created yet, import its owner key.');
  }
  if (!await isHybrid(chain, address)) {
    throw new Trouble('This is no MetaMask Hybrid account of version 1.3.0.', 'This page works with those alone. For an account of the wallet, sign in there.');
  }
  await enter(before?.address === address ? before : { address }, 'Opened by its address.');
}

const OWN_ADDRESS = 'The key’s own address is the account.';

on('become', 'click', () => task('Opening the address…', async () => {
  const { owner } = session;
  if (!owner) throw new Trouble('This page does not have the owner key.', 'Leave this account and import it.');
  await enter({ address: owner.address, owner: owner.address, eoa: true }, OWN_ADDRESS);
}));

on('unbecome', 'click', () => task('Opening the account…', async () => {
  const { owner } = session;
  if (!owner) throw new Trouble('This page does not have the key.', 'Leave this account and import it.');
  await begin(owner.address);
}));

on('address-form', 'submit', () => {
  let address = '';
  try {
    address = parseAddress(input('open-address').value);
    fieldError('open-address');
  } catch (e) {
    fieldError('open-address', /** @type {Error} */ (e).message);
    input('open-address').focus();
    return;
  }
  task('Opening the account…', () => openAddress(address));
});

on('last-open', 'click', () => task('Opening the account…', () => openAddress(/** @type {NonNullable<ReturnType<typeof remembered>>} */ (remembered()).address)));

on('open-passkey', 'click', () => task(asked, async (signal) => {
  const { chain } = session;
  const challenge = random();
  const got = await get({ rpId: chain.config.rpId, challenge, signal });
  answered('Finding the account…');
  const assertion = checked(chain, got, challenge);
  const handle = parseHandle(got.userHandle);
  if (handle?.kind !== 'address') throw new Trouble('This passkey belongs to no account of this page.', 'Choose another passkey, or sign in with it in the wallet.');
  const { address } = handle;
  if (!await chain.hasCode(address)) throw new Trouble('The account of this passkey is not on this chain.', `It is ${address}.`);
  if (!await isHybrid(chain, address)) throw new Trouble('This passkey opens an account of the wallet.', `It is ${address}. Sign in with it there.`);
  const hash = keyIdHash(keyId(got.id));
  const key = (await signersOf(chain, address)).keys.some((k) => equal(k.hash, hash)) ? await keyOf(chain, address, keyId(got.id)) : undefined;
  if (!key || !await verify(assertion, key)) throw new Trouble('This passkey is no signer of its account.', `It was made for ${address}, but not added, or removed since. Open the account by its address and add another passkey with the owner key.`);
  const before = remembered();
  await enter(before?.address === address ? before : { address }, 'Opened with its passkey.', [{ id: got.id, ...passkeyKey(got.id, key) }]);
}, { ceremony: true }));
