// @ts-check
/** One thing at a time: what a click starts, how it is ended, and where its errors go. */
import { $, lock, problem, status } from './view.js';
import { Trouble, explain } from './words.js';

/** @type {AbortController | undefined} */ let running;

/**
 * Runs what a click started; its errors go to the section on view. The function
 * is entered synchronously, so a ceremony at its beginning belongs to the click.
 * @param {string} doing @param {(signal: AbortSignal) => Promise<void>} work @param {{ceremony?: boolean}} [how]
 */
export async function task(doing, work, { ceremony = false } = {}) {
  if (running) return;
  running = new AbortController();
  const done = work(running.signal); // first: the prompt must belong to the click
  problem();
  lock(true);
  status(doing, true);
  $('cancel').hidden = !ceremony;
  try {
    await done;
  } catch (e) {
    status();
    problem(explain(e));
  } finally {
    $('cancel').hidden = true;
    running = undefined;
    lock(false);
  }
}

/** @param {string} id @param {string} type @param {(e: Event) => void} handler */
export const on = (id, type, handler) => $(id).addEventListener(type, (e) => {
  e.preventDefault();
  handler(e);
});

export const asked = 'Waiting for your passkey…';
on('cancel', 'click', () => running?.abort());

/** The prompt has been answered; the rest is ours. @param {string} doing */
export function answered(doing) {
  $('cancel').hidden = true;
  status(doing, true);
}

/** A part of the page that comes when it is needed. @template T @param {Promise<T>} part @returns {Promise<T>} */
export const loaded = (part) => part.catch((e) => {
  throw new Trouble('A part of this page could not be loaded.', 'Check your connection, reload, and sign in again.', e);
});

/** Whether something is under way. */
export const busy = () => running !== undefined;
