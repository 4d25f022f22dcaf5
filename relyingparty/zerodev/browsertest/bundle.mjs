// Puts ZeroDev's unmodified packages, and what they require, into one script for a browser:
// every file as it stands on the disk, in a function of its own, and a table of who means
// which file by which name. node bundle.mjs MODULES NAME… > bundle.js
import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { join } from 'node:path'

const [modules, ...names] = process.argv.slice(2)
const files = new Map()
const ids = new Map()

/** What browsers have in the place of Node's own modules, and of one that has no other form for them. */
const builtins = { crypto: 'module.exports = { webcrypto: globalThis.crypto };', isows: 'module.exports = { WebSocket: globalThis.WebSocket };' }

function add(path) {
  if (ids.has(path)) return ids.get(path)
  const id = ids.size, code = path.startsWith('node:') ? builtins[path.slice(5)] ?? 'module.exports = {};' : readFileSync(path, 'utf8'), needs = {}
  ids.set(path, id)
  if (path.endsWith('.json')) {
    files.set(id, { code: `module.exports = ${code};`, needs })
    return id
  }
  for (const [, name] of path.startsWith('node:') ? [] : code.matchAll(/\brequire\(["']([^"']+)["']\)/g)) needs[name] = add(resolve(name, path))
  // @simplewebauthn/browser is one module without imports, whose last line alone is another language's.
  files.set(id, { code: code.replace(/^export (\{[\w\s,]+\});$/m, 'module.exports = $1;'), needs })
  return id
}

function resolve(name, from) {
  const bare = name.replace(/^node:/, '')
  const require = createRequire(from)
  if (builtins[bare]) return 'node:' + bare
  if (!isBuiltin(name)) return require.resolve(name)
  try {
    return require.resolve(bare + '/') // buffer and events are packages too
  } catch {
    return 'node:' + bare
  }
}

const root = join(process.cwd(), modules, '..', 'page.cjs')
const entry = Object.fromEntries(names.map((n) => [n, add(resolve(n, root))]))
process.stdout.write(`(() => {
const files = [${[...ids.values()].map((id) => `[(module, exports, require, process, global) => {${files.get(id).code}\n}, ${JSON.stringify(files.get(id).needs)}]`).join(',\n')}];
const made = [];
const load = (id) => {
  if (made[id]) return made[id].exports;
  const module = made[id] = { exports: {} };
  files[id][0](module, module.exports, (name) => load(files[id][1][name]), { env: {}, version: '', nextTick: (f, ...a) => queueMicrotask(() => f(...a)) }, globalThis);
  return module.exports;
};
globalThis.Buffer = load(${add(resolve('buffer', root))}).Buffer;
globalThis.packages = { ${names.map((n) => `${JSON.stringify(n)}: load(${entry[n]})`).join(', ')} };
})();
`)
