// What the verifier matrix needs of a chain, and the claims themselves: every signature of
// seal/testdata/made-by-go.json is judged by the real contract and must come out as the file says, which a Go test
// has compared with what our own check says to it.
import '../stand/quiet.mjs'
import { readFileSync } from 'node:fs'
import { decodeFunctionResult, encodeDeployData, encodeFunctionData } from 'viem'
import { funder, startAnvil } from '../stand/anvil.mjs'
import { stop } from '../stand/child.mjs'
import { until } from '../stand/rpc.mjs'
import { claim, fail } from '../report.mjs'

export const golden = JSON.parse(readFileSync(new URL('../../../seal/testdata/made-by-go.json', import.meta.url)))
export const cases = (layout) => golden.cases.filter((c) => c.layout === layout)
export const point = (c) => golden.keys[c.key ?? 'main']

/** artifact reads JSON of an installed package. */
export const artifact = (path) => JSON.parse(readFileSync(new URL(`../node_modules/${path}`, import.meta.url)))

/** open starts a chain of the given rules. */
export async function open(hardfork) {
  const { call } = await startAnvil({ hardfork, chainId: 31337 })
  const send = async (to, data) => {
    const hash = await call('eth_sendTransaction', { from: funder, to, data, gas: '0xf42400' })
    const receipt = await until('a transaction', 20, () => call('eth_getTransactionReceipt', hash))
    if (receipt.status !== '0x1') throw new Error(`a transaction to ${to ?? 'create'} reverted`)
    return receipt
  }
  // ask gives the reply's bytes, or undefined where the contract reverts; what the node itself cannot do is thrown.
  const ask = async (to, data) => {
    try {
      return await call('eth_call', { to, data, gas: '0xf42400' }, 'latest')
    } catch (e) {
      if (/revert|invalid opcode|out ?of ?gas|stack|panic/i.test(e.message)) return undefined
      throw e
    }
  }
  return {
    hardfork, call, send,
    deploy: async (abi, bytecode, args) => (await send(undefined, encodeDeployData({ abi, bytecode, args }))).contractAddress,
    /** read gives a function's result, or undefined where it reverts. */
    read: async (address, abi, functionName, args) => {
      const data = await ask(address, encodeFunctionData({ abi, functionName, args }))
      return data === undefined ? undefined : decodeFunctionResult({ abi, functionName, data })
    },
    /** holds tells whether a function that returns nothing does not revert. */
    holds: async (address, abi, functionName, args) => (await ask(address, encodeFunctionData({ abi, functionName, args }))) === '0x',
    gas: async (address, abi, functionName, args) =>
      Number((await call('debug_traceCall', { to: address, data: encodeFunctionData({ abi, functionName, args }), gas: '0xf42400' }, 'latest',
        { tracer: 'callTracer' })).gasUsed),
  }
}

/** judge claims of every case of a layout what the contract says. accepts(chain, case) gives true or false. */
export async function judge(layout, chains, accepts) {
  const all = cases(layout)
  if (!all.some((c) => c.contract === 'accepts') || !all.some((c) => c.contract === 'refuses')) fail(layout, 'no cases to judge')
  for (const c of all) {
    await claim(`${layout}: ${c.name}`, async () => {
      for (const chain of chains) {
        const said = (await accepts(chain, c)) ? 'accepts' : 'refuses'
        if (said !== c.contract) throw new Error(`on ${chain.hardfork} the contract ${said} it, expected is ${c.contract}`)
      }
      if (c.local === 'accepts') return `the contract ${c.contract} it, so do we`
      return `the contract ${c.contract} it, we refuse it: ${c.local}`
    })
  }
}

/** stubCosts claims that the stub of a layout costs the contract no less gas than any signature that it accepts. */
export async function stubCosts(layout, chains, gas) {
  for (const chain of chains) {
    await claim(`${layout}: the stub costs no less than a signature, on ${chain.hardfork}`, async () => {
      const stub = await gas(chain, cases(layout).find((c) => c.name === 'the stub'))
      const real = []
      for (const c of cases(layout).filter((c) => c.name.startsWith('made by seal'))) real.push(await gas(chain, c))
      if (real.length === 0 || Math.max(...real) > stub) throw new Error(`${stub} gas against ${real}`)
      return `${stub} gas against at most ${Math.max(...real)}`
    })
  }
}

/** main runs f and ends all processes, however f ends. */
export async function main(f) {
  try {
    await f()
  } catch (e) {
    fail('the script', e)
    console.error(e)
  } finally {
    await stop()
  }
}
