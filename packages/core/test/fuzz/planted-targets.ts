import { ArgumentError } from '@sync/core'
import type { FuzzTarget } from './target.ts'

const leaked: unknown[] = []

/** One correct target, and targets that each violate one requirement for some input. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'accepts some and rejects some': ({ chance }) => {
    if (chance(0.5)) throw new ArgumentError('no')
  },
  'throws another error': ({ chance }) => {
    if (chance(0.1)) throw new TypeError('boom')
  },
  'never finishes': ({ chance }) => {
    while (chance(0.1)) for (;;);
  },
  'leaks its inputs': () => {
    leaked.push(Array.from({ length: 10_000 }, (_, at) => `${at}`))
  },
  'changes a shared prototype': ({ chance }) => {
    if (chance(0.1)) Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true })
  },
}
