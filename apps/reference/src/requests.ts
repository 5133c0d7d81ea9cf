import { editRequests } from './edit-requests.ts'
import type { Request } from './request.ts'
import { RequestError } from './request-error.ts'
import type { Disturbance } from './services/disturbance.ts'

/** What the page can ask for, by path. */
export const requests: ReadonlyMap<string, Request> = new Map<string, Request>([
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
    (system, { instance, ...disturbance }) => {
      const wanted = disturbanceOf(disturbance)
      return system.ask(async ({ replicas }) => {
        const meant = replicas.filter(({ name }) => instance === 'all' || instance === name)
        if (meant.length === 0) throw new RequestError(400, 'instance: the name of a replica or "all" is needed')
        await Promise.all(meant.map((replica) => system.disturb(replica, wanted)))
        return { disturbed: meant.map(({ name }) => name) }
      })
    },
  ],
  [
    '/kill',
    async (system, { server }) => {
      await system.kill(nameIn('server', server))
      return { killed: server }
    },
  ],
  ['/lose-tail', async (system) => ({ lost: await system.loseTail() })],
  ['/flood', async (system) => ({ commits: await system.flood() })],
  ['/move-bus', (system, { to }) => system.moveBus(nameIn('to', to))],
  ['/move-store', (system, { to }) => system.moveStore(nameIn('to', to))],
])

function nameIn(what: string, given: unknown): string {
  if (typeof given === 'string') return given
  throw new RequestError(400, `${what}: a name is needed`)
}

const LIMITS = { drop: 1, repeat: 1, delayMs: 10_000 } as const

function disturbanceOf(given: Readonly<Record<string, unknown>>): Disturbance {
  for (const [name, value] of Object.entries(given)) {
    if (name === 'cut' && typeof value === 'boolean') continue
    const most = Object.hasOwn(LIMITS, name) ? LIMITS[name as keyof typeof LIMITS] : undefined
    if (most === undefined) throw new RequestError(400, `${name}: drop, repeat, delayMs or cut is needed`)
    if (!(typeof value === 'number' && value >= 0 && value <= most)) {
      throw new RequestError(400, `${name}: a number from 0 to ${most} is needed`)
    }
  }
  return given
}
