// The accounts and operations that kit.mjs lets the kit make: owners, passkeys of several platforms, every call that
// changes signers, and the shapes a call can have.
import { Implementation } from '@metamask/smart-accounts-kit'
import { HybridDeleGator as kit } from '@metamask/smart-accounts-kit/contracts'
import { HybridDeleGator } from '@metamask/delegation-abis'
import { encodeFunctionData, keccak256, parseEther, stringToHex } from 'viem'
import { flags, softPasskey } from './passkey.mjs'

const { UP, UV, BE, BS, ED } = flags
const seed = (text) => keccak256(stringToHex(text))
const someone = '0x000000000000000000000000000000000000bEEF'
const nobody = '0x0000000000000000000000000000000000000000'
const erc20 = '0xa9059cbb' + someone.slice(2).padStart(64, '0') + (5n).toString(16).padStart(64, '0')

/** Calls by name, as functions of the account: what its owner or passkey may want. */
export const want = {
  send: [{ to: someone, value: parseEther('0.001') }],
  token: [{ to: '0x0000000000000000000000000000000000c0de01', data: erc20 }],
  nothing: [{ to: someone }],
  batch: [{ to: someone, value: 1n }, { to: '0x0000000000000000000000000000000000c0de01', data: erc20 }, { to: nobody, value: 2n, data: '0x01020304' }],
  addKey: (i) => ({ address, passkeys, key }) => [{ to: address, data: kit.encode.addKey({ p256Owner: key(passkeys[i]) }) }],
  removeKey: (i) => ({ address, passkeys }) => [{ to: address, data: kit.encode.removeKey({ keyId: passkeys[i].keyId }) }],
  updateSigners: (owner, ...keys) => ({ address, passkeys, key }) => [
    { to: address, data: kit.encode.updateSigners({ eoaOwner: owner, p256Owners: keys.map((i) => key(passkeys[i])) }) }],
  transferOwnership: (to) => ({ address }) => [
    { to: address, data: encodeFunctionData({ abi: HybridDeleGator, functionName: 'transferOwnership', args: [to] }) }],
  renounceOwnership: ({ address }) => [{ to: address, data: encodeFunctionData({ abi: HybridDeleGator, functionName: 'renounceOwnership' }) }],
  // A batch may hold calls to the account itself; alone, such a call is the calldata.
  swapKeys: (out, into) => (it) => [...want.removeKey(out)(it), ...want.addKey(into)(it)],
}

