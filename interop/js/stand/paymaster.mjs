// Pimlico's mock paymaster (real SingletonPaymaster contracts for EntryPoint 0.6, 0.7 and 0.8; ERC-7677 and token
// quotes) and its test ERC-20, in this process. Its endpoint passes everything else on to the bundler.
import http from 'node:http'

// Node 20 lacks it.
Promise.withResolvers ??= function () {
  const out = {}
  out.promise = new this((resolve, reject) => Object.assign(out, { resolve, reject }))
  return out
}

/** Whoever holds it may mint: the contract lets anybody, this key is merely funded. */
export const minterKey = '0x' + 'aa'.repeat(32)

/** The package has no way to listen on a port of the system's choosing and to say which: both are asked of Node. */
function listening(start) {
  const { listen } = http.Server.prototype
  return new Promise((resolve, reject) => {
    http.Server.prototype.listen = function ({ host = '127.0.0.1' }, ...rest) {
      http.Server.prototype.listen = listen
      this.once('listening', () => resolve(this.address().port))
      return listen.call(this, { host, port: 0 }, ...rest)
    }
    start().catch(reject)
  })
}

/** preparePaymaster deploys and funds the contracts; start(bundlerUrl) then serves. */
export async function preparePaymaster(rpcUrl) {
  console.log = process.env.VERBOSE ? console.error : () => {} // it reports refusals on standard output
  const dir = new URL('../node_modules/@pimlico/mock-paymaster/_esm/', import.meta.url)
  const [{ paymaster, erc20Address }, { setup }, { privateKeyToAddress }] = await Promise.all([
    import('@pimlico/mock-paymaster'), import(new URL('setup.js', dir).href), import('viem/accounts'),
  ])
  await setup({ anvilRpc: rpcUrl, paymasterSigner: privateKeyToAddress('0x' + 'bb'.repeat(32)) })
  return {
    token: erc20Address,
    start: async (bundlerUrl) => `http://127.0.0.1:${await listening(() => paymaster({ anvilRpc: rpcUrl, altoRpc: bundlerUrl, host: '127.0.0.1', port: 1 }).start())}`,
  }
}
