import { editRequests } from './edit-requests.ts'
import { RequestError } from './request-error.ts'
import type { RequestHandler } from './request-handler.ts'
import type { NetworkFault } from './services/network-fault.ts'

/** Request handlers by path. */
export const requests: ReadonlyMap<string, RequestHandler> = new Map<string, RequestHandler>([
  ...editRequests,
  [
    '/rate',
    async (system, { rate }) => {
      if (rate !== 'max' && !(typeof rate === 'number' && rate >= 0 && rate <= 100_000)) {
        throw new RequestError(400, "rate: expected a number from 0 to 100000 or 'max'")
      }
      await system.setRate(rate)
      return { rate }
    },
  ],
  [
    '/network-fault',
    (system, { instance, ...faultValues }) => {
      const networkFault = parseNetworkFault(faultValues)
      return system.withFleet(async ({ replicas }) => {
        const targets = replicas.filter(({ name }) => instance === 'all' || instance === name)
        if (targets.length === 0) throw new RequestError(400, "instance: expected the name of a replica or 'all'")
        await Promise.all(targets.map((replica) => system.setNetworkFault(replica, networkFault)))
        return { instances: targets.map(({ name }) => name) }
      })
    },
  ],
  [
    '/kill',
    async (system, { server }) => {
      await system.kill(parseName('server', server))
      return { killed: server }
    },
  ],
  ['/lose-tail', async (system) => ({ lost: await system.loseTail() })],
  ['/flood', async (system) => ({ commits: await system.flood() })],
  ['/move-bus', (system, { to }) => system.moveBus(parseName('to', to))],
  ['/move-store', (system, { to }) => system.moveStore(parseName('to', to))],
])

function parseName(parameter: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new RequestError(400, `${parameter}: expected a name`)
}

const LIMITS = { drop: 1, repeat: 1, delayMs: 10_000 } as const

function parseNetworkFault(fault: Readonly<Record<string, unknown>>): NetworkFault {
  for (const [name, value] of Object.entries(fault)) {
    if (name === 'cut' && typeof value === 'boolean') continue
    const max = Object.hasOwn(LIMITS, name) ? LIMITS[name as keyof typeof LIMITS] : undefined
    if (max === undefined) throw new RequestError(400, `expected drop, repeat, delayMs or cut, got '${name}'`)
    if (!(typeof value === 'number' && value >= 0 && value <= max)) {
      throw new RequestError(400, `${name}: expected a number from 0 to ${max}`)
    }
  }
  return fault
}
