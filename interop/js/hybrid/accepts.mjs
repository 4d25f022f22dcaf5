// MetaMask's kit judges what Go made (account/hybrid/testdata/made-by-go.json, of the shape that kit.mjs describes):
// the kit computes address, factory data, call data, digest and hash for itself, and signs with the same keys and
// the same answers of the authenticator; everything must come out to the byte. contracts.mjs has the real contracts
// judge the same file.
import '../stand/quiet.mjs'
import { Implementation, toMetaMaskSmartAccount } from '@metamask/smart-accounts-kit'
import { SIGNABLE_USER_OP_TYPED_DATA } from '@metamask/smart-accounts-kit/utils'
import assert from 'node:assert/strict'
import { createPublicClient, custom, defineChain, hashMessage, hashTypedData, hexToBytes, keccak256, stringToBytes, stringToHex } from 'viem'
import { formatUserOperationRequest, getUserOperationHash, toPackedUserOperation, toWebAuthnAccount } from 'viem/account-abstraction'
import { privateKeyToAccount } from 'viem/accounts'
import { claim } from '../report.mjs'
import { environment } from '../stand/framework.mjs'
import { golden } from './golden.mjs'
import { fromWire } from './kit-make.mjs'

const delegation = '0xef0100' + environment.implementations.EIP7702StatelessDeleGatorImpl.slice(2)

/** A node for the kit: all it is asked is whether the account has code. */
const node = (chainId, code) => createPublicClient({
  chain: defineChain({ id: chainId, name: 'none', nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [] } } }),
  transport: custom({ request: async ({ method }) => { assert.equal(method, 'eth_getCode'); return code } }),
})

/** replay is the passkey as an authenticator that gives one recorded answer, to the challenge it was made for only. */
function replay(credential, assertion) {
  const buffer = (bytes) => new Uint8Array(bytes).buffer
  const getFn = async ({ publicKey }) => {
    assert.deepEqual(new Uint8Array(publicKey.challenge), hexToBytes(assertion.challenge), 'the kit signs another digest')
    return { id: credential.id, type: 'public-key', response: {
      authenticatorData: buffer(hexToBytes(assertion.authenticatorData)), clientDataJSON: buffer(stringToBytes(assertion.clientDataJSON)),
      signature: buffer(hexToBytes(assertion.der)),
    } }
  }
  return { keyId: stringToHex(credential.id), webAuthnAccount: toWebAuthnAccount({ credential: { id: credential.id, publicKey: credential.publicKey }, getFn, rpId: credential.rpId ?? 'localhost' }) }
}

const lower = (v) => JSON.parse(JSON.stringify(v), (_, x) => (typeof x === 'string' ? x.toLowerCase() : x))

async function check(account) {
  const { chainId, implementation, address, deploy } = account
  const kitOf = (signer, deployed = true) => toMetaMaskSmartAccount({
    client: node(chainId, !deployed ? '0x' : implementation === Implementation.Hybrid ? '0x60' : delegation), implementation, environment, signer,
    ...(deployed || !deploy ? { address } : { deploySalt: deploy.salt, deployParams: [
      deploy.owner, deploy.keys.map((i) => stringToHex(account.credentials[i].id)), ...['x', 'y'].map((c) => deploy.keys.map((i) => BigInt(account.credentials[i][c]))),
    ] }),
  })
  for (const c of account.credentials) {
    assert.equal(c.keyId, stringToHex(c.id), 'the text of a passkey')
    assert.equal(c.keyIdHash, keccak256(stringToHex(c.keyId)), 'its hash')
  }
  const owner = account.ownerKey && privateKeyToAccount(account.ownerKey)
  if (owner) assert.equal(owner.address, account.owner)
  const signer = (x) => (x.assertion ? replay(account.credentials[x.signer], x.assertion) : { account: owner })
  if (deploy) {
    const kit = await kitOf(undefined, false)
    assert.equal(kit.address, address, 'the address')
    assert.deepEqual(lower(await kit.getFactoryArgs()), lower({ factory: deploy.factory, factoryData: deploy.factoryData }), 'factory and its data')
  }
  for (const op of account.ops) {
    try {
      const wire = fromWire(op.wire), kit = await kitOf(op.raw ? undefined : signer(op), op.deployed)
      assert.equal(await kit.encodeCalls(op.calls.map((c) => ({ ...c, value: BigInt(c.value) }))), wire.callData, 'the call data')
      if (!op.deployed && deploy) assert.deepEqual(lower(await kit.getFactoryArgs()), lower({ factory: wire.factory, factoryData: wire.factoryData }))
      const packed = toPackedUserOperation(wire)
      assert.deepEqual(lower(op.packed), lower({ ...packed, nonce: op.packed.nonce, preVerificationGas: op.packed.preVerificationGas }), 'the packed operation')
      assert.equal(getUserOperationHash({ chainId, entryPointAddress: environment.EntryPoint, entryPointVersion: '0.7', userOperation: wire }), op.userOpHash)
      assert.equal(hashTypedData({
        domain: { chainId, name: implementation === Implementation.Hybrid ? 'HybridDeleGator' : 'EIP7702StatelessDeleGator', version: '1', verifyingContract: address },
        types: SIGNABLE_USER_OP_TYPED_DATA, primaryType: 'PackedUserOperation', message: { ...packed, entryPoint: environment.EntryPoint },
      }), op.signedTypedDataHash, 'the digest')
      // The kit does not sign with bare P-256 keys: that is for contracts.mjs.
      if (!op.raw) assert.equal(await kit.signUserOperation(wire), wire.signature, 'the signature')
      const { eip7702Auth, ...sent } = op.wire
      assert.deepEqual(lower(formatUserOperationRequest(wire)), lower(sent), 'the JSON for the bundler')
    } catch (e) {
      throw new Error(`${op.label}: ${e.message}`, { cause: e })
    }
  }
  for (const m of account.messages ?? []) {
    assert.equal(hashMessage(m.message), m.hash)
    assert.equal(await (await kitOf(signer(m))).signMessage({ message: m.message }), m.signature, `the signature of "${m.message}"`)
  }
  return `${account.ops.length} operations`
}

for (const account of golden('made-by-go.json')) await claim(`the kit makes what Go made: ${account.name}`, () => check(account))
