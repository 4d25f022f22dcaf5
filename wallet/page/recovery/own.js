// @ts-check
/** One's own account, by one signature of its passkey: the key follows from the signature, the account from the handle. */
import { encodeCall, word } from '../abi.js';
import { fresh, parseHandle, passkeySigner, signerBytes, signersOf } from '../account.js';
import { equal } from '../bytes.js';
import { get } from '../ceremony.js';
import { checked } from '../operate.js';
import { RpcError } from '../rpc.js';
import { random } from '../state.js';
import { answered, loaded } from '../task.js';
import { Trouble } from '../words.js';

/** @typedef {import('../account.js').Account} Account @typedef {import('./chain.js').Guarded} Guarded */

/** Call it from the click itself. @param {Guarded} chain @param {AbortSignal} signal @returns {Promise<{id: Uint8Array, account: Account}>} */
export async function open(chain, signal) {
  const challenge = random();
  const prompt = get({ rpId: chain.config.rpId, challenge, signal });
  const recovering = loaded(import('../recover.js')); // while the person is asked
  recovering.catch(() => {});
  const got = await prompt;
  answered('Finding your account…');
  const assertion = checked(chain, got, challenge);
  const handle = parseHandle(got.userHandle);
  if (!handle) throw new Trouble('This passkey belongs to no account of this wallet.', 'Choose another passkey, or open the account by its address.');
  const keys = await (await recovering).recover(assertion);
  const addresses = handle.kind === 'address' ? [handle.address] : keys.map((key) => fresh(chain.config, key, handle.salt).address);
  const there = (await Promise.all(addresses.map(async (a) => (await chain.hasCode(a) ? [a] : [])))).flat();
  if (!there.length) throw new Trouble('Your account is not on this chain yet.', 'Its first payment puts it there. Make one in the wallet, then come back.');
  for (const address of there) {
    const account = await member(chain, address, keys);
    if (account) return { id: got.id, account };
  }
  throw new Trouble('This passkey may no longer sign for its account.', `It was removed from ${there[0]}. Open that by its address to see who may, or choose another passkey.`);
}

/** The account, if one of these keys signs for it. @param {Guarded} chain @param {string} address @param {import('../assertion.js').Key[]} keys @returns {Promise<Account | undefined>} */
export async function member(chain, address, keys) {
  const list = await signersOf(chain.call, address).catch((e) => {
    if (e instanceof RpcError && e.kind === 'refused') throw new Trouble('This passkey opens an account of another kind.', `It is ${address}. To look at it, open it by its address.`, e);
    throw e;
  });
  const signer = list.map(passkeySigner).find((s) => s && keys.some((k) => equal(k.x, s.x) && equal(k.y, s.y)));
  if (!signer) return undefined;
  const [threshold, weight] = await Promise.all([chain.call(address, encodeCall('threshold()')), chain.call(address, encodeCall('signerWeight(bytes)', signerBytes(signer)))]);
  return { address, signer, shared: word(weight) < word(threshold) };
}
