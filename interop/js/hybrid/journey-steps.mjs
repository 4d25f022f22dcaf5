// The steps of journey.mjs on one stand.
import { HybridDeleGator as kit } from '@metamask/smart-accounts-kit/contracts'
import { HybridDeleGator } from '@metamask/delegation-abis'
import assert from 'node:assert/strict'
import { encodeFunctionData, erc20Abi, keccak256, parseEther, stringToHex, zeroAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { softPasskey } from './passkey.mjs'
import { addKey, makeWorld, p256Owner, signs } from './world.mjs'

const key = (text) => keccak256(stringToHex(text))
const someone = '0x000000000000000000000000000000000000bEEF'
const owner = privateKeyToAccount(key('journey owner')), heir = privateKeyToAccount(key('journey heir'))
const passkey = softPasskey({ privateKey: key('journey passkey') })
const second = softPasskey({ privateKey: key('journey second passkey'), client: 'android', origin: 'https://wallet.example', rpId: 'wallet.example' })
const deployParams = [owner.address, [], [], []]

/** walk runs the journey; it returns {gas: step → gas, events: step → the account's events}. */
export async function walk(stand) {
  const world = makeWorld(stand)
  const account = await world.hybrid({ account: owner }, { deployParams, deploySalt: '0x' })
  await stand.fund(account.address)
  await backup(world, account)
  await recovery(world, account.address)
  await otherAccounts(world, account.address)
  await sponsored(world)
  await stateless(world)
  return world.out
}

/** An owner, then a passkey beside it. */
async function backup({ step, send, read, hybrid, client }, account) {
  const { address } = account
  await step('an owner creates the account and sends', async () => {
    await send('create and send by owner', account, [{ to: someone, value: parseEther('0.001') }])
    assert.equal(await read(address, 'owner'), owner.address)
  })
  await step('the owner adds a passkey', async () => {
    await send('addKey by owner', account, addKey(address, passkey))
    assert.deepEqual(await read(address, 'getKeyIdHashes'), [keccak256(stringToHex(passkey.keyId))])
  })
  const byPasskey = await hybrid(signs(passkey), { address })
  await step('the passkey sends from the same account', async () => {
    await send('send by passkey', byPasskey, [{ to: someone, value: parseEther('0.001') }])
  })
  await step('the passkey sends a batch', async () => {
    const before = await client.getBalance({ address: someone })
    await send('batch by passkey', byPasskey, [{ to: someone, value: 1n }, { to: someone, value: 2n }])
    assert.equal(await client.getBalance({ address: someone }), before + 3n)
  })
  await step('ERC-1271: the account takes its passkey\'s signature', async () => {
    const signature = await byPasskey.signMessage({ message: 'hello' })
    assert.equal(await client.verifyMessage({ address, message: 'hello', signature }), true)
    assert.equal(await client.verifyMessage({ address, message: 'hullo', signature }), false)
  })
}

/** The owner's key is lost: the passkey appoints another. */
async function recovery({ step, send, read, hybrid }, address) {
  const byPasskey = await hybrid(signs(passkey), { address }), byHeir = await hybrid({ account: heir }, { address })
  await step('the passkey gives the account a new owner', async () => {
    const data = encodeFunctionData({ abi: HybridDeleGator, functionName: 'transferOwnership', args: [heir.address] })
    await send('transferOwnership by passkey', byPasskey, [{ to: address, data }])
    assert.equal(await read(address, 'owner'), heir.address)
  })
  await step('the new owner removes the passkey', async () => {
    await send('removeKey by owner', byHeir, [{ to: address, data: kit.encode.removeKey({ keyId: passkey.keyId }) }])
    assert.equal(await read(address, 'getKeyIdHashesCount'), 0n)
  })
  await step('a removed passkey is refused', () => (
    assert.rejects(send('removed', byPasskey, [{ to: someone }]), /AA24|Signature provided for the User Operation is invalid/)))
  await step('updateSigners replaces all signers', async () => {
    const data = kit.encode.updateSigners({ eoaOwner: owner.address, p256Owners: [passkey, second].map(p256Owner) })
    await send('updateSigners by owner', byHeir, [{ to: address, data }])
    assert.equal(await read(address, 'getKeyIdHashesCount'), 2n)
    await send('send by Android passkey', await hybrid(signs(second), { address }), [{ to: someone, value: 1n }])
  })
}

async function otherAccounts({ step, send, read, hybrid, stand }, address) {
  const created = (eoa, salt) => hybrid(signs(passkey), { deployParams: [eoa, [passkey.keyId], [passkey.x], [passkey.y]], deploySalt: salt })
  await step('a passkey creates an account that has no other key, and adds one', async () => {
    const alone = await created(zeroAddress, '0x01')
    await stand.fund(alone.address)
    await send('create and addKey by passkey', alone, addKey(alone.address, second))
    assert.equal(await read(alone.address, 'getKeyIdHashesCount'), 2n)
  })
  await step('the tutorial\'s step 7, other deploy parameters, is another account', async () => {
    assert.notEqual((await created(owner.address, '0x')).address, address)
  })
}

/** An account without ether. */
async function sponsored({ step, send, hybrid, client, paymaster, stand, quotes }) {
  const poor = await hybrid({ account: owner }, { deployParams, deploySalt: '0x02' })
  const { address } = poor
  const byPasskey = await hybrid(signs(passkey), { address })
  await step('an account without ether is created and given a passkey, sponsored', async () => {
    await send('create and addKey, sponsored', poor, addKey(address, passkey), { paymaster })
    await send('send by passkey, sponsored', byPasskey, [{ to: someone }], { paymaster })
    assert.equal(await client.getBalance({ address }), 0n)
  })
  await step('gas is paid in a token', async () => {
    await stand.mint(address)
    const [quote] = await quotes()
    const balance = () => client.readContract({ address: stand.token, abi: erc20Abi, functionName: 'balanceOf', args: [address] })
    const before = await balance()
    const approve = encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [quote.paymaster, before] })
    await send('send by passkey, gas in tokens', byPasskey, [{ to: stand.token, data: approve }, { to: someone }],
      { paymaster, paymasterContext: { token: stand.token } })
    assert.ok((await balance()) < before, 'no token was taken')
    assert.equal(await client.getBalance({ address }), 0n)
  })
}

