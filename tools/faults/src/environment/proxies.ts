import { startProxy, type TcpProxy } from '@sync/brokers'
import type { Fault, FaultKind } from '../schedule/schedule.ts'
import type { UndoFault } from './environment.ts'

/** Maximum time to wait for a reply that can be dropped. An idle connection has none. */
const MAX_WAIT_MS = 6_000

/** The proxies in front of the brokers, by name. */
export class Proxies implements AsyncDisposable {
  readonly #proxies = new Map<string, TcpProxy>()

  /** Starts a proxy in front of a server. Returns the proxy's URL. */
  async add(name: string, target: string): Promise<string> {
    return this.adopt(name, await startProxy({ target }))
  }

  /** Adds a running proxy. Returns its URL. */
  adopt(name: string, proxy: TcpProxy): string {
    this.#proxies.set(name, proxy)
    return proxy.url
  }

  /** Faults that the proxies can inject. */
  get faultKinds(): readonly FaultKind[] {
    const targets = [...this.#proxies.keys()]
    // connections that only receive messages have no replies to lose
    const requesting = targets.filter((name) => /^writer.*store$|^all/.test(name))
    return [
      { kind: 'line delayed', targets, durationMs: [1_000, 4_000] },
      { kind: 'line cut', targets, durationMs: [0, 0] },
      { kind: 'line refused', targets, durationMs: [200, 4_000] },
      { kind: 'line half-open', targets, durationMs: [500, 6_000] },
      { kind: 'reply lost', targets: requesting, durationMs: [0, 0] },
    ]
  }

  /** Injects a fault and returns a function that ends it. Returns `undefined` if there was no reply to drop. */
  async inject({ kind, target, strength }: Fault): Promise<UndoFault | undefined> {
    const proxy = this.#proxies.get(target)
    if (!proxy) throw new Error(`expected one of ${[...this.#proxies.keys()].join(', ')}, got "${target}"`)
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
        throw new Error(`expected a fault of a proxy, got "${kind}"`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()))
  }
}

/** Drops the next reply. Returns false if none arrived in time. */
async function loseReply(proxy: TcpProxy): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), MAX_WAIT_MS)
  const lost = await Promise.race([proxy.loseReply().then(() => true), timeout])
  clearTimeout(timer)
  // replaces a trap that was not triggered by one that never triggers
  void proxy.loseReply({ when: () => false })
  return lost
}
