// @ts-check
/** The page's sections: one is shown, has the focus on its heading and a place for what went wrong. */

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export function $(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {T} */ (found);
}

/** @param {string} id @returns {HTMLInputElement} */
export const input = (id) => $(id);

const sections = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll('main > section')]);
const current = () => sections().find((s) => !s.hidden) ?? sections()[0];

/** Whether this section is the one on view. @param {string} id */
export const showing = (id) => current().id === id;

/** @param {string} id */
export function show(id) {
  const moved = !showing(id);
  problem();
  for (const s of sections()) s.hidden = s.id !== id;
  problem();
  const heading = $(`${id}-title`);
  document.title = `${heading.textContent} – Postern`;
  if (!moved && id === 'start') return; // nobody has gone anywhere
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** @param {import('./words.js').Words} [words] none: all is well again */
export function problem(words) {
  const box = /** @type {HTMLElement} */ (current().querySelector('.problem'));
  box.replaceChildren();
  if (!words) return;
  box.append(element('strong', words.title), element('span', words.way));
  if (words.detail) box.append(element('small', words.detail));
  box.scrollIntoView({ block: 'nearest' });
}

/** Said aloud by screen readers, shown below the section. @param {string} [text] @param {boolean} [busy] */
export function status(text = '', busy = false) {
  const line = $('status');
  line.textContent = text;
  line.classList.toggle('busy', busy);
}

/** @param {string} tag @param {string} [text] @param {string} [className] */
export function element(tag, text = '', className = '') {
  const e = document.createElement(tag);
  e.textContent = text;
  if (className) e.className = className;
  return e;
}

/** @param {string} id of a dl @param {[string, string, string?][]} rows */
export function rows(id, rows) {
  $(id).replaceChildren(...rows.map(([term, text, className]) => {
    const group = document.createElement('div');
    group.append(element('dt', term), element('dd', text, className));
    return group;
  }));
}

/** Marks a field as wrong, or as right. @param {string} id @param {string} [message] */
export function fieldError(id, message = '') {
  $(`${id}-error`).textContent = message;
  if (message) input(id).setAttribute('aria-invalid', 'true');
  else input(id).removeAttribute('aria-invalid');
}

/** No button does anything while one is at work; they keep the focus. @param {boolean} yes */
export function lock(yes) {
  for (const b of document.querySelectorAll('section button')) {
    if (yes) b.setAttribute('aria-disabled', 'true');
    else b.removeAttribute('aria-disabled');
  }
}
