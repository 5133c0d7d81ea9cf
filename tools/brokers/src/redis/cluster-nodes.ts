import { withRedisClient } from './with-client.ts'

/** One line of what a node says of its cluster. */
export interface ClusterNode {
  readonly id: string
  readonly port: number
  readonly flags: ReadonlySet<string>
  /** The id of its master; `undefined` for a master. */
  readonly masterId: string | undefined
  /** First and last of each range. */
  readonly slots: readonly (readonly [first: number, last: number])[]
}

/** What a node says of its cluster. */
export async function readClusterNodes(url: string): Promise<ClusterNode[]> {
  const text = await withRedisClient(url, (client) => client.cluster('NODES'))
  return `${text}`.trim().split('\n').map(parseNode)
}

/** `id ip:port@busPort,host flags masterId pingSent pongReceived configEpoch linkState slot slot …` */
function parseNode(line: string): ClusterNode {
  const [id = '', address = '', flags = '', masterId, , , , , ...slots] = line.split(' ')
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    flags: new Set(flags.split(',')),
    masterId: masterId === '-' ? undefined : masterId,
    slots: slots
      // `[slot->-id]` and `[slot-<-id]` are slots on the move.
      .filter((range) => !range.startsWith('['))
      .map((range) => {
        const [first, last] = range.split('-')
        return [Number(first), Number(last ?? first)]
      }),
  }
}

/** Does a line say that its node serves the slot? */
export function servesSlot({ slots }: ClusterNode, slot: number): boolean {
  return slots.some(([first, last]) => first <= slot && slot <= last)
}
