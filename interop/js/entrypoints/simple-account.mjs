// The reference account of each EntryPoint version (SimpleAccount, one secp256k1 owner) for viem's bundler client.
import { encodeFunctionData, parseAbi } from 'viem'
import * as aa from 'viem/account-abstraction'

const abi = parseAbi(['function execute(address dest, uint256 value, bytes func)'])
const factoryAbi = parseAbi([
  'function createAccount(address owner, uint256 salt) returns (address)',
  'function getAddress(address owner, uint256 salt) view returns (address)',
])
const unused = async () => { throw new Error('unused') }

/** entryPoint is viem's description of an EntryPoint version, "0.6" … "0.9". */
export function entryPoint(version) {
  const v = version.replace('.', '')
  return { abi: aa[`entryPoint${v}Abi`], address: aa[`entryPoint${v}Address`], version }
}

/** How the versions' accounts take a signature: with Ethereum's message prefix until 0.7, the bare hash since. */
const signHash = (version) => (owner, hash) => (version < '0.8' ? owner.signMessage({ message: { raw: hash } }) : owner.sign({ hash }))

/** toSimpleAccount makes the account of an owner; sign may be replaced to make wrong signatures. */
export async function toSimpleAccount({ client, version, factory, owner, sign = signHash(version) }) {
  const ep = entryPoint(version)
  const address = await client.readContract({ address: factory, abi: factoryAbi, functionName: 'getAddress', args: [owner.address, 0n] })
  return aa.toSmartAccount({
    client, entryPoint: ep,
    getAddress: async () => address,
    getFactoryArgs: async () => ({
      factory, factoryData: encodeFunctionData({ abi: factoryAbi, functionName: 'createAccount', args: [owner.address, 0n] }),
    }),
    encodeCalls: async ([c]) => encodeFunctionData({ abi, args: [c.to, c.value ?? 0n, c.data ?? '0x'] }),
    getStubSignature: async () => '0xfffffffffffffffffffffffffffffff0000000000000000000000000000000007aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1c',
    signMessage: unused, signTypedData: unused,
    signUserOperation: async ({ chainId = client.chain.id, ...op }) => sign(owner, aa.getUserOperationHash({
      chainId, entryPointAddress: ep.address, entryPointVersion: version, userOperation: { ...op, sender: op.sender ?? address },
    })),
  })
}