export const accounts = [
  {
    name: 'an owner adds a passkey and loses its own key', chainId: 31337, implementation: Implementation.Hybrid, ownerKey: '0x' + '11'.repeat(32),
    passkeys: [
      softPasskey({ privateKey: '0x' + '22'.repeat(32) }),
      softPasskey({ privateKey: seed('second'), client: 'chromeExtra', idLength: 16 }),
    ],
    deploy: { salt: '0x', keys: [] },
    messages: [{ message: 'hello' }, { message: 'hello', signer: 0 }],
    ops: [
      { label: 'deploy by owner, send', deployed: false, calls: want.send },
      { label: 'addKey by owner', calls: want.addKey(0) },
      { label: 'send by passkey', signer: 0, calls: want.send },
      { label: 'batch by passkey', signer: 0, calls: want.batch },
      { label: 'addKey by passkey', signer: 0, calls: want.addKey(1) },
      { label: 'send by second passkey', signer: 1, calls: want.token },
      { label: 'swap keys in a batch by passkey', signer: 0, calls: want.swapKeys(1, 1) },
      { label: 'transferOwnership by passkey', signer: 0, calls: want.transferOwnership(someone) },
      { label: 'renounceOwnership by passkey', signer: 0, calls: want.renounceOwnership },
      { label: 'removeKey by owner', calls: want.removeKey(0) },
      { label: 'addKey by owner, sponsored', calls: want.addKey(0), sponsored: true },
      { label: 'send by passkey, sponsored', signer: 0, calls: want.send, sponsored: true },
      { label: 'the kit\'s nonce key is the time', signer: 0, calls: want.nothing, nonceKey: 1_763_700_000_123n, sequence: 0n },
      { label: 'largest nonce key', calls: want.nothing, nonceKey: 2n ** 192n - 1n, sequence: 2n ** 64n - 1n },
      { label: 'no gas and no fee', calls: want.nothing, lowGas: true, fees: { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n } },
    ],
  },
  {
    name: 'created with passkeys of several platforms', chainId: 11155111, implementation: Implementation.Hybrid, ownerKey: seed('owner 2'),
    passkeys: [
      softPasskey({ privateKey: seed('android'), client: 'android', origin: 'https://wallet.example', rpId: 'wallet.example', idLength: 32 }),
      softPasskey({ privateKey: seed('app'), client: 'androidApp', rpId: 'wallet.example', set: UP | UV, idLength: 64, counter: 7 }),
      softPasskey({ privateKey: seed('safari'), client: 'safari', origin: 'https://wallet.example', rpId: 'wallet.example', idLength: 20 }),
      softPasskey({ privateKey: seed('embedded'), client: 'embedded', origin: 'https://wallet.example', rpId: 'wallet.example', set: UP | UV | BE, idLength: 1 }),
    ],
    deploy: { salt: '0x01', keys: [0, 1, 2, 3] },
    messages: [{ message: 'bonjour', signer: 0 }, { message: 'ünïcode', signer: 1 }],
    ops: [
      { label: 'deploy by Android passkey, send', signer: 0, deployed: false, calls: want.send },
      { label: 'deploy by Android app, sponsored batch', signer: 1, deployed: false, calls: want.batch, sponsored: true, sequence: 0n },
      { label: 'deploy by owner, renounceOwnership', deployed: false, calls: want.renounceOwnership, sequence: 0n },
      ...[0, 1, 2, 3].map((signer) => ({ label: `token by passkey ${signer}`, signer, calls: want.token })),
      { label: 'updateSigners by passkey', signer: 2, calls: want.updateSigners(someone, 0, 2) },
      { label: 'updateSigners to passkeys only', signer: 3, calls: want.updateSigners(nobody, 3) },
      { label: 'removeKey by passkey, sponsored', signer: 2, calls: want.removeKey(3), sponsored: true },
    ],
  },
  {
    name: 'passkeys only, user verification off', chainId: 1, implementation: Implementation.Hybrid, ownerKey: seed('owner 3'),
    passkeys: [
      softPasskey({ privateKey: seed('touch'), set: UP, idLength: 48, origin: 'https://wallet.example', rpId: 'wallet.example' }),
      softPasskey({ privateKey: seed('synced touch'), client: 'android', set: UP | BE | BS, origin: 'https://wallet.example', rpId: 'wallet.example' }),
      softPasskey({ privateKey: seed('old firefox'), client: 'typeLast', set: UP | UV, counter: 4_294_967_295, origin: 'https://wallet.example', rpId: 'wallet.example' }),
      softPasskey({ privateKey: seed('extensions'), set: UP | UV | ED, extensions: '0xa1656170706964f4', counter: 12, origin: 'https://wallet.example', rpId: 'wallet.example' }),
    ],
    deploy: { salt: seed('a full salt'), owner: nobody, keys: [0, 2] },
    messages: [0, 1, 2, 3].map((signer) => ({ message: 'x'.repeat(100 * signer), signer })),
    ops: [
      { label: 'deploy by a key that does not verify users', signer: 0, deployed: false, calls: want.addKey(1) },
      { label: 'batch without user verification', signer: 0, calls: want.batch },
      { label: 'send without user verification, synced', signer: 1, calls: want.send },
      { label: 'send, type last', signer: 2, calls: want.send },
      { label: 'addKey, type last', signer: 2, calls: want.addKey(3) },
      { label: 'send, authenticator extensions', signer: 3, calls: want.send },
      { label: 'swap keys', signer: 3, calls: want.swapKeys(0, 0), sponsored: true },
      { label: 'transferOwnership', signer: 1, calls: want.transferOwnership(someone) },
    ],
  },
  {
    name: 'an EOA becomes the account', chainId: 8453, implementation: Implementation.Stateless7702, ownerKey: seed('eoa'),
    messages: [{ message: 'hello' }],
    ops: [
      { label: 'send', calls: want.send },
      { label: 'batch', calls: want.batch },
      { label: 'call to itself', calls: ({ address }) => [{ to: address, value: 0n, data: '0x' }] },
      { label: 'sponsored batch', calls: want.batch, sponsored: true },
      { label: 'with an authorization', calls: want.send, authorization: { address: '0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B', nonce: 0 } },
      { label: 'with a later authorization', calls: want.batch, sponsored: true, authorization: { address: '0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B', nonce: 300 } },
    ],
  },
]
