// A stand as the kit's user sees it: clients, the kit's accounts, and a send that asserts what every operation must
// show and writes down its gas and events.
import { getSmartAccountsEnvironment, Implementation, toMetaMaskSmartAccount } from '@metamask/smart-accounts-kit'
import { HybridDeleGator as kit } from '@metamask/smart-accounts-kit/contracts'
import { HybridDeleGator } from '@metamask/delegation-abis'
import assert from 'node:assert/strict'
import { createPublicClient, createWalletClient, defineChain, http } from 'viem'
import { createBundlerClient, createPaymasterClient } from 'viem/account-abstraction'
import { claim } from '../report.mjs'
import { environment as ours } from '../stand/framework.mjs'
import { rpc } from '../stand/rpc.mjs'

/** SentPrefund(address,uint256,bool) says what the operation might cost, which is the bundler's estimate. */
const sentPrefund = '0xa427c7d47f24d01b170779a7600b1d4c0d7cdbabaa0f19c4f0e6182053ffc931'

export function makeWorld(stand) {
  const out = { gas: {}, events: {} }
  const transport = http(stand.rpc, { retryCount: 0 })
  const chain = defineChain({ id: stand.chainId, name: stand.name, nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [stand.rpc] } } })
  const client = createPublicClient({ chain, transport, pollingInterval: 20 })
  const bundler = createBundlerClient({ client, transport: http(stand.bundler, { retryCount: 0 }), pollingInterval: 20 })
  const paymaster = createPaymasterClient({ transport: http(stand.paymaster, { retryCount: 0 }) })

  // On a chain of MetaMask's the kit finds the contracts in its own table.
  const own = stand.chainId !== 31337, environment = own ? getSmartAccountsEnvironment(stand.chainId) : ours
  const kitOf = (parameters) => toMetaMaskSmartAccount({ client, ...(own ? {} : { environment }), ...parameters })

  async function send(step, account, calls, more = {}) {
    const { standard } = await bundler.request({ method: 'pimlico_getUserOperationGasPrice' })
    const hash = await bundler.sendUserOperation({
      account, calls, maxFeePerGas: BigInt(standard.maxFeePerGas), maxPriorityFeePerGas: BigInt(standard.maxPriorityFeePerGas), ...more,
    })
    const receipt = await bundler.waitForUserOperationReceipt({ hash, timeout: 60_000 })
    assert.ok(receipt.success, `${step}: the operation reverted`)
    assert.equal(receipt.sender, account.address)
    const logs = receipt.receipt.logs.filter((l) => l.address.toLowerCase() === account.address.toLowerCase() && l.topics[0] !== sentPrefund)
    out.gas[step] = Number(receipt.actualGasUsed)
    out.events[step] = { account: account.address, logs: logs.map((l) => [l.topics, l.data]) }
  }
  return {
    out, stand, client, paymaster, environment, send,
    /** step is one PASS or FAIL line. */
    step: (name, f) => claim(`kit on ${stand.name}: ${name}`, f),
    hybrid: (signer, more) => kitOf({ implementation: Implementation.Hybrid, signer, ...more }),
    stateless: (signer, address) => kitOf({ implementation: Implementation.Stateless7702, signer, address }),
    wallet: (account) => createWalletClient({ account, chain, transport }),
    read: (address, functionName, args = []) => client.readContract({ address, abi: HybridDeleGator, functionName, args }),
    quotes: async () => (await rpc(stand.paymaster)('pimlico_getTokenQuotes', { tokens: [stand.token] }, environment.EntryPoint, '0x' + stand.chainId.toString(16))).quotes,
  }
}

/** What a passkey is to the kit: a signer, and an owner to be added. */
export const signs = (p) => ({ webAuthnAccount: p.account, keyId: p.keyId })
export const p256Owner = (p) => ({ keyId: p.keyId, x: p.x, y: p.y })
export const addKey = (address, p) => [{ to: address, data: kit.encode.addKey({ p256Owner: p256Owner(p) }) }]