/** EIP-7702: an EOA runs the account's code. */
async function stateless({ step, send, stand, client, wallet, stateless: kitOf, environment }) {
  const implementation = environment.implementations.EIP7702StatelessDeleGatorImpl
  const eoa = privateKeyToAccount(key('journey eoa')), fresh = privateKeyToAccount(key('journey eoa, by bundler'))
  for (const { address } of [eoa, fresh]) await stand.fund(address)

  await step('EIP-7702: an EOA becomes the account and sends a batch', async () => {
    const walletClient = wallet(eoa), account = await kitOf({ walletClient }, eoa.address)
    assert.equal(await account.isDeployed(), false)
    const authorization = await walletClient.signAuthorization({ contractAddress: implementation, executor: 'self' })
    const hash = await walletClient.sendTransaction({ authorizationList: [authorization], to: zeroAddress })
    assert.equal((await client.waitForTransactionReceipt({ hash })).status, 'success')
    assert.equal(await account.isDeployed(), true)
    await send('batch by EIP-7702 account', account, [{ to: someone, value: 1n }, { to: someone, value: 2n }])
  })
  await step('EIP-7702: the bundler carries the authorization', async () => {
    const account = await kitOf({ account: fresh }, fresh.address)
    const authorization = await fresh.signAuthorization({ address: implementation, chainId: stand.chainId, nonce: 0 })
    // The kit throws when it is asked for the factory of an address without code; with EIP-7702 there is none.
    await send('send with authorization', { ...account, getFactoryArgs: async () => ({}) }, [{ to: someone, value: 1n }], { authorization })
    assert.equal(await account.isDeployed(), true)
  })
}
