// @ts-check
/** What to do: proposals to tick, each with what it takes away and what it brings, and what it means that one is ticked. */
import { $, element } from '../view.js';

/**
 * @typedef {{lock?: string[], theft?: string[], contest?: string[]}} Points
 * @typedef {{removes: Points, adds: Points, labels?: Record<string, string>, words: string, effort: string, left: number}} Advice
 * @typedef {object} Reply
 * @property {{can?: string[], plan?: Advice[], advice?: Advice[], supposed?: string[]}} report
 * @property {Advice[]} done that are counted as made
 * @property {string} [none] why nothing is proposed, where the server says so
 */

/** The most that the server counts as made at once. */
const MOST = 8;

/**
 * Ticked ones first, then the rest of the plan, then what else could be chosen now.
 * @param {Reply} reply @param {(words: string[]) => void} choose
 */
export function drawPlan({ report, done, none }, choose) {
  const made = done.map((a) => a.words);
  const { plan = [], advice = [] } = report;
  const focus = document.activeElement?.id;
  $('plan').replaceChildren(
    ...done.map((a, i) => item(a, `step-${i}`, true, () => choose(made.filter((_, k) => k !== i)))),
    ...plan.map((a, i) => item(a, `step-${made.length + i}`, false, made.length + i < MOST && (() => choose([...made, ...plan.slice(0, i + 1).map((p) => p.words)])))),
  );
  const others = advice.filter((a) => a.words !== plan[0]?.words);
  $('others').replaceChildren(...others.map((a, i) => item(a, `other-${i}`, false, made.length < MOST && (() => choose([...made, a.words])))));
  $('others-box').hidden = !others.length;
  $('others-count').textContent = `${others.length} other change${others.length === 1 ? '' : 's'} to choose from`;
  $('plan-hint').hidden = !done.length && !plan.length && !others.length;
  $('plan-none').hidden = plan.length > 0;
  $('plan-none').textContent = done.length ? 'Nothing more is proposed after what is ticked.' : none ?? 'No single change that this account allows would take away a single point of failure.';
  if (focus) document.getElementById(focus)?.focus();
}

/** @param {Advice} a @param {string} id @param {boolean} ticked @param {false | (() => void)} choose */
function item(a, id, ticked, choose) {
  const li = element('li');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.id = id;
  box.checked = ticked;
  box.disabled = !choose;
  box.setAttribute('aria-describedby', `${id}-about`);
  if (choose) {
    box.addEventListener('change', () => {
      box.checked = ticked; // until the server has said so
      choose();
    });
  }
  const label = element('label', '', 'check');
  label.setAttribute('for', id);
  label.append(box, element('strong', a.words));
  const about = element('p', `${capital(a.effort)}. ${effect(a)}`, 'hint');
  about.id = `${id}-about`;
  li.append(label, about);
  return li;
}

/** What a change is good for, and what it makes worse. @param {Advice} a */
export function effect(a) {
  const some = (/** @type {string[] | undefined} */ ids = []) => {
    const l = [...new Set(ids)].map((x) => a.labels?.[x] ?? x);
    return l.length > 4 ? `${l.slice(0, 3).join(', ')} or ${l.length - 3} more` : l.join(', ').replace(/, ([^,]*)$/, ' or $1');
  };
  const { removes, adds } = a;
  return [
    removes.lock?.length && `Losing ${some(removes.lock)} no longer locks it.`,
    removes.theft?.length && `Taking over ${some(removes.theft)} no longer loses it.`,
    removes.contest?.length && `Taking over ${some(removes.contest)} no longer has to be answered in time.`,
    adds.lock?.length && `New: losing ${some(adds.lock)} locks it.`,
    adds.theft?.length && `New: who takes over ${some(adds.theft)} has it.`,
    adds.contest?.length && `New: who takes over ${some(adds.contest)} can begin to take it, and you have to notice in time.`,
    a.left === 0 ? 'No single point of failure is left.' : `${a.left} single point${a.left === 1 ? '' : 's'} of failure left.`,
  ].filter(Boolean).join(' ');
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
