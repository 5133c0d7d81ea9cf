import { editRequests } from './edit-requests.ts'
import { RequestError } from './request-error.ts'
import type { RequestHandler } from './request-handler.ts'
import type { NetworkFault } from './services/network-fault.ts'

/** What the page can ask for, by path. */
export const requests: ReadonlyMap<string, RequestHandler> = new Map<string, RequestHandler>([
  ...editRequests,
  [
    '/pace',
    async (system, { rate }) => {
      if (rate !== 'max' && !(typeof rate === 'number' && rate >= 0 && rate <= 100_000)) {
        throw new RequestError(400, 'rate: a number from 0 to 100000 or "max" is needed')
      }
      await system.pace(rate)
      return { rate }
    },
  ],
  [
    '/disturb',
    (system, { instance, ...faultValues }) => {
      const networkFault = parseNetworkFault(faultValues)
      return system.ask(async ({ replicas }) => {
        const targets = replicas.filter(({ name }) => instance === 'all' || instance === name)
        if (targets.length === 0) throw new RequestError(400, 'instance: the name of a replica or "all" is needed')
        await Promise.all(targets.map((replica) => system.setNetworkFault(replica, networkFault)))
        return { disturbed: targets.map(({ name }) => name) }
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

function parseName(what: string, given: unknown): string {
  if (typeof given === 'string') return given
  throw new RequestError(400, `${what}: a name is needed`)
}

const LIMITS = { drop: 1, repeat: 1, delayMs: 10_000 } as const

function parseNetworkFault(given: Readonly<Record<string, unknown>>): NetworkFault {
  for (const [name, value] of Object.entries(given)) {
    if (name === 'cut' && typeof value === 'boolean') continue
    const max = Object.hasOwn(LIMITS, name) ? LIMITS[name as keyof typeof LIMITS] : undefined
    if (max === undefined) throw new RequestError(400, `${name}: drop, repeat, delayMs or cut is needed`)
    if (!(typeof value === 'number' && value >= 0 && value <= max)) {
      throw new RequestError(400, `${name}: a number from 0 to ${max} is needed`)
    }
  }
  return given
}
