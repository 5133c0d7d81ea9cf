import { RequestError } from './request-error.ts'
import type { System } from './system.ts'

type Order = (system: System, body: Readonly<Record<string, unknown>>) => unknown

/** What the page can ask for, by path. */
export const orders: ReadonlyMap<string, Order> = new Map<string, Order>([
  [
    '/pace',
    (system, { rate }) => {
      if (rate !== 'max' && !(typeof rate === 'number' && rate >= 0 && rate <= 100_000)) {
        throw new RequestError(400, 'rate: a number from 0 to 100000 or "max" is needed')
      }
      system.throttle.rate = rate
      return { rate }
    },
  ],
])
