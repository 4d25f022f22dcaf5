// Lets the kit and viem build, sign and send operations to a table of answers, and writes down what they made.
import { Implementation, toMetaMaskSmartAccount } from '@metamask/smart-accounts-kit'
import { createPublicClient, custom, defineChain, hashMessage, hashTypedData, toHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createBundlerClient, createPaymasterClient, getUserOperationHash, toPackedUserOperation } from 'viem/account-abstraction'
import { SIGNABLE_USER_OP_TYPED_DATA } from '@metamask/smart-accounts-kit/utils'
import { environment } from '../stand/framework.mjs'
import { describe } from './passkey.mjs'

const contractName = { Hybrid: 'HybridDeleGator', Stateless7702: 'EIP7702StatelessDeleGator' }
const paymaster = '0x00000000000000000000000000000000deadbeef'

/** A chain of one account, a bundler and a paymaster; sent is what eth_sendUserOperation was given. */
function table(chainId, state) {
  const transport = custom({
    async request({ method, params }) {
      switch (method) {
        case 'eth_chainId': return toHex(chainId)
        case 'eth_getCode': return state.code
        case 'eth_call': return toHex(state.nonce, { size: 32 }) // EntryPoint.getNonce
        case 'eth_estimateUserOperationGas': {
          const [op] = params
          const size = (op.callData.length + op.signature.length + (op.factoryData?.length ?? 0)) / 2
          return {
            preVerificationGas: toHex(40_000 + 16 * size), verificationGasLimit: toHex(op.factory ? 700_123 : 373_001), callGasLimit: toHex(21_000 + 40 * size),
            ...(op.paymaster && { paymasterVerificationGasLimit: toHex(50_000), paymasterPostOpGasLimit: toHex(1) }),
          }
        }
        case 'pm_getPaymasterStubData':
          return { paymaster, paymasterData: '0x01' + 'ff'.repeat(77), paymasterVerificationGasLimit: toHex(50_000), paymasterPostOpGasLimit: toHex(100_000) }
        case 'pm_getPaymasterData': return { paymaster, paymasterData: '0x01' + 'a5'.repeat(77) }
        case 'eth_sendUserOperation':
          state.sent = params
          return '0x' + '00'.repeat(32)
        default: throw new Error(`nobody expected ${method}`)
      }
    },
  }, { retryCount: 0 })
  const chain = defineChain({ id: chainId, name: 'table', nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [] } } })
  const client = createPublicClient({ chain, transport })
  return { client, bundler: createBundlerClient({ client, transport }), paymasterClient: createPaymasterClient({ transport }) }
}

export async function makeAccount({ name, chainId, implementation, ownerKey, passkeys = [], deploy, ops, messages = [] }) {
  const owner = privateKeyToAccount(ownerKey)
  const state = {}
  const { client, bundler, paymasterClient } = table(chainId, state)
  const stateless = implementation === Implementation.Stateless7702
  const key = (p) => ({ keyId: p.keyId, x: p.x, y: p.y })
  const deployOwner = deploy?.owner ?? owner.address
  const created = deploy?.keys.map((i) => passkeys[i]) ?? []

  // The kit's own notion of the nonce key is the time; here it is a number that the case gives.
  const as = (signer, address, nonceKey = 0n) => toMetaMaskSmartAccount({
    client, implementation, environment,
    nonceKeyManager: { consume: async () => nonceKey },
    signer: signer === 'owner' ? { account: owner } : { webAuthnAccount: passkeys[signer].account, keyId: passkeys[signer].keyId },
    ...(address ? { address } : {
      deployParams: [deployOwner, created.map((p) => p.keyId), created.map((p) => p.x), created.map((p) => p.y)], deploySalt: deploy.salt,
    }),
  })

  state.code = '0x'
  const first = await as('owner', stateless ? owner.address : undefined)
  const { address } = first
  const factory = stateless ? undefined : await first.getFactoryArgs()
  const there = stateless ? '0xef0100' + environment.implementations.EIP7702StatelessDeleGatorImpl.slice(2) : '0x363d3d37'

  const out = []
  let nonce = 0n
  for (const { label, signer = 'owner', calls, deployed = true, sponsored, sequence = nonce++, nonceKey = 0n, fees = {}, authorization, lowGas } of ops) {
    state.code = deployed ? there : '0x'
    state.nonce = (nonceKey << 64n) + sequence
    const account = await as(signer, deployed ? address : undefined)
    const list = typeof calls === 'function' ? await calls({ address, passkeys, key }) : calls
    await bundler.sendUserOperation({
      account, calls: list, maxFeePerGas: 30_000_000_007n, maxPriorityFeePerGas: 1_000_000_000n, ...fees,
      ...(sponsored && { paymaster: paymasterClient }), ...(lowGas && { callGasLimit: 0n, verificationGasLimit: 0n, preVerificationGas: 0n }),
      ...(authorization && { authorization: await owner.signAuthorization({ ...authorization, chainId }) }),
    })
    const [wire, entryPoint] = state.sent
    const op = fromWire(wire)
    out.push({
      label, deployed, signer, calls: list.map((c) => ({ to: c.to, value: c.value ?? 0n, data: c.data ?? '0x' })),
      wire, packed: toPackedUserOperation(op),
      userOpHash: getUserOperationHash({ chainId, entryPointAddress: entryPoint, entryPointVersion: '0.7', userOperation: op }),
      signedTypedDataHash: hashTypedData({
        domain: { chainId, name: contractName[implementation], version: '1', verifyingContract: address },
        types: SIGNABLE_USER_OP_TYPED_DATA, primaryType: 'PackedUserOperation', message: { ...toPackedUserOperation(op), entryPoint },
      }),
      ...(signer !== 'owner' && { assertion: passkeys[signer].assertions.at(-1) }),
    })
  }

  state.code = there
  const said = []
  for (const { message, signer = 'owner' } of messages) {
    const signature = await (await as(signer, address)).signMessage({ message })
    said.push({ message, hash: hashMessage(message), signer, signature, ...(signer !== 'owner' && { assertion: passkeys[signer].assertions.at(-1) }) })
  }
  return {
    name, chainId, implementation, address, owner: owner.address, ownerKey, credentials: passkeys.map(describe),
    ...(deploy && { deploy: { salt: deploy.salt, owner: deployOwner, keys: deploy.keys, ...factory } }),
    stubs: {
      owner: await first.getStubSignature(),
      passkeys: await Promise.all(passkeys.map(async (_, i) => (await as(i, address)).getStubSignature())),
    },
    messages: said, ops: out,
  }
}

/** fromWire turns the JSON of eth_sendUserOperation back into viem's operation. */
export function fromWire(wire) {
  const op = { ...wire }
  for (const name of Object.keys(op)) if (/^nonce$|Gas/.test(name)) op[name] = BigInt(op[name])
  delete op.eip7702Auth
  return op
}
