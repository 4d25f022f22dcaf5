// Alto, Pimlico's bundler, as its own unmodified program, on loopback.
//
// Safe mode is off: with EntryPoint 0.7 it cannot decode its own simulation's result on a development node, so the
// rules of ERC-7562 are not checked here.
import { nodeProgram } from './child.mjs'
import { keys } from './anvil.mjs'
import { entryPoints } from './entrypoints.mjs'

const cli = new URL('../node_modules/@pimlico/alto/esm/cli/', import.meta.url)

/** startAlto starts reading Alto's code at once; ready(rpcUrl) lets it run and returns its URL. */
export function startAlto() {
  const alto = nodeProgram('alto', new URL('alto.js', cli).pathname, [new URL('setupServer.js', cli).href])
  const port = new Promise((resolve, reject) => {
    alto.child.on('message', (m) => m.port && resolve(m.port))
    alto.onexit = (code) => reject(new Error(`alto ended with ${code}: ${alto.tail.join('')}`))
  })
  port.catch(() => {})
  return {
    process: alto,
    async ready(rpcUrl) {
      alto.child.send({ argv: [
        '--rpc-url', rpcUrl, '--port', '3000', '--entrypoints', Object.values(entryPoints).join(','),
        '--executor-private-keys', keys.executor, '--utility-private-key', keys.utility,
        '--safe-mode', 'false', '--enable-cors', 'true', '--log-level', 'error', '--json', 'true',
        // What Alto finds for a paymaster's postOp was measured on storage already touched: a first payment in tokens
        // needs twice that, and Alto then refuses its own estimate.
        '--v7-paymaster-post-op-gas-limit-multiplier', '250',
        // The node mines at once: look often, bundle soon.
        '--block-time', '200', '--min-bundle-interval', '10', '--max-bundle-interval', '50', '--block-number-cache-ttl', '0',
      ] })
      return `http://127.0.0.1:${await port}`
    },
  }
}
