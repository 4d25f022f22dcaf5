// @ts-check
/** Fields of forms. */
import { fieldError, input } from './view.js';

/** Reads a field with a parser whose errors are sentences; undefined where it is marked. @template T @param {string} id @param {(text: string) => T} parse @returns {T | undefined} */
export function field(id, parse) {
  try {
    const value = parse(input(id).value);
    fieldError(id);
    return value;
  } catch (e) {
    fieldError(id, /** @type {Error} */ (e).message);
    input(id).focus();
    return undefined;
  }
}
