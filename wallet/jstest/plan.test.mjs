// What a proposal takes away and what it brings, in words; a name is better than an ID.
import assert from 'node:assert/strict';
import test from 'node:test';
import { effect } from '../page/recovery/plan.js';

const advice = (removes, adds, left, labels) => ({ words: 'Do it.', effort: 'a setting', removes, adds, left, labels });

test('what a proposal makes worse is said beside what it is good for', () => {
  assert.equal(
    effect(advice({ lock: ['phone', 'x'], theft: ['a', 'b', 'c', 'd', 'e'] }, { lock: ['?device'], theft: ['new key', 'new key'], contest: ['p', 'q'] }, 1, { x: 'My phone', '?device': 'a device not stated' })),
    'Losing phone or My phone no longer locks it. Taking over a, b, c or 2 more no longer loses it. New: losing a device not stated locks it. New: who takes over new key has it. '
    + 'New: who takes over p or q can begin to take it, and you have to notice in time. 1 single point of failure left.');
  assert.equal(effect(advice({ contest: ['mum'] }, {}, 0)), 'Taking over mum no longer has to be answered in time. No single point of failure is left.');
});
