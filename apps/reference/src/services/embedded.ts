import type { OpenHandle } from './handle.ts'
import { openService } from './kinds.ts'
import { gone, OrderError } from './order-error.ts'
import type { OrderName } from './orders.ts'
import { answer } from './service.ts'

/** What crosses the border of a process is a copy: here too, so that nobody leans on the difference. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** Opens a service in this process. */
export const openEmbedded: OpenHandle = async (spec, hear, signal) => {
  const service = await openService(spec, (report) => hear(copy(report)), signal)
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => undefined)
  return {
    name: spec.name,
    pid: process.pid,
    async ask(order: OrderName, given: unknown = null) {
      const answered = await Promise.race([answer(service, order, copy(given)), ended.promise])
      if ('refusal' in answered) throw new OrderError(answered.refusal)
      return copy(answered.gives) as never
    },
    close() {
      ended.reject(gone(spec.name))
      return service.close()
    },
  }
}
