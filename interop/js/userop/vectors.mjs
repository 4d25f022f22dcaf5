// Writes user-operation vectors with viem, an implementation independent of
// ours: hashes, packed structs, EIP-712 data, handleOps calldata, wire JSON and
// revert data. The operations come from a fixed sequence, so that every run
// writes the same bytes.
//
//   node userop/vectors.mjs > ../../userop/testdata/viem.json

import { readFileSync } from 'node:fs'
import { concat, encodeAbiParameters, encodeErrorResult, encodeFunctionData, keccak256, pad, parseAbi, size, slice, toHex } from 'viem'
import {
  entryPoint06Abi, entryPoint06Address, entryPoint07Abi, entryPoint07Address,
  entryPoint08Abi, entryPoint08Address, entryPoint09Address,
  formatUserOperationRequest, getUserOperationHash, getUserOperationTypedData, toPackedUserOperation,
} from 'viem/account-abstraction'

const addresses = {
  '0.6': entryPoint06Address, '0.7': entryPoint07Address,
  '0.8': entryPoint08Address, '0.9': entryPoint09Address,
}

// A deterministic stream of bytes: keccak256 of a counter.
let counter = 0n
function bytes(n) {
  let out = '0x'
  while (size(out) < n) out = concat([out, keccak256(toHex(counter++, { size: 32 }))])
  return n === 0 ? '0x' : slice(out, 0, n)
}
const below = (n) => Number(BigInt(bytes(4)) % BigInt(n))
const address = () => bytes(20)
const number = (bits) => BigInt(bytes(32)) >> BigInt(256 - 1 - below(bits))
const data = (max) => bytes(below(max))

function randomOp(version, i) {
  const op = {
    sender: address(), nonce: number(256), callData: data(200),
    callGasLimit: number(120), verificationGasLimit: number(120), preVerificationGas: number(120),
    maxFeePerGas: number(120), maxPriorityFeePerGas: number(120), signature: data(130),
  }
  const factory = i & 1, paymaster = i & 2
  if (version === '0.6') {
    op.initCode = factory ? concat([address(), data(100)]) : '0x'
    op.paymasterAndData = paymaster ? concat([address(), data(100)]) : '0x'
    return op
  }
  if (factory) {
    op.factory = address()
    op.factoryData = data(100)
  }
  if (paymaster) {
    op.paymaster = address()
    op.paymasterVerificationGasLimit = number(120)
    op.paymasterPostOpGasLimit = number(120)
    op.paymasterData = data(100)
    if (version === '0.9' && i & 4) op.paymasterSignature = bytes(1 + below(90))
  }
  // An EIP-7702 sender: the marker as viem writes it, padded where data follows.
  if (version >= '0.8' && i % 8 === 6) {
    op.factory = pad('0x7702', { dir: 'right', size: 20 })
    op.factoryData = data(40)
    op.authorization = {
      address: address(), chainId: 31337, nonce: below(1000),
      r: bytes(32), s: pad(bytes(31), { size: 32 }), yParity: below(2),
    }
  }
  return op
}

const hexed = (v) => JSON.parse(JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? toHex(x) : x)))

const operations = []
for (const version of Object.keys(addresses)) {
  const abi = version === '0.6' ? entryPoint06Abi : version === '0.7' ? entryPoint07Abi : entryPoint08Abi
  for (let i = 0; i < 8; i++) {
    const userOperation = randomOp(version, i)
    const chainId = [1, 31337, 8453, 2 ** 40][i % 4]
    const beneficiary = address()
    const packed = version === '0.6' ? userOperation : toPackedUserOperation(userOperation)
    operations.push({
      version, chainId, beneficiary,
      wire: formatUserOperationRequest(userOperation),
      hash: getUserOperationHash({ chainId, entryPointAddress: addresses[version], entryPointVersion: version, userOperation }),
      typedData: version < '0.8' ? undefined
        : hexed(getUserOperationTypedData({ chainId, entryPointAddress: addresses[version], userOperation })),
      handleOps: encodeFunctionData({ abi, functionName: 'handleOps', args: [[packed], beneficiary] }),
    })
  }
}

const errors = parseAbi([
  'error FailedOp(uint256 opIndex, string reason)',
  'error FailedOpWithRevert(uint256 opIndex, string reason, bytes inner)',
  'error SignatureValidationFailed(address aggregator)',
  'error PostOpReverted(bytes returnData)',
  'error SenderAddressResult(address sender)',
  'error DelegateAndRevert(bool success, bytes ret)',
  'error Error(string reason)',
  'error Panic(uint256 code)',
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
  'error Eip7702SenderNotDelegate(address sender)',
])
const err = (errorName, ...args) => encodeErrorResult({ abi: errors, errorName, args })
const reverts = [
  ['FailedOp', 2n, 'AA24 signature error'],
  ['FailedOpWithRevert', 0n, 'AA23 reverted', err('Error', 'no such key')],
  ['FailedOpWithRevert', 1n, 'AA33 reverted', err('PostOpReverted', err('Panic', 0x11n))],
  ['FailedOpWithRevert', 0n, 'AA23 reverted', '0x'],
  ['SignatureValidationFailed', address()],
  ['PostOpReverted', err('ERC20InsufficientBalance', address(), 1n, 2n)],
  ['SenderAddressResult', address()],
  ['DelegateAndRevert', true, bytes(40)],
  ['DelegateAndRevert', false, err('Error', 'inside')],
  ['Error', 'AA20 account not deployed'],
  ['Panic', 0x32n],
  ['Eip7702SenderNotDelegate', address()],
].map(([name, ...args]) => ({ name, args: hexed(args), data: err(name, ...args) }))

const validationData = []
for (let i = 0; i < 4; i++) {
  const [aggregator, validUntil, validAfter] = [i % 2 ? address() : pad('0x01', { size: 20 }), bytes(6), bytes(6)]
  validationData.push({
    aggregator, validUntil: Number(validUntil), validAfter: Number(validAfter),
    packed: concat([validAfter, validUntil, aggregator]),
    word: encodeAbiParameters([{ type: 'uint256' }], [BigInt(concat([validAfter, validUntil, aggregator]))]),
  })
}

const viem = JSON.parse(readFileSync(new URL('../node_modules/viem/package.json', import.meta.url))).version
process.stdout.write(JSON.stringify({
  generator: 'interop/js/userop/vectors.mjs', viem, licence: 'MIT',
  operations, reverts, validationData,
}, null, 1) + '\n')
