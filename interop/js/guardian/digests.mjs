// Writes digests of everything that guardians sign, their trees, encoded setups and configuration hashes with viem, from
// the text of docs/recovery-contract.md and independent of ours. The values come from a fixed sequence: every run writes
// the same bytes.
//
//   node guardian/digests.mjs > ../../account/guardian/testdata/viem.json

import { p256 } from '@noble/curves/p256'
import { readFileSync } from 'node:fs'
import { concat, encodeAbiParameters, getAddress, hashTypedData, keccak256, size, slice, toHex } from 'viem'

let counter = 0n
function bytes(n) {
  let out = '0x'
  while (size(out) < n) out = concat([out, keccak256(toHex(counter++, { size: 32 }))])
  return n === 0 ? '0x' : slice(out, 0, n)
}
const below = (n) => Number(BigInt(bytes(4)) % BigInt(n))
const address = () => getAddress(bytes(20))
const number = (bits) => BigInt(bytes(32)) >> BigInt(256 - bits)

// A secp256k1 key or contract, a passkey, or a key of another verifier.
function signer(kind = below(3)) {
  if (kind === 0) return bytes(20)
  if (kind === 2) return concat([bytes(20), bytes(1 + below(90))])
  const key = p256.getPublicKey(p256.utils.normPrivateKeyToScalar(bytes(32).slice(2)), false)
  return concat(['0x0000000000000000000000000000000000000100', toHex(key.slice(1)), toHex([0, 1, 2, 5][below(4)], { size: 1 })])
}

const types = {
  recover: {
    Recover: [
      { name: 'account', type: 'address' }, { name: 'tier', type: 'uint8' }, { name: 'newSigner', type: 'bytes' },
      { name: 'table', type: 'uint8' }, { name: 'credentialIdHash', type: 'bytes32' }, { name: 'replaces', type: 'bytes[]' },
      { name: 'nonce', type: 'uint256' }, { name: 'deadline', type: 'uint48' }, { name: 'configHash', type: 'bytes32' },
    ],
  },
  cancel: {
    CancelRecovery: [
      { name: 'account', type: 'address' }, { name: 'tier', type: 'uint8' }, { name: 'by', type: 'uint8' },
      { name: 'nonce', type: 'uint256' }, { name: 'configHash', type: 'bytes32' },
    ],
  },
  cancelAll: { CancelAll: [{ name: 'account', type: 'address' }, { name: 'nonce', type: 'uint256' }] },
  freeze: {
    Freeze: [
      { name: 'account', type: 'address' }, { name: 'tier', type: 'uint8' }, { name: 'nonce', type: 'uint256' },
      { name: 'deadline', type: 'uint48' }, { name: 'configHash', type: 'bytes32' },
    ],
  },
  drill: {
    Drill: [
      { name: 'account', type: 'address' }, { name: 'nonce', type: 'uint256' }, { name: 'date', type: 'uint48' },
      { name: 'configHash', type: 'bytes32' },
    ],
  },
}
types.unfreeze = { Unfreeze: types.freeze.Freeze }

const make = {
  recover: () => ({
    account: address(), tier: below(4), newSigner: signer(), table: [0, 0x11, 0x12, 0x13, 0x14][below(5)], credentialIdHash: bytes(32),
    replaces: Array.from({ length: 1 + below(3) }, () => signer()), nonce: number(128), deadline: Number(number(40)), configHash: bytes(32),
  }),
  cancel: () => ({ account: address(), tier: below(4), by: below(4), nonce: number(256), configHash: bytes(32) }),
  cancelAll: () => ({ account: address(), nonce: number(130) }),
  freeze: () => ({ account: address(), tier: below(4), nonce: number(128), deadline: Number(number(32)), configHash: bytes(32) }),
  unfreeze: () => ({ account: address(), tier: below(4), nonce: number(128), deadline: Number(number(32)), configHash: bytes(32) }),
  drill: () => ({ account: address(), nonce: number(128), date: Number(number(32)), configHash: bytes(32) }),
}

const module = getAddress('0x' + '50'.repeat(20))
const domain = { name: 'Postern Guardians', version: '1', verifyingContract: module }
const messages = []
for (const kind of Object.keys(make)) {
  for (let i = 0; i < 8; i++) {
    const message = make[kind](), chainId = number(1 + below(64)) + 1n
    const digest = hashTypedData({ domain: { ...domain, chainId }, types: types[kind], primaryType: Object.keys(types[kind])[0], message })
    messages.push({ kind, chainId, message, digest })
  }
}

// The tree of OpenZeppelin's MerkleProof: sorted pairs, a last one without a partner is carried up.
const pair = (a, b) => keccak256(BigInt(a) < BigInt(b) ? concat([a, b]) : concat([b, a]))
function rootOf(layer) {
  if (layer.length === 1) return layer[0]
  const next = []
  for (let i = 0; i < layer.length; i += 2) next.push(i + 1 < layer.length ? pair(layer[i], layer[i + 1]) : layer[i])
  return rootOf(next)
}
const trees = [2, 3, 5, 8, 17].map((n) => {
  const root = rootOf(messages.slice(0, n).map((m) => m.digest))
  const digest = hashTypedData({ domain, types: { OnManyChains: [{ name: 'root', type: 'bytes32' }] }, primaryType: 'OnManyChains', message: { root } })
  return { leaves: n, root, digest }
})

const setupType = [{
  type: 'tuple',
  components: [
    { name: 'expiry', type: 'uint32' }, { name: 'changeDelay', type: 'uint32' }, { name: 'freeze', type: 'uint32' },
    {
      name: 'tiers', type: 'tuple[]',
      components: [
        { name: 'threshold', type: 'uint64' }, { name: 'delay', type: 'uint32' },
        { name: 'guardians', type: 'tuple[]', components: [{ name: 'signer', type: 'bytes' }, { name: 'weight', type: 'uint64' }] },
      ],
    },
  ],
}]
const idOf = (s) => keccak256(s.startsWith('0x0000000000000000000000000000000000000100') ? slice(s, 0, 84) : s)
const setups = Array.from({ length: 12 }, (_, i) => {
  const tiers = Array.from({ length: i % 4 + 1 }, () => ({
    threshold: number(40), delay: Number(number(26)),
    guardians: Array.from({ length: 1 + below(6) }, () => ({ signer: signer(), weight: number(50) }))
      .sort((a, b) => (BigInt(idOf(a.signer)) < BigInt(idOf(b.signer)) ? -1 : 1)),
  })).sort((a, b) => a.delay - b.delay)
  const setup = { expiry: Number(number(22)), changeDelay: Number(number(26)), freeze: Number(number(20)), tiers }
  const encoded = encodeAbiParameters(setupType, [setup])
  return { setup, encoded, configHash: keccak256(encoded) }
})

const { version } = JSON.parse(readFileSync(new URL('../node_modules/viem/package.json', import.meta.url)))
const text = (_, v) => (typeof v === 'bigint' ? v.toString() : v)
console.log(JSON.stringify({ generator: 'interop/js/guardian/digests.mjs', viem: version, module, messages, trees, setups }, text, 1))
