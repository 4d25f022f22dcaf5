// @ts-check
/** JSON whose objects name each member once: JSON.parse would take the last one without a word. */
import { MalformedError } from '../page/bytes.js';

/** @param {Uint8Array} file UTF-8 @param {string} otherwise what is wrong if it is no JSON @returns {any} */
export function parseJSON(file, otherwise) {
  /** @type {any} */ let value;
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file);
    value = JSON.parse(text);
  } catch (cause) {
    throw new MalformedError(otherwise, { cause });
  }
  once(text);
  return value;
}

/** Walks a text that is known to be JSON: what stands before a colon is a name. @param {string} text */
function once(text) {
  /** @type {(Set<string> | undefined)[]} */ const open = []; // undefined: a list
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (let m = token.exec(text); m; m = token.exec(text)) {
    if (m[0] === '{') open.push(new Set());
    else if (m[0] === '[') open.push(undefined);
    else if (m[0] === '}' || m[0] === ']') open.pop();
    else if (m[1]) {
      const name = JSON.parse(m[0].slice(0, -m[1].length));
      const names = open.at(-1);
      if (names?.has(name)) throw new MalformedError('a member of the file occurs twice');
      names?.add(name);
    }
  }
}
