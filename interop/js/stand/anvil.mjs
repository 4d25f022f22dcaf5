// Anvil on loopback, on a free port, mining a block per transaction.
import { existsSync } from 'node:fs'
import { program } from './child.mjs'
import { rpc } from './rpc.mjs'

const packages = new URL('../node_modules/@foundry-rs/', import.meta.url)

/** Anvil's development accounts (mnemonic "test … junk"): 0 funds users, 8 and 9 belong to the bundler. */
export const keys = {
  funder: '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  executor: '0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97',
  utility: '0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6',
}
export const funder = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'

/** startAnvil returns {url, call}: the node's address and its JSON-RPC. */
export async function startAnvil({ hardfork, chainId }) {
  const platform = `anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  const file = new URL(`${platform}/bin/anvil`, packages).pathname
  // npm brings the binary for Linux on amd64; elsewhere it is the one on the PATH
  const anvil = program('anvil', existsSync(file) ? file : 'anvil', [
    '--host', '127.0.0.1', '--port', '0', '--hardfork', hardfork, '--chain-id', String(chainId), '--balance', '1000000000', '--order', 'fifo',
  ])
  const port = await new Promise((resolve, reject) => {
    let text = ''
    const look = (chunk) => {
      text += chunk
      const m = /Listening on 127\.0\.0\.1:(\d+)/.exec(text)
      if (!m) return
      anvil.child.stdout.off('data', look)
      resolve(m[1])
    }
    anvil.child.stdout.on('data', look)
    anvil.onexit = (code) => reject(new Error(`anvil ended with ${code}: ${anvil.tail.join('')}`))
  })
  const url = `http://127.0.0.1:${port}`
  return { url, call: rpc(url), process: anvil }
}
