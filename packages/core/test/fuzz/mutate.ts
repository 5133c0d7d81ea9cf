import type { SeededRandom } from '../simulation/seeded-random.ts'

const TOKENS = [
  '__proto__',
  'constructor',
  'prototype',
  '/__proto__/polluted',
  '/constructor/prototype/polluted',
  '~0',
  '~1',
  '~',
  '-',
  '[',
  ']',
  '{',
  '}',
  '"',
  '\\',
  '\u0000',
  '\ud800',
  '1e400',
  '-1',
  '9007199254740993',
  'null',
  ',',
]

/** Returns the example with a few random cuts, repetitions and insertions, or occasionally only random tokens. */
export function mutate(example: string, { int, chance, pick }: SeededRandom): string {
  if (chance(0.05)) return Array.from({ length: int(12) }, () => pick(TOKENS)).join('')
  let text = example
  for (let edits = 1 + int(4); edits > 0; edits--) {
    const at = int(text.length + 1)
    const end = at + int(6)
    const replacement = pick(['', pick(TOKENS), String.fromCharCode(int(0x300)), text.slice(at, end).repeat(2)])
    text = text.slice(0, at) + replacement + text.slice(end)
  }
  return text
}
