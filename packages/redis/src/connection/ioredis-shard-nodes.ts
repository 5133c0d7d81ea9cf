import { type IoredisClient, ownBehaviour } from './ioredis.ts'
import type { NodeAddress, ShardLine, ShardLineEvents, ShardNodes } from './shard-lines.ts'

/** The nodes of a cluster over ioredis. `masters`: clients of those that have slots now, of which lines of their own are made. */
export class IoredisShardNodes implements ShardNodes {
  readonly #masters: () => Promise<readonly IoredisClient[]>
  readonly #timeout: number
  #like: IoredisClient | undefined

  constructor(masters: () => Promise<readonly IoredisClient[]>, { timeout }: { readonly timeout: number }) {
    this.#masters = masters
    this.#timeout = timeout
  }

  async masters(): Promise<readonly NodeAddress[]> {
    const masters = await this.#masters()
    this.#like = masters[0] ?? this.#like
    return masters.map(({ options: { host = 'localhost', port = 6379 } }) => ({ host, port }))
  }

  open({ host, port }: NodeAddress, { message, lost }: ShardLineEvents): ShardLine {
    if (!this.#like) throw new Error('no node of the cluster is known')
    const client = this.#like.duplicate({
      ...ownBehaviour(this.#timeout),
      // a node that does not answer the heartbeat is frozen, or out of reach
      socketTimeout: this.#timeout,
      host,
      port,
      lazyConnect: false,
      enableOfflineQueue: true,
      enableReadyCheck: false,
      readOnly: false,
      // another line takes its place
      retryStrategy: null,
    })
    client.on('smessage', message)
    client.on('error', () => {})
    client.on('close', lost)
    // the node has given a slot away, and ended its channels
    client.on('moved', lost)
    return {
      call: (name, ...args) => client.call(name, args),
      // in capitals: ioredis would tell of a refused `ssubscribe` as of a slot that was given away
      subscribe: (channel) => client.call('SSUBSCRIBE', [channel]),
      unsubscribe: (channel) => client.call('SUNSUBSCRIBE', [channel]),
      close: () => client.disconnect(),
    }
  }
}
