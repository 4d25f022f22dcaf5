// What the real contracts say about accounts and operations written down in testdata (kit.mjs describes the shape),
// whoever made them. The chain is Anvil without a bundler; it takes the chain id that an account was made for.
import { EIP7702StatelessDeleGator, HybridDeleGator } from '@metamask/delegation-abis'
import assert from 'node:assert/strict'
import { createPublicClient, encodeFunctionData, http } from 'viem'
import { rpc, until } from '../stand/rpc.mjs'

const magic = '0x1626ba7e', refusal = '0xffffffff'

export function judge(stand) {
  const call = rpc(stand.rpc)
  const client = createPublicClient({ transport: http(stand.rpc) })
  const transact = async (from, to, data) => {
    await call('anvil_setBalance', from, '0x8ac7230489e80000')
    await call('anvil_impersonateAccount', from)
    const hash = await call('eth_sendTransaction', { from, to, data, gas: '0xb71b00' })
    const receipt = await until('transaction', 60, () => call('eth_getTransactionReceipt', hash))
    assert.equal(receipt.status, '0x1', `the transaction to ${to} reverted`)
  }
  const isValid = (address, hash, signature) => client.readContract({ address, abi: HybridDeleGator, functionName: 'isValidSignature', args: [hash, signature] })

  /** place creates the account where its testdata says it is, and gives it all its keys. */
  async function place(account) {
    if (account.implementation === 'Stateless7702') {
      await call('anvil_setCode', account.address, '0xef0100' + stand.framework.stateless7702.slice(2))
      return
    }
    const { factory, factoryData, owner, keys } = account.deploy
    await transact(stand.funder, factory, factoryData)
    const created = [await read(account, 'owner'), new Set(await read(account, 'getKeyIdHashes'))]
    assert.deepEqual(created, [owner, new Set(keys.map((i) => account.credentials[i].keyIdHash))], 'the account has other signers than said')
    await transact(account.address, account.address, encodeFunctionData({ abi: HybridDeleGator, functionName: 'updateSigners', args: [
      account.owner, account.credentials.map((c) => c.keyId), account.credentials.map((c) => BigInt(c.x)), account.credentials.map((c) => BigInt(c.y)),
    ] }))
  }
  const abi = (account) => (account.implementation === 'Stateless7702' ? EIP7702StatelessDeleGator : HybridDeleGator)
  const read = (account, functionName, args = []) => client.readContract({ address: account.address, abi: abi(account), functionName, args })

  /** operation compares digest and hash with the contracts', has the signature judged, and a wrong one too. */
  async function operation(account, op) {
    const packed = Object.fromEntries(Object.entries(op.packed).map(([k, v]) => [k, /^(nonce|preVerificationGas)$/.test(k) ? BigInt(v) : v]))
    assert.equal(await read(account, 'getPackedUserOperationTypedDataHash', [packed]), op.signedTypedDataHash, 'the account computes another digest')
    const { signature } = op.wire
    assert.equal(await isValid(account.address, op.signedTypedDataHash, signature), magic, 'the account refuses the signature')
    const other = '0x' + (BigInt(op.signedTypedDataHash) ^ 1n).toString(16).padStart(64, '0')
    assert.equal(await isValid(account.address, other, signature), refusal, 'the account takes the signature for another digest')
  }
  const message = async (account, m) => assert.equal(await isValid(account.address, m.hash, m.signature), magic)

  /** stub must be taken apart without reverting, as estimation needs, and must not be valid. */
  const stub = async (account, s) => assert.equal(await isValid(account.address, '0x' + '5a'.repeat(32), s), refusal)

  return { place, operation, message, stub, chain: (id) => call('anvil_setChainId', id) }
}
