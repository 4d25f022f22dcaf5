// Starts our own chain and bundler as a user does, `postern up`, in the shape of the stand: {name, rpc, bundler,
// paymaster, …, fund, mint, close}. One endpoint serves all three.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { encodeFunctionData, parseAbi, parseEther } from 'viem'
import { program, stop } from './child.mjs'
import { rpc, until } from './rpc.mjs'
import { startStand } from './use.mjs'

const root = new URL('../../..', import.meta.url).pathname

/** startDevnet builds cmd/postern (or takes POSTERN, a built one) and runs `postern up`. */
export async function startDevnet() {
  const dir = process.env.POSTERN ? undefined : mkdtempSync(join(tmpdir(), 'postern-'))
  const file = process.env.POSTERN ?? join(dir, 'postern')
  if (dir) {
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
    execFileSync('go', ['build', '-o', file, './cmd/postern'], { cwd: root, env: { ...process.env, CGO_ENABLED: '0' }, stdio: ['ignore', 'inherit', 'inherit'] })
  }
  const up = program('postern', file, ['up', '--listen', 'localhost:0', '--json'])
  const line = await new Promise((resolve, reject) => {
    let text = ''
    const lines = createInterface({ input: up.child.stdout })
    lines.on('line', (l) => { text += l; try { resolve(JSON.parse(text)) } catch { /* not whole yet */ } })
    up.onexit = (code) => reject(new Error(`postern up ended with ${code}: ${up.tail.join('')}`))
  })
  up.onexit = undefined
  const { rpc: url, chain } = line
  const call = rpc(url)
  return {
    name: 'devnet', chainId: chain.chainId, rpc: url, bundler: url, paymaster: url, info: chain, page: line.wallet,
    token: chain.token ?? chain.contracts?.token,
    fund: (address) => call('postern_faucet', address),
    mint: (address) => call('postern_tokenFaucet', address),
    close: stop,
  }
}

/** startAnvil is the stand of other people's programs, in the same shape. */
export async function startAnvil(hardfork, options = []) {
  const stand = await startStand(['--hardfork', hardfork, ...options])
  const call = rpc(stand.rpc)
  return {
    ...stand, name: `Anvil ${hardfork}`,
    fund: (address) => call('anvil_setBalance', address, '0x8ac7230489e80000'),
    async mint(address) {
      const data = encodeFunctionData({ abi: parseAbi(['function sudoMint(address,uint256)']), args: [address, parseEther('1000')] })
      const hash = await call('eth_sendTransaction', { from: stand.funder, to: stand.token, data })
      await until('minting', 60, () => call('eth_getTransactionReceipt', hash))
    },
  }
}
