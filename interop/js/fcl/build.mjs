// The app as one file, on standard output: node build.mjs
import { build } from 'esbuild'

const { outputFiles } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ['dapp.mjs'],
  bundle: true,
  format: 'esm',
  define: { global: 'globalThis' },
  logLevel: 'error',
  write: false,
})
process.stdout.write(outputFiles[0].contents)
