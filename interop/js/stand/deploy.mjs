// Puts contracts on a fresh Anvil as the deterministic deployment factory does on every chain: salt and creation
// code decide the address, so an address that comes out right proves the code.
import { getContractAddress } from 'viem'
import { until } from './rpc.mjs'
import { funder } from './anvil.mjs'

export const factory = '0x4e59b44847b379578588920cA78FbF26c0B4956C'

/** create2Address is where the factory puts code. */
export const create2Address = (code, salt) => getContractAddress({ opcode: 'CREATE2', from: factory, salt, bytecode: code })

/** deploy sends every {name, address, salt, code} through the factory and checks that code stands there afterwards. */
export async function deploy(call, contracts) {
  for (const c of contracts) {
    const address = create2Address(c.code, c.salt)
    if (address !== c.address) throw new Error(`${c.name} would get ${address} instead of ${c.address}: this is not the published code`)
  }
  await send(call, contracts.map((c) => ({ to: factory, data: c.salt + c.code.slice(2) })))
  for (const c of contracts) {
    if ((await call('eth_getCode', c.address, 'latest')) === '0x') throw new Error(`${c.name}: no code at ${c.address}`)
  }
}

/** construct runs creation code at a given address, for code whose CREATE2 address is not known: what the
 * constructor makes and remembers is as if the address had been created by a transaction. */
export async function construct(call, { name, address, code }) {
  await call('anvil_setCode', address, code)
  await call('anvil_setNonce', address, '0x1') // a created contract's; decides where its own creations go
  const runtime = await call('eth_call', { from: funder, to: address, gas: '0xf42400' }, 'latest')
  await send(call, [{ to: address }])
  await call('anvil_setCode', address, runtime)
  if (runtime.length < 100) throw new Error(`${name}: the constructor returned ${runtime}`)
}

async function send(call, transactions) {
  const nonce = Number(await call('eth_getTransactionCount', funder, 'latest'))
  const hashes = []
  for (const [i, t] of transactions.entries()) {
    hashes.push(await call('eth_sendTransaction', { from: funder, gas: '0xf42400', nonce: '0x' + (nonce + i).toString(16), ...t }))
  }
  for (const [i, hash] of hashes.entries()) {
    const receipt = await until(`transaction ${i}`, 60, () => call('eth_getTransactionReceipt', hash))
    if (receipt.status !== '0x1') throw new Error(`transaction ${i} to ${transactions[i].to} reverted`)
  }
}
