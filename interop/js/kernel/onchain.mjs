// ZeroDev's unmodified packages on a chain with the real contracts, for a Go test: one task as JSON on standard input,
// its result as JSON on standard output. Needs the node and the bundler of a stand with Kernel on it.
//
//   {task: "use", text, secret?, to, value}        opens an approval and sends value by it
//   {task: "grant", owner, ownerSecret, session, secret, target, valueLimit}   deploys an account and grants a session
//   {task: "revoke", owner, ownerSecret, account, text, secret?}   uninstalls what an approval has installed
//
// owner is ecdsa, multiECDSA or webauthn, session ecdsa or webauthn; all with {rpc, bundler, version}.
import { createKernelAccount, createKernelAccountClient, uninstallPlugin } from '@zerodev/sdk'
import { deserializePermissionAccount, serializePermissionAccount, toPermissionValidator } from '@zerodev/permissions'
import { CallPolicyVersion, toCallPolicy, toRateLimitPolicy, toSignatureCallerPolicy } from '@zerodev/permissions/policies'
import { createPublicClient, defineChain, http } from 'viem'
import { createBundlerClient } from 'viem/account-abstraction'
import { entryPoint, json, owner, sessionKey } from './world.mjs'

let input = ''
for await (const chunk of process.stdin) input += chunk
const task = JSON.parse(input), kernelVersion = task.version
const { chainId } = task
const chain = defineChain({ id: chainId, name: 'stand', nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [task.rpc] } } })
const client = createPublicClient({ chain, transport: http(task.rpc, { retryCount: 0 }), pollingInterval: 20 })
const bundler = createBundlerClient({ client, transport: http(task.bundler, { retryCount: 0 }), pollingInterval: 20 })

/** kernelClient is the packages' own way to a bundler. */
async function kernelClient(account) {
  const { standard } = await bundler.request({ method: 'pimlico_getUserOperationGasPrice' })
  const fees = { maxFeePerGas: BigInt(standard.maxFeePerGas), maxPriorityFeePerGas: BigInt(standard.maxPriorityFeePerGas) }
  return createKernelAccountClient({ account, chain, client, bundlerTransport: http(task.bundler, { retryCount: 0 }), userOperation: { estimateFeesPerGas: async () => fees } })
}

async function receipt(hash) {
  const r = await bundler.waitForUserOperationReceipt({ hash, timeout: 60_000 })
  if (!r.success) throw new Error('the operation reverted')
  return { hash, gas: Number(r.actualGasUsed) }
}

const signer = task.session && sessionKey(task.session, task.secret)
const tasks = {
  async use() {
    const account = await deserializePermissionAccount(client, entryPoint, kernelVersion, task.text, signer && (await signer.on(client)))
    const callData = await account.encodeCalls([{ to: task.to, value: BigInt(task.value), data: '0x' }])
    return { account: account.address, ...(await receipt(await (await kernelClient(account)).sendUserOperation({ callData }))) }
  },
  async grant() {
    const root = owner(task.owner, task.ownerSecret), sudo = await root.on(client, kernelVersion)
    const policies = [
      toCallPolicy({ policyVersion: CallPolicyVersion.V0_0_4, permissions: [{ target: task.target, valueLimit: BigInt(task.valueLimit) }] }),
      toRateLimitPolicy({ count: 3 }), toSignatureCallerPolicy({ allowedCallers: [] }),
    ]
    const regular = await toPermissionValidator(client, { entryPoint, kernelVersion, signer: await signer.on(client), policies })
    const account = await createKernelAccount(client, { entryPoint, kernelVersion, plugins: { sudo, regular } })
    return { account: account.address, text: await serializePermissionAccount(account, task.session === 'ecdsa' ? task.secret : undefined) }
  },
  async revoke() {
    const root = owner(task.owner, task.ownerSecret), sudo = await root.on(client, kernelVersion)
    const session = await deserializePermissionAccount(client, entryPoint, kernelVersion, task.text, signer && (await signer.on(client)))
    const account = await createKernelAccount(client, { entryPoint, kernelVersion, address: session.address, plugins: { sudo } })
    const kernel = await kernelClient(account)
    return receipt(await uninstallPlugin(kernel, { plugin: session.kernelPluginManager.regularValidator, entryPoint, kernelVersion }))
  },
}
process.stdout.write(json(await tasks[task.task]()) + '\n')
process.exit(0)
