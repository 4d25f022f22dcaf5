// The steps of journey.mjs on one stand.
import { Implementation, toMetaMaskSmartAccount } from '@metamask/smart-accounts-kit'
import { HybridDeleGator as kit } from '@metamask/smart-accounts-kit/contracts'
import { HybridDeleGator } from '@metamask/delegation-abis'
import assert from 'node:assert/strict'
import { createPublicClient, createWalletClient, defineChain, encodeFunctionData, erc20Abi, http, keccak256, parseEther, stringToHex, zeroAddress } from 'viem'
import { createBundlerClient, createPaymasterClient } from 'viem/account-abstraction'
import { privateKeyToAccount } from 'viem/accounts'
import { claim, skip } from '../report.mjs'
import { rpc } from '../stand/rpc.mjs'
import { environment } from '../stand/framework.mjs'
import { softPasskey } from './passkey.mjs'

const key = (text) => keccak256(stringToHex(text))
const someone = '0x000000000000000000000000000000000000bEEF'

/** SentPrefund(address,uint256,bool) says what the operation might cost, which is the bundler's estimate. */
const sentPrefund = '0xa427c7d47f24d01b170779a7600b1d4c0d7cdbabaa0f19c4f0e6182053ffc931'

/** walk runs the journey; it returns {gas: step → gas, events: step → the account's events}. */
export async function walk(stand) {
  const out = { gas: {}, events: {} }
  const transport = http(stand.rpc, { retryCount: 0 })
  const chain = defineChain({ id: stand.chainId, name: stand.name, nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [stand.rpc] } } })
  const client = createPublicClient({ chain, transport, pollingInterval: 20 })
  const bundler = createBundlerClient({ client, transport: http(stand.bundler, { retryCount: 0 }), pollingInterval: 20 })
  const paymaster = createPaymasterClient({ transport: http(stand.paymaster, { retryCount: 0 }) })
  const fees = async () => {
    const { standard } = await bundler.request({ method: 'pimlico_getUserOperationGasPrice' })
    return { maxFeePerGas: BigInt(standard.maxFeePerGas), maxPriorityFeePerGas: BigInt(standard.maxPriorityFeePerGas) }
  }
  /** send is the tutorial's way, and what is asserted of every operation. */
  const send = async (step, account, calls, more = {}) => {
    const hash = await bundler.sendUserOperation({ account, calls, ...(await fees()), ...more })
    const receipt = await bundler.waitForUserOperationReceipt({ hash, timeout: 20_000 })
    assert.ok(receipt.success, `${step}: the operation reverted`)
    assert.equal(receipt.sender, account.address)
    out.gas[step] = Number(receipt.actualGasUsed)
    out.events[step] = { account: account.address, logs: receipt.receipt.logs
      .filter((l) => l.address.toLowerCase() === account.address.toLowerCase() && l.topics[0] !== sentPrefund).map((l) => [l.topics, l.data]) }
    return receipt
  }
  const step = (name, f) => claim(`kit on ${stand.name}: ${name}`, f)
  const read = (address, functionName, args = []) => client.readContract({ address, abi: HybridDeleGator, functionName, args })
  const hybrid = (signer, more) => toMetaMaskSmartAccount({ client, implementation: Implementation.Hybrid, environment, signer, ...more })
  const byPasskey = (p) => ({ webAuthnAccount: p.account, keyId: p.keyId })
  const addKey = (address, p) => [{ to: address, data: kit.encode.addKey({ p256Owner: { keyId: p.keyId, x: p.x, y: p.y } }) }]

  const owner = privateKeyToAccount(key('journey owner')), heir = privateKeyToAccount(key('journey heir'))
  const passkey = softPasskey({ privateKey: key('journey passkey') })
  const second = softPasskey({ privateKey: key('journey second passkey'), client: 'android', origin: 'https://wallet.example', rpId: 'wallet.example' })
  const deployParams = [owner.address, [], [], []]
  const account = await hybrid({ account: owner }, { deployParams, deploySalt: '0x' })
  const { address } = account
  await stand.fund(address)

  await step('an owner creates the account and sends', async () => {
    await send('create and send by owner', account, [{ to: someone, value: parseEther('0.001') }])
    assert.equal(await read(address, 'owner'), owner.address)
  })
  await step('the owner adds a passkey', async () => {
    await send('addKey by owner', account, addKey(address, passkey))
    assert.deepEqual(await read(address, 'getKeyIdHashes'), [keccak256(stringToHex(passkey.keyId))])
  })
  const backup = await hybrid(byPasskey(passkey), { address })
  await step('the passkey sends from the same account', async () => {
    await send('send by passkey', backup, [{ to: someone, value: parseEther('0.001') }])
  })
  await step('the passkey sends a batch', async () => {
    const before = await client.getBalance({ address: someone })
    await send('batch by passkey', backup, [{ to: someone, value: 1n }, { to: someone, value: 2n }])
    assert.equal(await client.getBalance({ address: someone }), before + 3n)
  })
  await step('the passkey gives the account a new owner', async () => {
    await send('transferOwnership by passkey', backup, [{ to: address, data: encodeFunctionData({ abi: HybridDeleGator, functionName: 'transferOwnership', args: [heir.address] }) }])
    assert.equal(await read(address, 'owner'), heir.address)
  })
  const inherited = await hybrid({ account: heir }, { address })
  await step('the new owner removes the passkey', async () => {
    await send('removeKey by owner', inherited, [{ to: address, data: kit.encode.removeKey({ keyId: passkey.keyId }) }])
    assert.equal(await read(address, 'getKeyIdHashesCount'), 0n)
  })
  await step('a removed passkey is refused', async () => {
    await assert.rejects(send('removed', backup, [{ to: someone }]), (e) => /AA24|signature|AA23|reverted/i.test(e.message) || assert.fail(e))
  })
  await step('updateSigners replaces all signers', async () => {
    await send('updateSigners by owner', inherited, [{ to: address, data: kit.encode.updateSigners({
      eoaOwner: owner.address, p256Owners: [passkey, second].map((p) => ({ keyId: p.keyId, x: p.x, y: p.y })) }) }])
    assert.equal(await read(address, 'getKeyIdHashesCount'), 2n)
    await send('send by Android passkey', await hybrid(byPasskey(second), { address }), [{ to: someone, value: 1n }])
  })
  await step('a passkey creates an account that has no other key, and adds one', async () => {
    const alone = await hybrid(byPasskey(passkey), { deployParams: [zeroAddress, [passkey.keyId], [passkey.x], [passkey.y]], deploySalt: '0x01' })
    await stand.fund(alone.address)
    await send('create and addKey by passkey', alone, addKey(alone.address, second))
    assert.equal(await read(alone.address, 'getKeyIdHashesCount'), 2n)
  })
  await step('the tutorial\'s step 7, other deploy parameters, is another account', async () => {
    const other = await hybrid(byPasskey(passkey), { deployParams: [owner.address, [passkey.keyId], [passkey.x], [passkey.y]], deploySalt: '0x' })
    assert.notEqual(other.address, address)
  })
  await step('ERC-1271: the account takes its passkey\'s signature', async () => {
    assert.ok(await client.verifyMessage({ address, message: 'hello', signature: await backup.signMessage({ message: 'hello' }) }))
    assert.ok(!(await client.verifyMessage({ address, message: 'hullo', signature: await backup.signMessage({ message: 'hello' }) })))
  })
  await sponsored()
  await stateless()
  return out

  async function sponsored() {
    if (!(await supports(stand.paymaster, client))) return skip(`kit on ${stand.name}: gasless`, 'the endpoint has no pm_getPaymasterStubData')
    const poor = await hybrid({ account: owner }, { deployParams, deploySalt: '0x02' })
    await step('an account without ether is created and given a passkey, sponsored', async () => {
      await send('create and addKey, sponsored', poor, addKey(poor.address, passkey), { paymaster })
      await send('send by passkey, sponsored', await hybrid(byPasskey(passkey), { address: poor.address }), [{ to: someone }], { paymaster })
      assert.equal(await client.getBalance({ address: poor.address }), 0n)
    })
    if (!stand.token) return skip(`kit on ${stand.name}: gas in tokens`, 'the stand has no token')
    await step('gas is paid in a token', async () => {
      await stand.mint(poor.address)
      const [quote] = await tokenQuotes(stand)
      const balance = () => client.readContract({ address: stand.token, abi: erc20Abi, functionName: 'balanceOf', args: [poor.address] })
      const before = await balance()
      await send('send by passkey, gas in tokens', await hybrid(byPasskey(passkey), { address: poor.address }), [
        { to: stand.token, data: encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [quote.paymaster, before] }) }, { to: someone },
      ], { paymaster, paymasterContext: { token: stand.token } })
      assert.ok((await balance()) < before, 'no token was taken')
      assert.equal(await client.getBalance({ address: poor.address }), 0n)
    })
  }

  async function stateless() {
    const eoa = privateKeyToAccount(key('journey eoa'))
    await stand.fund(eoa.address)
    const wallet = createWalletClient({ account: eoa, chain, transport })
    const account7702 = await toMetaMaskSmartAccount({ client, implementation: Implementation.Stateless7702, environment, address: eoa.address, signer: { walletClient: wallet } })
    await step('EIP-7702: an EOA becomes the account and sends a batch', async () => {
      assert.equal(await account7702.isDeployed(), false)
      const authorization = await wallet.signAuthorization({ contractAddress: environment.implementations.EIP7702StatelessDeleGatorImpl, executor: 'self' })
      const hash = await wallet.sendTransaction({ authorizationList: [authorization], to: zeroAddress })
      assert.equal((await client.waitForTransactionReceipt({ hash })).status, 'success')
      assert.equal(await account7702.isDeployed(), true)
      await send('batch by EIP-7702 account', account7702, [{ to: someone, value: 1n }, { to: someone, value: 2n }])
    })
    const fresh = privateKeyToAccount(key('journey eoa, by bundler'))
    await stand.fund(fresh.address)
    await step('EIP-7702: the bundler carries the authorization', async () => {
      const signer = { account: fresh }
      const account = await toMetaMaskSmartAccount({ client, implementation: Implementation.Stateless7702, environment, address: fresh.address, signer })
      const authorization = await fresh.signAuthorization({ address: environment.implementations.EIP7702StatelessDeleGatorImpl, chainId: stand.chainId, nonce: 0 })
      // The kit itself has no factory for an address; viem takes the EIP-7702 marker from the caller.
      await send('send with authorization', { ...account, getFactoryArgs: async () => ({}) }, [{ to: someone, value: 1n }], { authorization })
      assert.equal(await account.isDeployed(), true)
    })
  }
}

async function tokenQuotes(stand) {
  return (await rpc(stand.paymaster)('pimlico_getTokenQuotes', { tokens: [stand.token] }, environment.EntryPoint, '0x' + stand.chainId.toString(16))).quotes
}

/** supports asks whether the endpoint is a paymaster's at all. */
async function supports(url) {
  const reply = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'pm_getPaymasterStubData', params: [] }) }).then((r) => r.json())
  return reply.error?.code !== -32601
}
