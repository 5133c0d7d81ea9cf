import { ArgumentError } from '@sync/core'
import type { FuzzTarget } from './target.ts'

const hoard: unknown[] = []

/** Each does what no target may, sooner or later. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'takes some and refuses some': ({ chance }) => {
    if (chance(0.5)) throw new ArgumentError('no')
  },
  'throws what is none of ours': ({ chance }) => {
    if (chance(0.1)) throw new TypeError('boom')
  },
  'comes to no end': ({ chance }) => {
    while (chance(0.1)) for (;;);
  },
  'keeps what it is given': () => {
    hoard.push(Array.from({ length: 10_000 }, (_, at) => `${at}`))
  },
  'changes what all share': ({ chance }) => {
    if (chance(0.1)) Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true })
  },
}
