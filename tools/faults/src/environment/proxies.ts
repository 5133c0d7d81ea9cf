import { startProxy, type TcpProxy } from '@sync/brokers'
import type { Fault, FaultKind } from '../schedule/schedule.ts'
import type { UndoFault } from './environment.ts'

/** Where nobody asks for anything there is no reply to lose. */
const MAX_WAIT_MS = 6_000

/** The proxies before the brokers, by name. */
export class Proxies implements AsyncDisposable {
  readonly #proxies = new Map<string, TcpProxy>()

  /** A line of that name to a server. Answers its URL. */
  async add(name: string, target: string): Promise<string> {
    return this.adopt(name, await startProxy({ target }))
  }

  /** A line whose proxy is there already. */
  adopt(name: string, proxy: TcpProxy): string {
    this.#proxies.set(name, proxy)
    return proxy.url
  }

  /** What can be done to them. */
  get faultKinds(): readonly FaultKind[] {
    const targets = [...this.#proxies.keys()]
    // who only listens asks for nothing
    const requesting = targets.filter((name) => /^writer.*store$|^all/.test(name))
    return [
      { kind: 'line delayed', targets, durationMs: [1_000, 4_000] },
      { kind: 'line cut', targets, durationMs: [0, 0] },
      { kind: 'line refused', targets, durationMs: [200, 4_000] },
      { kind: 'line half-open', targets, durationMs: [500, 6_000] },
      { kind: 'reply lost', targets: requesting, durationMs: [0, 0] },
    ]
  }

  /** Does it. `undefined`: nothing came of it. */
  async inject({ kind, target, strength }: Fault): Promise<UndoFault | undefined> {
    const proxy = this.#proxies.get(target)
    if (!proxy) throw new Error(`there is no ${target}`)
    const heal = (): Promise<void> => proxy.heal()
    switch (kind) {
      case 'line delayed':
        proxy.delay(20 + Math.round(strength * 280))
        return heal
      case 'line cut':
        proxy.resetAll()
        return heal
      case 'line refused':
        await proxy.refuse()
        return heal
      case 'line half-open':
        proxy.blackhole()
        return heal
      case 'reply lost':
        return (await loseReply(proxy)) ? heal : undefined
      default:
        throw new Error(`nobody knows how to do "${kind}"`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()))
  }
}

/** Answers whether there was one. */
async function loseReply(proxy: TcpProxy): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), MAX_WAIT_MS)
  const lost = await Promise.race([proxy.loseReply().then(() => true), late])
  clearTimeout(timer)
  // a trap that is still set is taken away
  void proxy.loseReply({ when: () => false })
  return lost
}
