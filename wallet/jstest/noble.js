// Lets Node resolve "@noble/…" as the page's import map does: from the pinned
// tarballs in Postern's cache, after their checksum. Import it before any module
// of the page, and those with a dynamic import().
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';

const pins = JSON.parse(readFileSync(new URL('../../internal/artifacts/manifest.json', import.meta.url), 'utf8'));

function cacheDir() {
  if (process.env.POSTERN_CACHE) return process.env.POSTERN_CACHE;
  const base = process.platform === 'darwin' ? join(homedir(), 'Library/Caches') : process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'postern/npm');
}

/** Unpacks the .js files of an npm tarball (ustar, names below 100 bytes). */
function unpack(tar, into) {
  for (let at = 0; tar[at]; ) {
    const text = (from, length) => tar.toString('latin1', at + from, at + from + length).replace(/\0.*/s, '');
    const size = parseInt(text(124, 12), 8);
    const name = text(0, 100).replace(/^package\//, '');
    if (/^[\w/-]+\.js$/.test(name)) {
      mkdirSync(dirname(join(into, name)), { recursive: true });
      writeFileSync(join(into, name), tar.subarray(at + 512, at + 512 + size));
    }
    at += 512 + 512 * Math.ceil(size / 512);
  }
}

const root = mkdtempSync(join(tmpdir(), 'postern-noble-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
writeFileSync(join(root, 'package.json'), '{"type":"module"}');
for (const name of ['@noble/hashes', '@noble/curves']) {
  const pin = pins.find((p) => p.name === name);
  const tarball = join(cacheDir(), pin.tarball);
  if (!existsSync(tarball)) throw new Error(`${tarball} is missing: run "go test ./internal/artifacts ./wallet/..." or "make up" once`);
  const bytes = readFileSync(tarball);
  if ('sha512-' + createHash('sha512').update(bytes).digest('base64') !== pin.integrity) throw new Error(`${tarball} is not the pinned one`);
  unpack(gunzipSync(bytes), join(root, name));
}

register('data:text/javascript,' + encodeURIComponent(`
  export function resolve(name, context, next) {
    return name.startsWith('@noble/') ? { url: new URL(name, ${JSON.stringify(pathToFileURL(root).href + '/')}).href, shortCircuit: true } : next(name, context);
  }`));
