// Real operations through Alto on EntryPoints 0.6 to 0.9: create an account, use it, have it paid for, run an EOA as
// an account (EIP-7702); and what has no business landing does not. The receipt's hash is compared with viem's.
//
//   node entrypoints/send.mjs [osaka|prague]
import assert from 'node:assert/strict'
import { concat, createPublicClient, defineChain, encodeAbiParameters, http, isAddressEqual, zeroAddress } from 'viem'
import { createBundlerClient, createPaymasterClient, getUserOperationHash, toSimple7702SmartAccount } from 'viem/account-abstraction'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { startAnvil } from '../stand/devnet.mjs'
import { artifact } from '../stand/entrypoints.mjs'
import { rpc, until } from '../stand/rpc.mjs'
import { claim } from '../report.mjs'
import { entryPoint, toSimpleAccount } from './simple-account.mjs'

const stand = await startAnvil(process.argv[2] ?? 'osaka')
const transport = http(stand.rpc)
const chain = defineChain({ id: stand.chainId, name: 'stand', nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [stand.rpc] } } })
const client = createPublicClient({ chain, transport, pollingInterval: 20 })
const bundler = createBundlerClient({ client, transport: http(stand.bundler, { retryCount: 0 }), pollingInterval: 20 })
const paymaster = createPaymasterClient({ transport: http(stand.paymaster, { retryCount: 0 }) })
const call = rpc(stand.rpc)
const fees = async () => {
  const { standard } = await bundler.request({ method: 'pimlico_getUserOperationGasPrice' })
  return { maxFeePerGas: BigInt(standard.maxFeePerGas), maxPriorityFeePerGas: BigInt(standard.maxPriorityFeePerGas) }
}
const someone = () => privateKeyToAccount(generatePrivateKey())
const gas = (r) => `${r.actualGasUsed} gas`

/** create deploys a contract of the EntryPoint's own package. */
async function create(version, name) {
  const code = concat([artifact(version, name).bytecode, encodeAbiParameters([{ type: 'address' }], [entryPoint(version).address])])
  const hash = await call('eth_sendTransaction', { from: stand.funder, data: code, gas: '0xf42400' })
  const receipt = await until(name, 60, () => call('eth_getTransactionReceipt', hash))
  assert.equal(receipt.status, '0x1')
  return receipt.contractAddress
}

async function send(account, value, more = {}) {
  const { version, address } = account.entryPoint, to = someone().address
  const op = await bundler.prepareUserOperation({ account, calls: [{ to, value }], ...(await fees()), ...more })
  op.signature = await account.signUserOperation(op)
  const hash = await bundler.sendUserOperation({ ...op, account: undefined, entryPointAddress: address })
  assert.equal(hash, getUserOperationHash({ chainId: stand.chainId, entryPointAddress: address, entryPointVersion: version, userOperation: op }))
  const receipt = await bundler.waitForUserOperationReceipt({ hash, timeout: 60_000 })
  assert.ok(receipt.success, 'the operation reverted')
  assert.ok(isAddressEqual(receipt.entryPoint, address))
  assert.equal(receipt.sender, account.address)
  assert.equal(await client.getBalance({ address: to }), value)
  return receipt
}

for (const version of Object.keys(stand.entryPoints)) {
  const on = (name, f) => claim(`${stand.name}, EntryPoint ${version} through Alto: ${name}`, f)
  const factory = await create(version, 'SimpleAccountFactory')
  const owner = someone(), account = await toSimpleAccount({ client, version, factory, owner })
  await on('an account is created by its first operation', async () => {
    await stand.fund(account.address)
    return gas(await send(account, 1n))
  })
  await on('and used', async () => gas(await send(account, 2n)))
  await on('a wrong signature is refused', async () => {
    const thief = await toSimpleAccount({ client, version, factory, owner, sign: () => account.getStubSignature() })
    await assert.rejects(send(thief, 1n), /signature|AA24|AA23/i)
  })
  await on('a nonce is good once', async () => {
    const nonce = await account.getNonce({ key: 7n })
    await send(account, 1n, { nonce })
    await assert.rejects(send(account, 1n, { nonce }), /nonce|AA25/i)
  })
  if (version !== '0.9') { // the mock paymaster has no contract for 0.9
    await on('a paymaster pays', async () => {
      const poor = await toSimpleAccount({ client, version, factory, owner: someone() })
      const receipt = await send(poor, 0n, { paymaster })
      assert.equal(await client.getBalance({ address: poor.address }), 0n)
      assert.notEqual(receipt.paymaster, zeroAddress)
      return gas(receipt)
    })
  }
  if (version >= '0.8') {
    await on('an EOA becomes an account by its first operation (EIP-7702), and stays one', async () => {
      const implementation = await create(version, 'Simple7702Account')
      const eoa = await toSimple7702SmartAccount({ client, owner: someone(), implementation, entryPoint: entryPoint(version) })
      await stand.fund(eoa.address)
      const authorization = await eoa.owner.signAuthorization({ address: implementation, chainId: stand.chainId, nonce: 0 })
      const first = await send(eoa, 1n, { authorization })
      assert.equal((await client.getCode({ address: eoa.address })).toLowerCase(), '0xef0100' + implementation.slice(2).toLowerCase())
      return `${gas(first)}, then ${gas(await send(eoa, 1n))}`
    })
    await on('an authorization signed by another is refused', async () => {
      const implementation = await create(version, 'Simple7702Account')
      const eoa = await toSimple7702SmartAccount({ client, owner: someone(), implementation, entryPoint: entryPoint(version) })
      await stand.fund(eoa.address)
      const authorization = await someone().signAuthorization({ address: implementation, chainId: stand.chainId, nonce: 0 })
      await assert.rejects(send(eoa, 1n, { authorization }))
      assert.equal(await client.getCode({ address: eoa.address }), undefined)
    })
  }
}
await stand.close()
